namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.IO.Enumeration
open CuteDl.Core.Optimizers

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
    let shapedParts = List<struct (IShapedPart * int array)>()
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
                            $"{gate.Kind.Name} lets some tensors skip steps, and {kind.Name} behind it would count those steps. "
                            + $"Write {kind.Name} inside each group.",
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
            | :? IShapedPart as shaped -> shapedParts.Add(struct (shaped, indices))
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
                |> Array.groupBy (fun k -> groups |> List.tryFindIndex (fun group -> matches group.Pattern tensors[k].Name))

            match matching |> Array.tryFind (fst >> Option.isNone) with
            | Some(_, left) ->
                raise (
                    ArgumentException(
                        $"No group of {optimizer} matches {describe left}. Add a last group \"*\" for all other tensors.",
                        nameof optimizer
                    )
                )
            | None -> ()

            groups
            |> List.iteri (fun i group ->
                let pattern = group.Pattern

                match matching |> Array.tryFind (fun (matched, _) -> matched = Some i) with
                | Some(_, indices) -> place (if path = "" then pattern else $"{path}.{pattern}") group.Optimizer indices
                | None when group.IsOptional || (pattern = "*" && i = groups.Length - 1) -> ()
                // Within a group, other groups may have taken all tensors of a pattern; a pattern that no name matches is a mistake.
                | None when
                    indices.Length < tensors.Length
                    && tensors |> Array.exists (fun tensor -> matches pattern tensor.Name)
                    ->
                    ()
                | None ->
                    let reason =
                        if tensors |> Array.forall (fun tensor -> tensor.Name = "") then
                            $"The group \"{pattern}\" matches no tensor: the parameters have no names. Create the state for a layout of named tensors."
                        else
                            $"The group \"{pattern}\" matches no tensor that earlier groups left: there are {describe indices}. "
                            + $"Correct the pattern, or mark the group optional: \"{pattern}\"?: ..."

                    raise (ArgumentException(reason, nameof optimizer)))

    do place "" optimizer (Array.init tensors.Length id)

    let freezesOf (k: int) =
        [ for struct (node, _) in programs[k] do
              match node.First with
              | :? Freeze -> node
              | _ -> () ]

    // A part counts its steps for all its tensors: those that freeze must freeze together.
    do
        for node in nodes do
            if node.KeepsByTensor then
                match node.Tensors |> Array.tryFind (fun k -> freezesOf k <> freezesOf node.Tensors[0]) with
                | Some k ->
                    raise (
                        ArgumentException(
                            $"{node.Kind.Name} keeps state for {describe [ node.Tensors[0]; k ]}, and only one of them freezes. "
                            + $"Write {node.Kind.Name} inside each group.",
                            nameof optimizer
                        )
                    )
                | None -> ()

    // A frozen tensor enters no part, so that it counts in no norm, sum, check or average, wherever its freeze is written.
    let isFrozen =
        tensors
        |> Array.mapi (fun k _ ->
            freezesOf k
            |> List.exists (fun node ->
                match node.First with
                | :? Freeze as freeze -> freeze.On
                | _ -> false))

    do
        for struct (shaped, indices) in shapedParts do
            for k in indices do
                let problem = if isFrozen[k] then "" else shaped.ShapeProblem tensors[k]

                if problem <> "" then
                    raise (ArgumentException(problem, nameof layout))

    do
        for node in nodes do
            node.Activate(fun k -> not isFrozen[k])

        // The slots of a part with frozen tensors are all frozen or all active, so only parts without slots number their tensors anew.
        programs
        |> Array.iteri (fun k program ->
            let active =
                [ if not isFrozen[k] then
                      for struct (node, _) in program do
                          let index = node.Tensors |> Seq.filter (fun other -> not isFrozen[other]) |> Seq.findIndex ((=) k)
                          struct (node, index) ]

            program.Clear()
            program.AddRange active)

    let mutable slots = 0
    let mutable memory = 0

    do
        for i in 0 .. nodes.Count - 1 do
            let node = nodes[i]
            node.Index <- i
            node.Stride <- (node.Length + alignment - 1) / alignment * alignment
            node.SlotBase <- slots
            slots <- Checked.(+) slots (Checked.(*) node.Stride node.SlotCount)
            let previous = if i = 0 then ValueNone else ValueSome nodes[i - 1]
            memory <- memory + node.PlaceMemory(memory, previous)

    // A name is a path and a word with points between, and a pattern or a name of one's own may have points: two could come out the same.
    do
        for names in
            [ [ for node in nodes do
                    for slot in node.SlotNames -> node.Name slot, node ]
              [ for node in nodes do
                    for number in node.MemoryNames -> node.Name number, node ] ] do
            match names |> List.groupBy fst |> List.tryFind (fun (_, all) -> all.Length > 1) with
            | Some(name, (_, first) :: (_, second) :: _) ->
                raise (
                    ArgumentException(
                        $"{first.Kind.Name} at '{first.Path}' and {second.Kind.Name} at '{second.Path}' would both keep '{name}' in the state: "
                        + "write one of the patterns in another way.",
                        nameof optimizer
                    )
                )
            | _ -> ()

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

        // A frozen tensor has no segments.
        if program.Count > 0 then
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
