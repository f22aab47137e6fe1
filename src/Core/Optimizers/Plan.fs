namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.IO.Enumeration
open CuteDl.Core.Optimizers

/// A part at its place in an optimizer: what it remembers, and how far it is in the step at hand.
[<Sealed>]
type internal PartNode
    (
        path: string,
        kind: RuleKind,
        whole: IPart,
        componentIndex: int,
        scheduled: (Argument * Setting) list,
        tensors: int array,
        lengths: int array
    ) =
    // The part itself, or one of those that it is made of.
    let select (part: IPart) =
        match part with
        | :? ICompositeRule as composite -> composite.Parts[componentIndex]
        | _ -> part

    let part = select (if scheduled.IsEmpty then whole else Scheduled.within whole scheduled)

    let preparing =
        match part with
        | :? IPreparingRule as rule -> ValueSome rule
        | _ -> ValueNone

    let observing =
        match part with
        | :? IObservingRule as rule -> ValueSome rule
        | _ -> ValueNone

    let ownMemory =
        match preparing with
        | ValueSome rule -> Seq.toList (rule.Memory tensors.Length)
        | ValueNone -> []

    // Of the parts of a composite the first one observes losses.
    let plateaus =
        [ for argument, setting in scheduled do
              match setting with
              | Setting.Plateau plateau -> argument, plateau
              | Setting.Schedule _ -> () ]

    // All are 0 at first: a loss counts as best once there was any.
    let plateauNumbers = [ "losses"; "best"; "waited"; "cooldown"; "reductions" ]

    let memoryNames =
        ownMemory
        @ [ for argument, _ in plateaus do
                for number in plateauNumbers -> $"{argument.Name}.{number}" ]

    let placeOfPlateau (index: int) = ownMemory.Length + index * plateauNumbers.Length

    let readPlateau (memory: float array) (at: int) : PlateauState =
        if memory[at] = 0.0 then
            Plateau.initial
        else
            { Best = memory[at + 1]
              Waited = int64 memory[at + 2]
              CooldownLeft = int64 memory[at + 3]
              Reductions = int64 memory[at + 4] }

    let gate =
        match part with
        | :? IGate as gate -> ValueSome gate
        | _ -> ValueNone

    // Where each of its tensors begins among its own elements.
    let starts = Array.scan (+) 0 lengths

    member _.Path = path
    member _.Kind = kind
    member _.Tensors = tensors
    member val SlotNames = Seq.toList part.Slots
    member val SlotCount = part.Slots.Count
    member _.MemoryNames = memoryNames
    member _.Length = Array.last starts
    member _.Start(indexAmongTensors: int) = starts[indexAmongTensors]
    member _.First = part

    /// The name of a slot or a number in the whole optimizer.
    member _.Name(name: string) = if path = "" then name else $"{path}.{name}"

    // Places in the state, given when all parts are known.
    member val SlotBase = 0 with get, set
    member val Stride = 0 with get, set
    member val MemoryBase = 0 with get, set
    member val Index = 0 with get, set

    // In the step at hand.
    member val Part: IPart = part with get, set
    member node.NeedsParametersNow: bool = node.Part.NeedsParameters
    member val Rule: IRule | null = null with get, set
    member val Preparing: IPreparingRule | null = null with get, set
    member val Observing: IObservingRule | null = null with get, set
    member val Step = 0L with get, set
    member val HasBegun = false with get, set
    /// Whether any of its tensors came to it: it may have begun, and a gate in front of it that looks first was then closed.
    member val IsReached = false with get, set
    member val IsOpen = true with get, set
    member val IsDecided = false with get, set
    member val Observed = 0 with get, set

    /// What it has seen and decided; without sums and numbers, if it does not look.
    member val Decision =
        match observing, preparing with
        | ValueSome rule, _ -> Decision(rule.Sums, rule.Numbers, tensors.Length)
        | _, ValueSome rule -> Decision(0, rule.Numbers, tensors.Length)
        | _ -> Decision(0, 0, tensors.Length)

    /// Whether it looks at each block before its law runs over it, for the next step.
    member val Looks =
        match observing with
        | ValueSome rule -> not rule.Waits
        | ValueNone -> false

    /// Takes a validation loss into the plateaus' numbers.
    member node.Observe(memory: float array, loss: float) : unit =
        for i, (_, plateau) in List.indexed plateaus do
            let at = node.MemoryBase + placeOfPlateau i
            let next = Plateau.observe plateau (readPlateau memory at) loss
            memory[at] <- memory[at] + 1.0
            memory[at + 1] <- next.Best
            memory[at + 2] <- float next.Waited
            memory[at + 3] <- float next.CooldownLeft
            memory[at + 4] <- float next.Reductions

    /// Whether it may throw when it decides.
    member node.MayThrow =
        match gate with
        | ValueSome gate when node.HasBegun -> gate.MayThrow node.Decision
        | _ -> false

    /// Takes the hyper-parameters of a step, counted from 1.
    member node.Begin(step: int64, memory: float array) : unit =
        node.Step <- step
        let mutable current = whole
        let mutable plateausSoFar = 0

        for argument, setting in scheduled do
            let value =
                match setting with
                | Setting.Schedule schedule -> Schedule.at schedule (step - 1L)
                | Setting.Plateau plateau ->
                    let at = node.MemoryBase + placeOfPlateau plateausSoFar
                    plateausSoFar <- plateausSoFar + 1
                    Plateau.value plateau (readPlateau memory at)

            if not (argument.Allows value) then
                raise (
                    ArgumentOutOfRangeException(
                        argument.Name,
                        value,
                        $"{argument.Name} of {kind.Name} follows {setting}, which gives this at step {step - 1L}; {argument.Allowed} is allowed."
                    )
                )

            current <- argument.Set(current, value)

        match current with
        | :? ICheckedPart as part when not scheduled.IsEmpty && part.Problem <> "" ->
            raise (ArgumentException($"{kind.Name}, by its schedules at step {step - 1L}: {part.Problem}", kind.Name))
        | _ -> ()

        // Unless scheduled, it is the same as ever.
        let current = if scheduled.IsEmpty then part else select current
        node.Part <- current

        node.Rule <-
            (match current with
             | :? IRule as rule -> rule
             | _ -> null
            : IRule | null)

        node.Preparing <-
            (match current with
             | :? IPreparingRule as rule -> rule
             | _ -> null
            : IPreparingRule | null)

        node.Observing <-
            (match current with
             | :? IObservingRule as rule -> rule
             | _ -> null
            : IObservingRule | null)

/// Consecutive parts of one tensor that run in one sweep over memory.
[<Sealed>]
type internal Segment
    (
        head: PartNode voption,
        headIndex: int,
        parts: (struct (PartNode * int)) array,
        observer: (struct (PartNode * int)) voption,
        readsBuffer: bool
    ) =
    /// Works on the whole tensor, before the others.
    member _.Head = head
    /// Which of the head's tensors this is.
    member _.HeadIndex = headIndex
    /// One after another over each block, each with which of its tensors this is.
    member _.Parts = parts
    /// Looks at what the parts made of a block, and decides before the next segment begins; none behind the last segment.
    member _.Observer = observer
    /// Whether the segment begins with what one before it has left in the buffer, or with the gradient.
    member _.ReadsBuffer = readsBuffer

/// How an optimizer steps over a layout: its parts, what each remembers and where, and the segments of each tensor.
[<Sealed>]
type internal Plan(optimizer: Optimizer, layout: Layout, alignment: int) =

    static let rec hasGroups (optimizer: Optimizer) =
        match optimizer.Shape with
        | Shape.Single _ -> false
        | Shape.Chain parts -> List.exists hasGroups parts
        | Shape.Groups _ -> true

    // Where nothing depends on where tensors begin and end, all elements are one tensor.
    let isElementwise =
        not (hasGroups optimizer)
        && Singles.list optimizer
           |> List.forall (fun (_, part, _) ->
               match part with
               | :? IObservingRule
               | :? ICompositeRule
               | :? ITensorRule -> false
               | _ -> true)

    let tensors =
        if isElementwise then
            [| { Name = ""; Shape = [ layout.Length ]; Offset = 0 } |]
        else
            Seq.toArray layout.Parameters

    let nodes = List<PartNode>()
    let programs = tensors |> Array.map (fun _ -> List<struct (PartNode * int)>())

    let matches (pattern: string) (name: string) =
        if name = "" then
            // The only tensor of parameters that were given without names.
            pattern |> Seq.forall (fun character -> character = '*')
        else
            FileSystemName.MatchesSimpleExpression(pattern, name, false)

    // The gates that each tensor has passed: where one of them closes, the parts behind it rest.
    let gates = tensors |> Array.map (fun _ -> List<PartNode>())

    /// A part counts its steps for all its tensors: none of them may rest alone.
    let checkGates (part: IPart) (kind: RuleKind) (indices: int array) : unit =
        if part.Slots.Count > 0 then
            for k in indices do
                if not (Seq.toList gates[k] = Seq.toList gates[indices[0]]) then
                    let gate = Seq.append gates[k] gates[indices[0]] |> Seq.last

                    raise (
                        ArgumentException(
                            $"{gate.Kind.Name} lets some tensors rest alone, and {kind.Name} behind it would count steps that they have not "
                            + "taken: put it into the groups.",
                            nameof optimizer
                        )
                    )

    let describe (indices: int seq) = indices |> Seq.map (fun k -> $"'{tensors[k].Name}'") |> String.concat ", "

    let rec place (path: string) (optimizer: Optimizer) (indices: int array) : unit =
        match optimizer.Shape with
        | Shape.Single(kind, part, scheduled) ->
            let count =
                match part with
                | :? ICompositeRule as composite -> composite.Parts.Count
                | _ -> 1

            match part with
            | :? IShapedPart as shaped ->
                for k in indices do
                    let problem = shaped.ShapeProblem tensors[k]

                    if problem <> "" then
                        raise (ArgumentException(problem, nameof layout))
            | _ -> ()

            checkGates (Scheduled.within part scheduled) kind indices
            let lengths = indices |> Array.map (fun k -> tensors[k].Length)

            for i in 0 .. count - 1 do
                let node = PartNode(path, kind, part, i, scheduled, indices, lengths)
                nodes.Add node

                match part with
                | :? IGate -> indices |> Array.iter (fun k -> gates[k].Add node)
                | _ -> ()

                indices |> Array.iteri (fun i k -> programs[k].Add(struct (node, i)))
        | Shape.Chain parts ->
            parts
            |> List.iteri (fun i part ->
                let name =
                    match part.Shape with
                    | Shape.Single(kind, _, _) -> $"{i + 1}.{kind.Name}"
                    | _ -> $"{i + 1}"

                place (if path = "" then name else $"{path}.{name}") part indices)
        | Shape.Groups groups ->
            let matching =
                indices
                |> Array.groupBy (fun k -> groups |> List.tryFindIndex (fun (pattern, _) -> matches pattern tensors[k].Name))

            match matching |> Array.tryFind (fst >> Option.isNone) with
            | Some(_, left) ->
                raise (
                    ArgumentException(
                        $"no group of {optimizer} matches {describe left}; a last group \"*\" would take all that is left.",
                        nameof optimizer
                    )
                )
            | None -> ()

            groups
            |> List.iteri (fun i (pattern, part) ->
                match matching |> Array.tryFind (fun (group, _) -> group = Some i) with
                | Some(_, indices) -> place (if path = "" then pattern else $"{path}.{pattern}") part indices
                // Within a group, what others have taken may leave a pattern with nothing; one that no name matches is a mistake.
                | None when
                    indices.Length < tensors.Length
                    && tensors |> Array.exists (fun tensor -> matches pattern tensor.Name)
                    ->
                    ()
                | None ->
                    raise (
                        ArgumentException(
                            $"the group \"{pattern}\" takes no parameter: there are {describe indices}, and earlier groups come first.",
                            nameof optimizer
                        )
                    ))

    do place "" optimizer (Array.init tensors.Length id)

    let mutable slots = 0
    let mutable memory = 0

    do
        for i in 0 .. nodes.Count - 1 do
            let node = nodes[i]
            node.Index <- i
            node.Stride <- (node.Length + alignment - 1) / alignment * alignment
            node.SlotBase <- slots
            node.MemoryBase <- memory
            slots <- Checked.(+) slots (Checked.(*) node.Stride node.SlotCount)
            memory <- memory + node.MemoryNames.Length

    let segmentsOf (program: List<struct (PartNode * int)>) : Segment array =
        let segments = List<Segment>()
        let parts = List<struct (PartNode * int)>()
        let mutable head = ValueNone
        let mutable headIndex = 0
        let mutable readsBuffer = false
        let mutable isEmpty = true

        let close observer =
            segments.Add(Segment(head, headIndex, parts.ToArray(), observer, readsBuffer))
            readsBuffer <- readsBuffer || head.IsSome || parts.Count > 0
            head <- ValueNone
            parts.Clear()
            isEmpty <- true

        for struct (node, index) in program do
            match node.First with
            | :? ITensorRule ->
                if not isEmpty then
                    close ValueNone

                head <- ValueSome node
                headIndex <- index
            | :? IObservingRule as rule when rule.Waits ->
                close (ValueSome(struct (node, index)))
                parts.Add(struct (node, index))
            | _ -> parts.Add(struct (node, index))

            isEmpty <- false

        close ValueNone
        segments.ToArray()

    let segments = programs |> Array.map segmentsOf
    let parts = programs |> Array.map _.ToArray()

    member _.Optimizer = optimizer
    member _.Tensors = tensors
    member val Nodes = nodes.ToArray()
    member _.SlotLength = slots
    member _.MemoryLength = memory
    member _.SegmentsOf(tensor: int) = segments[tensor]
    /// The parts that a tensor goes through.
    member _.PartsOf(tensor: int) = parts[tensor]

    /// The segment that each tensor comes to next, in the step at hand.
    member val Progress: int array = Array.zeroCreate tensors.Length

    /// What a state must have in common with another optimizer's to go on with it.
    member val Signature =
        [ for node in nodes do
              $"{node.Path}:{node.Kind.Name}({String.Join(',', node.SlotNames)};{node.MemoryNames.Length};{String.Join(',', node.Tensors)})" ]
