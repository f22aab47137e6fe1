namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// The measurement of telemetry at a part of a tensor.
[<RequireQualifiedAccess; Struct>]
type internal Probe =
    | Nothing
    /// The part is the first rule, after other parts: its input is measured.
    | EntersRule
    /// The part limits the gradient before the first rule: its changes are counted. Such parts of a tensor have the numbers 0, 1, ...
    | Clips of number: int

/// The gradient that enters the first rule of a tensor.
[<RequireQualifiedAccess; Struct>]
type internal RuleInput =
    /// The rule is the first part.
    | Gradient
    /// Other parts precede it.
    | Measured
    /// There is no rule, so the gradient passes all parts.
    | Update

/// Consecutive parts of one tensor that run in one pass over memory.
[<Sealed>]
type internal Segment
    (
        isFirst: bool,
        head: PartNode voption,
        headIndex: int,
        headProbe: Probe,
        parts: (struct (PartNode * int)) array,
        probes: Probe array,
        waiting: (struct (PartNode * int)) voption,
        readsBuffer: bool,
        entersRule: bool
    ) =
    /// True for the first segment of a tensor.
    member _.IsFirst = isFirst
    /// The part that transforms the whole tensor, before the others.
    member _.Head = head
    /// The index of the tensor in the head.
    member _.HeadIndex = headIndex
    /// The measurement at the head.
    member _.HeadProbe = headProbe
    /// The parts that run over each block in order, each with the index of the tensor in that part.
    member _.Parts = parts
    /// The measurement at each part.
    member _.Probes = probes
    /// True if the head of the next segment is the first rule, after other parts.
    member _.EntersRule = entersRule
    /// The part that reduces the result of each block and decides before the next segment; none after the last segment.
    member _.Waiting = waiting
    /// True if every element is computed independently of the others, so that threads can share the blocks.
    member val IsElementwise = waiting.IsNone && parts |> Array.forall (fun (struct (node, _)) -> not node.Reduces)
    /// True if the segment reads the buffer of the previous segment, false if it reads the gradient.
    member _.ReadsBuffer = readsBuffer

/// The plan of a step over a layout: the parts, their places in the state, and the segments of each tensor. It does not change, so states
/// share it.
[<Sealed>]
type internal Plan(optimizer: Optimizer, layout: Layout, alignment: int, mayMerge: bool) =

    static let rec hasGroups (optimizer: Optimizer) =
        match optimizer.Tree with
        | OptimizerTree.Single _ -> false
        | OptimizerTree.Chain parts -> List.exists hasGroups parts
        | OptimizerTree.Groups _ -> true

    // If no part depends on the borders of tensors, all elements form one tensor.
    let isMerged =
        mayMerge
        && layout.Parameters.Count > 0
        && not (hasGroups optimizer)
        && optimizer.Singles
           |> List.forall (fun (_, part, _) ->
               match part with
               | :? IReducingRule
               | :? ICompositeRule
               | :? ITensorRule -> false
               | :? IPreparingRule as rule -> (rule.Scalars 1).Count = (rule.Scalars 2).Count
               | _ -> true)

    let tensors =
        if isMerged then [| Parameter.Of("", [ layout.Length ], 0) |] else Seq.toArray layout.Parameters

    let nodes = List<PartNode>()
    let shapedParts = List<struct (IShapedPart * int array)>()
    let programs = tensors |> Array.map (fun _ -> List<struct (PartNode * int)>())

    // The gates before each tensor's current place. If one of them closes, the later parts skip the step.
    let gates = tensors |> Array.map (fun _ -> List<PartNode>())

    /// A part counts steps for all its tensors, so none of them may skip a step alone.
    let checkGates (part: IPart) (kind: RuleKind) (indices: int array) : unit =
        if part.Slots.Count > 0 then
            for k in indices do
                if not (Seq.toList gates[k] = Seq.toList gates[indices[0]]) then
                    let gate = Seq.append gates[k] gates[indices[0]] |> Seq.last

                    raise (
                        ArgumentException(
                            $"{gate.Kind.Name} lets some tensors skip steps, and {kind.Name} after it would count those steps. "
                            + $"Write {kind.Name} inside each group.",
                            nameof optimizer
                        )
                    )

    /// True if an optimizer starts with a freeze, on or off.
    let beginsWithFreeze (optimizer: Optimizer) =
        match optimizer.Singles with
        | (_, part, _) :: _ -> part :? Freeze
        | [] -> false

    // The nearest rule before each tensor's current place.
    let rulesBefore: PartNode voption array = Array.create tensors.Length ValueNone

    /// Links a part after a rule with the rule whose learning rate or gradient it reads.
    let link (node: PartNode) (part: IPart) (indices: int array) : unit =
        let rule = if indices.Length > 0 then rulesBefore[indices[0]] else ValueNone

        let mayReadRate, readsRate =
            match part with
            | :? IRateReader as reader -> true, reader.ReadsRate
            | _ -> false, false

        if mayReadRate || node.ReadsGradient then
            let differs k =
                if mayReadRate then
                    not (obj.ReferenceEquals(ValueOption.toObj rulesBefore[k], ValueOption.toObj rule))
                else
                    rulesBefore[k].IsSome <> rule.IsSome

            match indices |> Array.tryFind differs with
            | Some _ when not (readsRate || node.ReadsGradient) -> ()
            | Some k ->
                let what = if mayReadRate then "learning rate" else "gradient"

                raise (
                    ArgumentException(
                        $"{node.Kind.Name} uses the {what} of the rule before it, but {Quotation.quote tensors[indices[0]].Name} and {Quotation.quote tensors[k].Name} have different rules. "
                        + $"Write {node.Kind.Name} inside each group.",
                        nameof optimizer
                    )
                )
            | None ->
                node.RateSource <- rule
                node.FollowsRule <- rule.IsSome

                if node.ReadsGradient then
                    for k in indices do
                        ValueOption.iter (fun (rule: PartNode) -> rule.KeepsGradient <- true) rulesBefore[k]

    let describe (indices: int seq) = indices |> Seq.map (fun k -> Quotation.quote tensors[k].Name) |> Quotation.list

    let rec place (path: string) (optimizer: Optimizer) (indices: int array) : unit =
        match optimizer.Tree with
        | OptimizerTree.Single(kind, part, scheduled) ->
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
                link node (Scheduled.within part scheduled) indices

                if kind.IsRule && i = 0 then
                    for k in indices do
                        rulesBefore[k] <- ValueSome node

                match part with
                | :? IGate -> indices |> Array.iter (fun k -> gates[k].Add node)
                | _ -> ()

                indices |> Array.iteri (fun i k -> programs[k].Add(struct (node, i)))
        | OptimizerTree.Chain parts -> parts |> List.iteri (fun i part -> place (PartPath.ofPart path i part) part indices)
        | OptimizerTree.Groups groups ->
            let matching =
                indices
                |> Array.groupBy (fun k ->
                    groups |> List.tryFindIndex (fun group -> ParameterGroup.Matches(group.Pattern, tensors[k].Name)))

            match matching |> Array.tryFind (fst >> Option.isNone) with
            | Some(_, left) ->
                raise (
                    ArgumentException(
                        $"No group of {Quotation.shorten (string optimizer)} matches {describe left}. Add a last group \"*\" for all other tensors.",
                        nameof optimizer
                    )
                )
            | None -> ()

            groups
            |> List.iteri (fun i group ->
                let pattern = group.Pattern

                match matching |> Array.tryFind (fun (matched, _) -> matched = Some i) with
                | Some(_, indices) -> place (PartPath.ofGroup path pattern) group.Optimizer indices
                | None when group.IsOptional || (pattern = "*" && i = groups.Length - 1) -> ()
                // Frozen patterns can overlap: narrower ones before this one can match all of its tensors.
                | None when
                    beginsWithFreeze group.Optimizer
                    && (let matched = indices |> Array.filter (fun k -> ParameterGroup.Matches(pattern, tensors[k].Name))

                        let isInFront (other: ParameterGroup) =
                            matched |> Array.exists (fun k -> ParameterGroup.Matches(other.Pattern, tensors[k].Name))

                        matched.Length > 0
                        && List.take i groups
                           |> List.filter isInFront
                           |> List.forall (fun other -> beginsWithFreeze other.Optimizer))
                    ->
                    ()
                // Within a group, earlier groups can match all tensors of a pattern. A pattern that matches no name at all is a mistake.
                | None when
                    indices.Length < tensors.Length
                    && tensors |> Array.exists (fun tensor -> ParameterGroup.Matches(pattern, tensor.Name))
                    ->
                    ()
                | None ->
                    let shown = Quotation.shorten pattern

                    let reason =
                        if tensors |> Array.forall (fun tensor -> tensor.Name = "") then
                            $"The group \"{shown}\" matches no tensor: the parameters have no names. Create the state for a layout of named tensors."
                        else
                            $"The group \"{shown}\" matches no tensor that earlier groups left: there are {describe indices}. "
                            + $"Correct the pattern, or mark the group optional: \"{shown}\"?: ..."

                    raise (ArgumentException(reason, nameof optimizer)))

    do place "" optimizer (Array.init tensors.Length id)

    let freezes =
        [| for program in programs ->
               [ for struct (node, _) in program do
                     match node.First with
                     | :? Freeze -> node
                     | _ -> () ] |]

    // A part counts steps for all its tensors, so they must freeze together.
    do
        for node in nodes do
            if node.KeepsByTensor then
                match node.Tensors |> Array.tryFind (fun k -> freezes[k] <> freezes[node.Tensors[0]]) with
                | Some k ->
                    raise (
                        ArgumentException(
                            $"{node.Kind.Name} keeps state for {describe [ node.Tensors[0]; k ]}, and only one of them freezes. "
                            + $"Write {node.Kind.Name} inside each group.",
                            nameof optimizer
                        )
                    )
                | None -> ()

    // A frozen tensor belongs to no part, so no norm, sum, check or average includes it.
    let isFrozen =
        freezes
        |> Array.map (
            List.exists (fun node ->
                match node.First with
                | :? Freeze as freeze -> freeze.On
                | _ -> false)
        )

    do
        for struct (shaped, indices) in shapedParts do
            for k in indices do
                let problem = if isFrozen[k] then "" else shaped.ShapeProblem tensors[k]

                if problem <> "" then
                    raise (ArgumentException(problem, nameof layout))

    do
        if Array.contains true isFrozen then
            for program in programs do
                program.Clear()

            // The parts of a tensor are in the order of the nodes. The tensors of a part with slots are all frozen or all active,
            // so only parts without slots renumber their tensors.
            for node in nodes do
                let active = node.Tensors |> Array.filter (fun k -> not isFrozen[k])
                node.ActiveCount <- active.Length
                active |> Array.iteri (fun index k -> programs[k].Add(struct (node, index)))

    let mutable slots = 0
    let mutable scalars = 0

    do
        for i in 0 .. nodes.Count - 1 do
            let node = nodes[i]
            node.Index <- i
            node.Stride <- (node.Length + alignment - 1) / alignment * alignment
            node.SlotBase <- slots
            slots <- Checked.(+) slots (Checked.(*) node.Stride node.SlotCount)
            let previous = if i = 0 then ValueNone else ValueSome nodes[i - 1]
            scalars <- scalars + node.PlaceScalars(scalars, previous)

    // A full name is a path and a name, joined by points. Patterns and custom names can contain points, so two full names can be equal.
    do
        for names in
            [ [ for node in nodes do
                    for slot in node.SlotNames -> node.Name slot, node ]
              [ for node in nodes do
                    for number in node.ScalarNames -> node.Name number, node ] ] do
            match names |> List.groupBy fst |> List.tryFind (fun (_, all) -> all.Length > 1) with
            | Some(name, (_, first) :: (_, second) :: _) ->
                raise (
                    ArgumentException(
                        $"{first.Kind.Name} at {Quotation.quote first.Path} and {second.Kind.Name} at {Quotation.quote second.Path} would both keep {Quotation.quote name} in the state. "
                        + "Change one of the patterns.",
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
        let probes = List<Probe>()
        let mutable headProbe = Probe.Nothing
        let mutable hasRule = false
        let mutable clips = 0

        let probeOf (node: PartNode) (isFirst: bool) : Probe =
            if hasRule then
                Probe.Nothing
            elif node.Kind.IsRule then
                hasRule <- true
                if isFirst then Probe.Nothing else Probe.EntersRule
            elif node.Kind.Has Trait.Clips then
                clips <- clips + 1
                Probe.Clips(clips - 1)
            else
                Probe.Nothing

        let close waiting entersRule =
            segments.Add(
                Segment(
                    (segments.Count = 0),
                    head,
                    headIndex,
                    headProbe,
                    parts.ToArray(),
                    probes.ToArray(),
                    waiting,
                    readsBuffer,
                    entersRule
                )
            )

            readsBuffer <- readsBuffer || head.IsSome || parts.Count > 0
            head <- ValueNone
            headProbe <- Probe.Nothing
            parts.Clear()
            probes.Clear()
            isEmpty <- true

        for i in 0 .. program.Count - 1 do
            let struct (node, index) = program[i]
            let probe = probeOf node (i = 0)

            match node.First with
            | :? ITensorRule ->
                if not isEmpty then
                    close ValueNone (probe = Probe.EntersRule)

                head <- ValueSome node
                headIndex <- index
                headProbe <- probe
            | first ->
                match first with
                | :? IReducingRule as rule when rule.Waits -> close (ValueSome program[i]) false
                | _ -> ()

                parts.Add program[i]
                probes.Add probe

            isEmpty <- false

        // A frozen tensor has no segments.
        if program.Count > 0 then
            close ValueNone false

        segments.ToArray()

    let segments = programs |> Array.map segmentsOf
    let parts = programs |> Array.map _.ToArray()

    let ruleInputs =
        [| for program in programs ->
               match program |> Seq.tryFindIndex (fun (struct (node, _)) -> node.Kind.IsRule) with
               | Some 0 -> RuleInput.Gradient
               | Some _ -> RuleInput.Measured
               | None -> RuleInput.Update |]

    let separate = lazy (Plan(optimizer, layout, alignment, false))

    // Merging changes neither the signature nor the places in the state.
    let namesOfTensors (node: PartNode) =
        if node.Tensors.Length = tensors.Length then "all" else String.Join(',', node.Tensors)

    member _.Optimizer = optimizer

    /// True if every step writes Δ of every element: no tensor is frozen, and no gate can skip a step.
    member val WritesEveryElement = not (Array.contains true isFrozen) && nodes |> Seq.forall (fun node -> node.Gate.IsNone)

    /// The plan whose tensors are those of the layout, for steps in which tensors have their own memory or their own counts.
    member plan.Separate: Plan = if isMerged then separate.Value else plan

    member _.Tensors = tensors
    member val Nodes = nodes.ToArray()
    member _.SlotLength = slots
    member _.ScalarLength = scalars
    member _.SegmentsOf(tensor: int) = segments[tensor]
    /// Returns the parts of a tensor.
    member _.PartsOf(tensor: int) = parts[tensor]
    /// Returns the source of the gradient that enters the first rule of a tensor.
    member _.RuleInputOf(tensor: int) = ruleInputs[tensor]

    /// The frame of a step that has ended, for reuse; null while a step uses it, and before the first step.
    [<DefaultValue>]
    val mutable internal Spare: obj | null

    /// If the signatures of two optimizers are equal, a state of one can continue with the other.
    member val Signature =
        [ for node in nodes do
              $"{node.Path}:{node.Kind.Name}({String.Join(',', node.SlotNames)};{node.ScalarNames.Length};{namesOfTensors node}){OwnRules.identity node.Kind}" ]
