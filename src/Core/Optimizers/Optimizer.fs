namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.Numerics
open CuteDl.Core.Numerics

/// <summary>Making optimizers, and taking steps with them.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Optimizer =

    /// <summary>An optimizer of a kind of rule with the given hyper-parameters.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A value is out of its range; the message names it and the range.</exception>
    /// <exception cref="T:System.ArgumentException">Values do not fit together.</exception>
    let create (kind: RuleKind<'H>) (hyperParameters: 'H) = Optimizer(Shape.Single(kind.Kind, hyperParameters, []))

    /// <summary>Δ = α g.</summary>
    let fixedRate (h: Fixed) = create Rules.fixedRate h

    /// <summary>v ← γ v + α g; Δ = v.</summary>
    let momentum (h: Momentum) = create Rules.momentum h

    /// <summary>s ← s + g²; Δ = α g / (√s + ε).</summary>
    let adagrad (h: Adagrad) = create Rules.adagrad h

    /// <summary>s ← γ s + (1−γ) g²; Δ = α g / (√s + ε).</summary>
    let rmsProp (h: RmsProp) = create Rules.rmsProp h

    /// <summary>s ← γ s + (1−γ) g²; Δ = (√d + ε)/(√s + ε) g; d ← γ d + (1−γ) Δ².</summary>
    let adadelta (h: Adadelta) = create Rules.adadelta h

    /// <summary>v ← γ₁ v + (1−γ₁) g; s ← γ₂ s + (1−γ₂) g²; Δ = α v̂ / (√ŝ + ε).</summary>
    let adam (h: Adam) = create Rules.adam h

    /// <summary>A rule of one's own, under a name of its own: a value like any other, but not known to the text form.</summary>
    /// <param name="name">The name that its text form begins with.</param>
    /// <param name="rule">The rule.</param>
    let ofRule (name: string) (rule: IPart) : Optimizer =
        let page = RuleKind.pageWithout "a rule of one's own" "" "" []
        Optimizer(Shape.Single((RuleKind.define Role.Rule name page rule []).Kind, rule, []))

    /// <summary>Nothing: Δ = g. The neutral part of a chain.</summary>
    let identity = Optimizer(Shape.Single(Rules.identity.Kind, Identity(), []))

    /// <summary>One after another: what each would take away is the gradient of the next. Chains within are opened, identities left out.</summary>
    let chain (parts: Optimizer seq) : Optimizer =
        let rec flat (optimizer: Optimizer) =
            match optimizer.Shape with
            | Shape.Chain parts -> List.collect flat parts
            | Shape.Single(_, :? Identity, _) -> []
            | _ -> [ optimizer ]

        match parts |> Seq.toList |> List.collect flat with
        | [] -> identity
        | [ one ] -> one
        | parts -> Optimizer(Shape.Chain parts)

    /// <summary>An optimizer for each group of parameters: a tensor goes to the first pattern that its name matches.</summary>
    /// <exception cref="T:System.ArgumentException">There is no group, a pattern is given twice, or a group has a norm over all tensors.</exception>
    let groupsOf (groups: ParameterGroup seq) : Optimizer =
        let groups = Seq.toList groups

        if groups.IsEmpty then
            raise (ArgumentException("Groups need at least one pattern.", nameof groups))

        match groups |> List.countBy _.Pattern |> List.tryFind (fun (_, count) -> count > 1) with
        | Some(pattern, _) ->
            raise (ArgumentException($"The pattern \"{Quotation.shorten pattern}\" is given twice. Give each pattern once.", nameof groups))
        | None -> ()

        match
            groups
            |> List.tryFind (fun group -> Singles.list group.Optimizer |> List.exists (fun (_, part, _) -> part :? ClipGlobalNorm))
        with
        | Some group ->
            raise (
                ArgumentException(
                    $"clip_global_norm within the group \"{group.Pattern}\" would see that group alone. Put it in front of the groups.",
                    nameof groups
                )
            )
        | None -> ()

        Optimizer(Shape.Groups groups)

    /// <summary>
    /// An optimizer for each group of parameters. Each pattern must match a tensor; a last group <c>*</c> may be left with none.
    /// </summary>
    /// <param name="groups">Patterns, in which <c>*</c> stands for any characters and <c>?</c> for one, and their optimizers.</param>
    /// <exception cref="T:System.ArgumentException">As for <c>groupsOf</c>.</exception>
    let groups (groups: (string * Optimizer) seq) : Optimizer =
        groupsOf [ for pattern, optimizer in groups -> { Pattern = pattern; IsOptional = false; Optimizer = optimizer } ]

    let private changed (optimizer: Optimizer) (name: string) (change: Argument -> RuleKind * IPart * (Argument * Setting) list -> Shape) =
        let known =
            Singles.list optimizer
            |> List.collect (fun (kind, _, _) -> [ for argument in kind.Arguments -> argument.Name ])
            |> List.distinct

        if not (List.contains name known) then
            raise (
                ArgumentException(
                    $"{Quotation.shorten (string optimizer)} has no argument {Quotation.quote name}: {Suggestion.describe known name}",
                    nameof name
                )
            )

        optimizer
        |> Singles.map (fun (kind, part, scheduled) ->
            match kind.Arguments |> List.tryFind (fun argument -> argument.Name = name) with
            | Some argument -> change argument (kind, part, scheduled)
            | None -> Shape.Single(kind, part, scheduled))

    /// <summary>
    /// The same optimizer with a hyper-parameter changed, in every part that has it; its states go on with the new one. A schedule of it
    /// ends.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">No part has such an argument; the message lists those there are.</exception>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The value is out of its range.</exception>
    let set (name: string) (value: float) (optimizer: Optimizer) : Optimizer =
        changed optimizer name (fun argument (kind, part, scheduled) ->
            // Before it becomes a whole number or a flag.
            if not (argument.Allows value) then
                raise (argument.OutOfRange(kind.Name, value))

            let scheduled = scheduled |> List.filter (fun (other, _) -> other.Name <> name)
            Shape.Single(kind, argument.Set(part, value), scheduled))

    /// <summary>
    /// The same optimizer with a hyper-parameter that follows a schedule or a plateau, in every part that has it: a function of how many
    /// steps the part has taken, or of the losses that were reported.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">No part has such an argument, or it is a flag or a count.</exception>
    let follow (name: string) (setting: Setting) (optimizer: Optimizer) : Optimizer =
        let setting =
            match setting with
            | Setting.Schedule schedule -> Setting.Schedule(Schedule.validated schedule)
            | Setting.Plateau plateau -> Setting.Plateau(Plateau.validated plateau)

        changed optimizer name (fun argument (kind, part, scheduled) ->
            if argument.Form <> ValueForm.Number then
                raise (ArgumentException($"{name} of {kind.Name} is {argument.Allowed}: it cannot follow a schedule.", nameof name))

            let others = scheduled |> List.filter (fun (other, _) -> other.Name <> name)

            match setting with
            // It is written as a number, and is one.
            | Setting.Schedule(Schedule.Constant value) when argument.Allows value -> Shape.Single(kind, argument.Set(part, value), others)
            | Setting.Schedule(Schedule.Constant value) -> raise (argument.OutOfRange(kind.Name, value))
            | _ ->
                let all = (argument, setting) :: others
                // In the order of the text form.
                Shape.Single(
                    kind,
                    part,
                    [ for argument in kind.Arguments do
                          yield! all |> List.filter (fun (other, _) -> other.Name = argument.Name) ]
                ))

    /// <summary>The same optimizer with a hyper-parameter that follows a schedule, in every part that has it.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>follow</c>.</exception>
    let schedule (name: string) (schedule: Schedule) (optimizer: Optimizer) : Optimizer = follow name (Setting.Schedule schedule) optimizer

    /// <summary>The same optimizer with the hyper-parameters of every part of a kind changed; its states go on with the new ones.</summary>
    /// <exception cref="T:System.ArgumentException">No part is of that kind.</exception>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A value is out of its range.</exception>
    let update (kind: RuleKind<'H>) (change: 'H -> 'H) (optimizer: Optimizer) : Optimizer =
        let isOfKind (other: RuleKind) = obj.ReferenceEquals(other, kind.Kind)

        if not (Singles.list optimizer |> List.exists (fun (other, _, _) -> isOfKind other)) then
            raise (ArgumentException($"{optimizer} has no part {kind.Kind.Name}.", nameof kind))

        optimizer
        |> Singles.map (fun (other, part, scheduled) ->
            Shape.Single(other, (if isOfKind other then change (unbox<'H>(box part)) :> IPart else part), scheduled))

    /// <summary>Whether an optimizer fits a model's parameters, without making a state for them.</summary>
    /// <exception cref="T:System.ArgumentException">
    /// It does not: a tensor belongs to no group, a group has no tensor, a rule for matrices has something else, or a gate in a group
    /// (<c>accumulate</c>, <c>freeze</c>, <c>skip_non_finite</c>) lets some of the tensors rest whose steps a part behind it counts.
    /// </exception>
    let check (optimizer: Optimizer) (layout: Layout) : unit = State<float>.PlanOf(optimizer, layout) |> ignore

    /// <summary>The initial state (t = 0, all slots 0) for the parameters of a model.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>check</c>.</exception>
    let initFor<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (layout: Layout) : State<'T> =
        State<'T>.Zero(optimizer, layout)

    /// <summary>The initial state (t = 0, all slots 0) for so many parameters, taken as one tensor without a name.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The length is negative.</exception>
    let init<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (length: int) : State<'T> =
        initFor<'T> optimizer (Layout.Flat length)

    let private otherLength (name: string) (length: int) (expected: int) : unit =
        raise (ArgumentException($"{name} has {length} elements, the state {expected}: they must be equal.", name))

    /// The state's plan becomes that of the optimizer, if it is not yet.
    let private adopt (optimizer: Optimizer) (state: State<'T>) : unit =
        let plan = state.Plan

        if not (obj.ReferenceEquals(plan.Optimizer, optimizer)) then
            let next = State<'T>.PlanOf(optimizer, state.Layout)

            if next.Signature <> plan.Signature then
                let difference = State<'T>.Difference(plan, next)

                raise (
                    ArgumentException(
                        $"The state belongs to {Quotation.shorten (string plan.Optimizer)}, not to {Quotation.shorten (string optimizer)}: {difference}. "
                        + "Use a state that this optimizer has made.",
                        "state"
                    )
                )

            state.Plan <- next

    let private checkLength (state: State<'T>) (length: int) (name: string) =
        if length <> state.Length then
            otherLength name length state.Length

    let private pureStep (optimizer: Optimizer) (state: State<'T>) (parameters: ReadOnlySpan<'T>) (gradient: ReadOnlySpan<'T>) =
        checkLength state gradient.Length (nameof gradient)
        let next = state.Copy()
        adopt optimizer next
        let delta: 'T array = Array.zeroCreate gradient.Length
        Engine.run false next gradient parameters (Span delta) false
        struct (next, delta)

    /// <summary>The pure step: the next state and Δ, which the caller takes away from the parameters (w' = w − Δ).</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; it is not touched.</param>
    /// <param name="gradient">The gradient, as long as the state; it is not touched.</param>
    /// <exception cref="T:System.ArgumentException">
    /// The lengths differ, the state is another optimizer's, or the optimizer looks at the parameters: that is <c>stepAt</c>.
    /// </exception>
    let step (optimizer: Optimizer) (state: State<'T>) (gradient: ReadOnlySpan<'T>) : struct (State<'T> * 'T array) =
        pureStep optimizer state ReadOnlySpan<'T>.Empty gradient

    /// <summary>The pure step at given parameters, for optimizers that look at them (decay, trust ratios, averages).</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; it is not touched.</param>
    /// <param name="parameters">The parameters w, as long as the state; they are not touched.</param>
    /// <param name="gradient">The gradient, as long as the state; it is not touched.</param>
    /// <exception cref="T:System.ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    let stepAt
        (optimizer: Optimizer)
        (state: State<'T>)
        (parameters: ReadOnlySpan<'T>)
        (gradient: ReadOnlySpan<'T>)
        : struct (State<'T> * 'T array) =
        checkLength state parameters.Length (nameof parameters)
        pureStep optimizer state parameters gradient

    /// <summary>
    /// The in-place step: overwrites the parameters with w − Δ and the state with the next one, in as few walks over memory as the
    /// optimizer allows. Equal bit for bit to what the pure step gives.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; after it, the state after the step.</param>
    /// <param name="parameters">The parameters, as long as the state; must not overlap the gradient.</param>
    /// <param name="gradient">The gradient, as long as the state; it is not touched.</param>
    /// <exception cref="T:System.ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    let stepInPlace (optimizer: Optimizer) (state: State<'T>) (parameters: Span<'T>) (gradient: ReadOnlySpan<'T>) : unit =
        checkLength state gradient.Length (nameof gradient)
        checkLength state parameters.Length (nameof parameters)
        adopt optimizer state
        Engine.run true state gradient (Span<'T>.op_Implicit parameters) parameters true

    /// <summary>
    /// Tells the state a validation loss, in place: hyper-parameters that follow a plateau are reduced when it stops falling. Of no
    /// effect on others.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The state is another optimizer's.</exception>
    let observeInPlace (optimizer: Optimizer) (state: State<'T>) (loss: float) : unit =
        adopt optimizer state

        for node in state.Plan.Nodes do
            node.Observe(state.Memory, loss)

    /// <summary>The same as a pure step: the state that knows the loss too.</summary>
    /// <exception cref="T:System.ArgumentException">The state is another optimizer's.</exception>
    let observe (optimizer: Optimizer) (state: State<'T>) (loss: float) : State<'T> =
        let next = state.Copy()
        observeInPlace optimizer next loss
        next

    /// <summary>Whether the optimizer keeps averages of the parameters, which are what it has learned.</summary>
    let keepsAverages (optimizer: Optimizer) : bool = Singles.list optimizer |> List.exists (fun (_, part, _) -> part :? IAveraging)

    /// <summary>
    /// The averages of the parameters that the optimizer keeps: by <c>ema</c>, <c>swa</c>, <c>asgd</c> or a schedule-free rule. Where
    /// it keeps none, the parameters themselves.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">Its state.</param>
    /// <param name="parameters">The parameters, as long as the state; they are not touched.</param>
    let averaged (optimizer: Optimizer) (state: State<'T>) (parameters: ReadOnlySpan<'T>) : 'T array =
        checkLength state parameters.Length (nameof parameters)
        let state = state.Copy()
        adopt optimizer state
        let result = parameters.ToArray()

        for node in state.Plan.Nodes do
            let steps = state.Steps[node.Index]

            match node.First with
            | :? IAveraging as part when steps > 0L ->
                let numbers = ReadOnlySpan(state.Memory, node.MemoryBase, node.MemoryNames.Length)
                let scale = 'T.CreateTruncating(part.Scale numbers)

                for i in 0 .. node.Tensors.Length - 1 do
                    let tensor = state.Plan.Tensors[node.Tensors[i]]
                    let from = node.SlotBase + part.AverageSlot * node.Stride + node.Start i

                    for j in 0 .. tensor.Length - 1 do
                        result[tensor.Offset + j] <- 'T.op_Multiply (state.Block[from + j], scale)
            | _ -> ()

        result

    /// <summary>
    /// One step over elements of any kind, such as exact fractions: Δ of each, with the slots brought up to date in place.
    /// </summary>
    /// <param name="rule">The rule, which needs no parameters.</param>
    /// <param name="step">t = 1, 2, ...: the step that is taken.</param>
    /// <param name="gradient">The gradient.</param>
    /// <param name="slots">One block for all slots, slot k of element i at k · length + i; overwritten.</param>
    /// <exception cref="T:System.ArgumentException">The block has not slots × elements entries.</exception>
    let stepElements<'E when 'E: struct and 'E :> IElement<'E>> (rule: IRule) (step: int64) (gradient: 'E array) (slots: 'E array) =
        let slotCount = rule.Slots.Count

        if slots.Length <> slotCount * gradient.Length then
            raise (
                ArgumentException(
                    $"{slotCount} slots of {gradient.Length} elements need a block of {slotCount * gradient.Length}, not {slots.Length}.",
                    nameof slots
                )
            )

        if rule.NeedsParameters then
            raise (ArgumentException("the rule looks at parameters, and there are none here.", nameof rule))

        let delta = Array.zeroCreate<'E> gradient.Length

        let pass =
            Pass<'E>(
                ReadOnlySpan gradient,
                ReadOnlySpan<'E>.Empty,
                Span slots,
                slotCount,
                gradient.Length,
                Span delta,
                false,
                ReadOnlySpan<float>.Empty
            )

        rule.Sweep(step, pass)
        delta
