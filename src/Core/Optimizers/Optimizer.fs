namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.ComponentModel
open System.Numerics
open CuteDl.Core.Numerics

/// <summary>Creates optimizers and takes steps with them.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Optimizer =

    /// <summary>Creates an optimizer from the hyper-parameters of a rule, one of the library or one's own.</summary>
    /// <param name="hyperParameters">The record of the rule.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A hyper-parameter is out of range.</exception>
    /// <exception cref="T:System.ArgumentException">
    /// Two hyper-parameters contradict each other, or the record does not describe a rule: see <c>IDescribed</c>.
    /// </exception>
    let create (hyperParameters: 'H) : Optimizer = Optimizer(OptimizerTree.Single(RuleKind<'H>.Of.Kind, hyperParameters, []))

    /// <summary>
    /// Creates an optimizer of a rule that does not describe itself, for experiments. It has no arguments, and no registry can have it. A rule
    /// that implements <c>IDescribed</c> has both: see <c>create</c>.
    /// </summary>
    /// <param name="name">The name of the rule in its text form.</param>
    /// <param name="rule">The rule. Its slots and numbers must stay finite, unless it implements <c>INonFiniteState</c>.</param>
    let ofRule (name: string) (rule: IPart) : Optimizer =
        let kind =
            RuleKind(rule.GetType(), RuleDescription.Own name, false, (fun () -> { Defaults = rule; Arguments = [] }))

        Optimizer(OptimizerTree.Single(kind, rule, []))

    /// <summary>Creates an optimizer of a kind with its defaults.</summary>
    let ofKind (kind: RuleKind) : Optimizer = Optimizer(OptimizerTree.Single(kind, kind.Defaults, []))

    /// <summary>The optimizer that does nothing: Δ = g. It is the neutral part of a chain.</summary>
    let identity = Optimizer(OptimizerTree.Single(Rules.identity.Kind, Identity(), []))

    /// <summary>Creates a chain: the Δ of each part is the gradient of the next. Nested chains are flattened, and identities are omitted.</summary>
    let chain (parts: Optimizer seq) : Optimizer =
        let rec flat (optimizer: Optimizer) =
            match optimizer.Tree with
            | OptimizerTree.Chain parts -> List.collect flat parts
            | OptimizerTree.Single(_, :? Identity, _) -> []
            | _ -> [ optimizer ]

        match parts |> Seq.toList |> List.collect flat with
        | [] -> identity
        | [ one ] -> one
        | parts -> Optimizer(OptimizerTree.Chain parts)

    /// <summary>Creates an optimizer for each group of parameters. A tensor belongs to the first group whose pattern matches its name.</summary>
    /// <exception cref="T:System.ArgumentException">There is no group, a pattern is given twice, or a group contains <c>clip_global_norm</c>.</exception>
    let groupsOf (groups: ParameterGroup seq) : Optimizer =
        let groups = Seq.toList groups

        if groups.IsEmpty then
            raise (ArgumentException("There are no groups. Give at least one.", nameof groups))

        match groups |> List.countBy _.Pattern |> List.tryFind (fun (_, count) -> count > 1) with
        | Some(pattern, _) ->
            raise (ArgumentException($"The pattern \"{Quotation.shorten pattern}\" is given twice. Give each pattern once.", nameof groups))
        | None -> ()

        match
            groups
            |> List.tryFind (fun group -> group.Optimizer.Singles |> List.exists (fun (_, part, _) -> part :? ClipGlobalNorm))
        with
        | Some group ->
            raise (
                ArgumentException(
                    $"The group \"{Quotation.shorten group.Pattern}\" contains clip_global_norm, which needs the gradient of all tensors. Put it before the groups.",
                    nameof groups
                )
            )
        | None -> ()

        Optimizer(OptimizerTree.Groups groups)

    /// <summary>
    /// Creates an optimizer for each group of parameters. Each group must match a tensor, except for a last group <c>*</c>.
    /// </summary>
    /// <param name="groups">Patterns and their optimizers. In a pattern, <c>*</c> matches any characters and <c>?</c> one.</param>
    /// <exception cref="T:System.ArgumentException">As for <c>groupsOf</c>.</exception>
    let groups (groups: (string * Optimizer) seq) : Optimizer =
        groupsOf [ for pattern, optimizer in groups -> { Pattern = pattern; IsOptional = false; Optimizer = optimizer } ]

    let private changed
        (optimizer: Optimizer)
        (name: string)
        (change: Argument -> RuleKind * IPart * (Argument * Setting) list -> OptimizerTree)
        =
        let addressed =
            match ArgumentNames.find name optimizer with
            | Ok arguments -> List.map ArgumentNames.qualified arguments
            | Error problem -> raise (ArgumentException(problem, nameof name))

        optimizer
        |> Singles.map (fun (kind, part, scheduled) ->
            match
                kind.Arguments
                |> List.tryFind (fun argument -> List.contains (ArgumentNames.qualified (kind.Name, argument)) addressed)
            with
            | Some argument -> change argument (kind, part, scheduled)
            | None -> OptimizerTree.Single(kind, part, scheduled))

    /// <summary>
    /// Changes a hyper-parameter in every part that has it. A state continues with the changed optimizer. The value replaces a schedule.
    /// </summary>
    /// <param name="name">The name, such as <c>lr</c>; or <c>ema.beta</c> for the argument of one kind.</param>
    /// <param name="value">The value; 0 or 1 for a flag.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="T:System.ArgumentException">No part has such an argument, or the name has several meanings.</exception>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The value is out of range.</exception>
    let set (name: string) (value: float) (optimizer: Optimizer) : Optimizer =
        changed optimizer name (fun argument (kind, part, scheduled) ->
            // Checked before the value is converted to a whole number or a flag.
            if not (argument.Allows value) then
                raise (argument.OutOfRange(kind.Name, value))

            let scheduled = scheduled |> List.filter (fun (other, _) -> other.Name <> argument.Name)
            OptimizerTree.Single(kind, argument.Set(part, value), scheduled))

    /// <summary>
    /// Lets a hyper-parameter follow a schedule or a plateau in every part that has it. A schedule is a function of the number of steps that
    /// the part has taken, a plateau of the reported losses.
    /// </summary>
    /// <param name="name">The name, such as <c>lr</c>; or <c>ema.beta</c> for the argument of one kind.</param>
    /// <param name="setting">The schedule or plateau.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="T:System.ArgumentException">
    /// No part has such an argument, the name has several meanings, or the argument is a flag or a count.
    /// </exception>
    let follow (name: string) (setting: Setting) (optimizer: Optimizer) : Optimizer =
        let setting =
            match setting with
            | Setting.Schedule schedule -> Setting.Schedule(Schedule.validated schedule)
            | Setting.Plateau plateau -> Setting.Plateau(Plateau.validated plateau)

        changed optimizer name (fun argument (kind, part, scheduled) ->
            if argument.Form <> ValueForm.Number then
                raise (
                    ArgumentException(
                        $"{argument.Name} of {kind.Name} cannot follow a schedule. It must be {argument.Allowed}.",
                        nameof name
                    )
                )

            let others = scheduled |> List.filter (fun (other, _) -> other.Name <> argument.Name)

            match setting with
            // A constant schedule is stored as a number, because the text form writes it as one.
            | Setting.Schedule(Schedule.Constant value) when argument.Allows value ->
                OptimizerTree.Single(kind, argument.Set(part, value), others)
            | Setting.Schedule(Schedule.Constant value) -> raise (argument.OutOfRange(kind.Name, value))
            | _ -> OptimizerTree.Single(kind, part, Scheduled.inOrder kind ((argument, setting) :: others)))

    /// <summary>Lets a hyper-parameter follow a schedule in every part that has it.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>follow</c>.</exception>
    let schedule (name: string) (schedule: Schedule) (optimizer: Optimizer) : Optimizer = follow name (Setting.Schedule schedule) optimizer

    /// <summary>Changes the hyper-parameters of every part of a kind. A state continues with the changed optimizer.</summary>
    /// <param name="change">From the record of the kind to another.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="T:System.ArgumentException">No part is of that kind.</exception>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A hyper-parameter is out of range.</exception>
    let update (change: 'H -> 'H) (optimizer: Optimizer) : Optimizer =
        let kind = RuleKind<'H>.Of.Kind

        if not (optimizer.Kinds |> List.exists (fun other -> obj.ReferenceEquals(other, kind))) then
            raise (
                ArgumentException(
                    $"{Quotation.shorten (string optimizer)} has no part {kind.Name}. Give a kind of rule that it contains.",
                    nameof optimizer
                )
            )

        optimizer
        |> Singles.map (fun (other, part, scheduled) ->
            OptimizerTree.Single(
                other,
                (if obj.ReferenceEquals(other, kind) then change (unbox<'H>(box part)) :> IPart else part),
                scheduled
            ))

    /// <summary>Checks that an optimizer fits the parameters of a model, without creating a state.</summary>
    /// <exception cref="T:System.ArgumentException">
    /// A tensor belongs to no group; a group matches no tensor; a rule for matrices gets another shape; a part after a group counts steps
    /// that a gate in the group (<c>accumulate</c>, <c>freeze</c>, <c>skip_non_finite</c>) can skip; or a schedule has a share of the run
    /// (see <c>forRun</c>).
    /// </exception>
    let check (optimizer: Optimizer) (layout: Layout) : unit =
        OptimizerRun.refuse optimizer
        State<float>.PlanOf(optimizer, layout) |> ignore

    /// <summary>
    /// Replaces the shares of the run in all schedules by numbers of steps: see <c>Schedule.forRun</c>. The parts after <c>accumulate(k)</c>
    /// have a k-th of the steps. Training loops do this themselves; a loop of one's own needs it before the first step.
    /// </summary>
    /// <remarks>A state continues with the optimizer of another length. Optimizers without shares do not change.</remarks>
    /// <param name="steps">The number of steps of the run, from 1 to 2⁵³.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number of steps is out of range.</exception>
    /// <exception cref="T:System.ArgumentException">In a run of this length, numbers and shares of a schedule do not fit each other.</exception>
    let forRun (steps: int64) (optimizer: Optimizer) : Optimizer =
        RunLength.check steps
        OptimizerRun.resolve steps optimizer

    /// <summary>True if a schedule has a share of the run, so that a step needs <c>forRun</c>.</summary>
    let dependsOnRun (optimizer: Optimizer) : bool = OptimizerRun.dependsOnRun optimizer

    /// <summary>Creates the initial state (t = 0, all slots 0) for the parameters of a model.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>check</c>.</exception>
    let initFor<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (layout: Layout) : State<'T> =
        OptimizerRun.refuse optimizer
        State<'T>.Zero(optimizer, layout)

    /// <summary>Creates the initial state (t = 0, all slots 0) for the given number of parameters, as one tensor without a name.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The length is negative.</exception>
    let init<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (length: int) : State<'T> =
        initFor<'T> optimizer (Layout.Flat length)

    let private otherLength (name: string) (length: int) (expected: int) : unit =
        raise (ArgumentException($"There are {length} elements in {name}, but the state has {expected}. The numbers must be equal.", name))

    /// Returns the plan of an optimizer for a state.
    let private planFor (optimizer: Optimizer) (state: State<'T>) : Plan =
        let plan = state.Plan

        if obj.ReferenceEquals(plan.Optimizer, optimizer) then
            plan
        else
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

            next

    let internal adopt (optimizer: Optimizer) (state: State<'T>) : unit = state.Plan <- planFor optimizer state

    /// Returns the hyper-parameters that are wanted of the next step by name; see <c>current</c>.
    let internal currentOf (isWanted: Argument -> bool) (optimizer: Optimizer) (state: State<'T>) : (string * float) list =
        [ for node in (planFor optimizer state).Nodes do
              if node.IsFirstComponent then
                  yield! node.Current(isWanted, state.Steps[node.Index], state.Scalars) ]

    /// <summary>
    /// Returns every hyper-parameter of the next step by name, with the values of schedules and plateaus. In a chain, a name starts with the
    /// number and kind of its part, <c>2.adam.lr</c>; in groups, with the pattern.
    /// </summary>
    /// <remarks>Flags are 0 or 1. A default that another argument determines is NaN, as in the kind's description.</remarks>
    /// <exception cref="T:System.ArgumentException">The state belongs to another optimizer.</exception>
    let current (optimizer: Optimizer) (state: State<'T>) : (string * float) list = currentOf (fun _ -> true) optimizer state

    let internal checkLength (state: State<'T>) (length: int) (name: string) =
        if length <> state.Length then
            otherLength name length state.Length

    /// Returns a copy of a state for a pure step, and the array for Δ.
    let internal pureStart (optimizer: Optimizer) (state: State<'T>) : State<'T> * 'T array =
        let next = state.Copy()
        adopt optimizer next

        let delta =
            if next.Plan.WritesEveryElement then
                GC.AllocateUninitializedArray<'T> state.Length
            else
                Array.zeroCreate state.Length

        next, delta

    let private pureStep
        (vectors: bool)
        (optimizer: Optimizer)
        (state: State<'T>)
        (parameters: ReadOnlySpan<'T>)
        (gradient: ReadOnlySpan<'T>)
        =
        checkLength state gradient.Length (nameof gradient)
        let next, delta = pureStart optimizer state
        Engine.run vectors next gradient parameters (Span delta) false
        next, delta

    /// <summary>Takes a pure step. Returns the next state and Δ, which the caller subtracts from the parameters (w' = w − Δ).</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; it does not change.</param>
    /// <param name="gradient">The gradient, as long as the state; it does not change.</param>
    /// <exception cref="T:System.ArgumentException">
    /// The lengths differ, the state belongs to another optimizer, or a part needs the parameters (use <c>stepAt</c>).
    /// </exception>
    let step (optimizer: Optimizer) (state: State<'T>) (gradient: 'T array) : State<'T> * 'T array =
        pureStep true optimizer state ReadOnlySpan<'T>.Empty (ReadOnlySpan gradient)

    /// <summary>Takes a pure step at given parameters. Every optimizer allows it; weight decay, trust ratios and averages need it.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; it does not change.</param>
    /// <param name="parameters">The parameters w, as long as the state; they do not change.</param>
    /// <param name="gradient">The gradient, as long as the state; it does not change.</param>
    /// <exception cref="T:System.ArgumentException">The lengths differ, or the state belongs to another optimizer.</exception>
    let stepAt (optimizer: Optimizer) (state: State<'T>) (parameters: 'T array) (gradient: 'T array) : State<'T> * 'T array =
        checkLength state parameters.Length (nameof parameters)
        pureStep true optimizer state (ReadOnlySpan parameters) (ReadOnlySpan gradient)

    /// <summary>
    /// As <c>stepAt</c>, one element at a time. This is the specification: all other steps equal it bit for bit. It is slower, and for tests.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">As for <c>stepAt</c>.</exception>
    let stepByElement (optimizer: Optimizer) (state: State<'T>) (parameters: 'T array) (gradient: 'T array) : State<'T> * 'T array =
        checkLength state parameters.Length (nameof parameters)
        pureStep false optimizer state (ReadOnlySpan parameters) (ReadOnlySpan gradient)

    /// <summary>
    /// Takes a pure step for each gradient of a sequence, when the result is enumerated. Returns the state after each step, and its Δ.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the first step; it does not change.</param>
    /// <param name="gradients">The gradients, each as long as the state.</param>
    /// <exception cref="T:System.ArgumentException">As for <c>step</c>; thrown when the result is enumerated.</exception>
    let steps (optimizer: Optimizer) (state: State<'T>) (gradients: 'T array seq) : (State<'T> * 'T array) seq =
        gradients
        |> Seq.scan (fun (state, _) gradient -> step optimizer state gradient) (state, [||])
        |> Seq.skip 1

    // A caller's tail call must not hand spans over: see docs/adr/0016. So the functions with spans are inlined into the caller, where another
    // call follows that of the function below.

    /// <summary>Not for direct use: <c>stepSpan</c> calls it.</summary>
    [<EditorBrowsable(EditorBrowsableState.Never)>]
    let stepOfSpan (optimizer: Optimizer) (state: State<'T>) (gradient: ReadOnlySpan<'T>) : State<'T> * 'T array =
        pureStep true optimizer state ReadOnlySpan<'T>.Empty gradient

    /// <summary>Not for direct use: <c>stepAtSpan</c> calls it.</summary>
    [<EditorBrowsable(EditorBrowsableState.Never)>]
    let stepAtOfSpan
        (optimizer: Optimizer)
        (state: State<'T>)
        (parameters: ReadOnlySpan<'T>)
        (gradient: ReadOnlySpan<'T>)
        : State<'T> * 'T array =
        checkLength state parameters.Length (nameof parameters)
        pureStep true optimizer state parameters gradient

    /// <summary>Not for direct use: <c>stepInPlace</c> calls it.</summary>
    [<EditorBrowsable(EditorBrowsableState.Never)>]
    let stepInPlaceOfSpan (optimizer: Optimizer) (state: State<'T>) (parameters: Span<'T>) (gradient: ReadOnlySpan<'T>) : unit =
        checkLength state gradient.Length (nameof gradient)
        checkLength state parameters.Length (nameof parameters)
        adopt optimizer state
        Engine.run true state gradient (Span<'T>.op_Implicit parameters) parameters true

    /// <summary>As <c>step</c>, for a gradient in a span.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>step</c>.</exception>
    let inline stepSpan (optimizer: Optimizer) (state: State<'T>) (gradient: ReadOnlySpan<'T>) : State<'T> * 'T array =
        let result = stepOfSpan optimizer state gradient
        GC.KeepAlive state
        result

    /// <summary>As <c>stepAt</c>, for parameters and gradient in spans.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>stepAt</c>.</exception>
    let inline stepAtSpan
        (optimizer: Optimizer)
        (state: State<'T>)
        (parameters: ReadOnlySpan<'T>)
        (gradient: ReadOnlySpan<'T>)
        : State<'T> * 'T array =
        let result = stepAtOfSpan optimizer state parameters gradient
        GC.KeepAlive state
        result

    /// <summary>
    /// Takes a step in place: overwrites the parameters with w − Δ and the state with the next state, in as few passes over memory as
    /// possible. The result equals that of the pure step bit for bit.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; after it, the state after the step.</param>
    /// <param name="parameters">The parameters, as long as the state; must not overlap the gradient.</param>
    /// <param name="gradient">The gradient, as long as the state; it does not change.</param>
    /// <exception cref="T:System.ArgumentException">The lengths differ, or the state belongs to another optimizer.</exception>
    let inline stepInPlace (optimizer: Optimizer) (state: State<'T>) (parameters: Span<'T>) (gradient: ReadOnlySpan<'T>) : unit =
        stepInPlaceOfSpan optimizer state parameters gradient
        GC.KeepAlive state

    let private checkTensorLength (name: string) (what: string) (length: int) (expected: int) : unit =
        if length <> expected then
            raise (
                ArgumentException(
                    $"There are {length} elements in the {what} of {Quotation.quote name}, but the tensor has {expected}. The numbers must be equal.",
                    "tensors"
                )
            )

    /// Gives a step the memory of its tensors, with the parameters as targets.
    let private bind (layout: Layout) (memories: TensorMemory<'T> array) (tensors: StepTensor<'T> seq) : unit =
        for tensor in tensors do
            let k = layout.Find(tensor.Name, nameof tensors)

            if memories[k].IsGiven then
                raise (
                    ArgumentException($"The tensor {Quotation.quote tensor.Name} is given twice. Give each tensor once.", nameof tensors)
                )

            let length = layout.Parameters[k].Length
            checkTensorLength tensor.Name "parameters" tensor.Parameters.Length length

            let gradient =
                match tensor.Gradient with
                | ValueSome gradient ->
                    checkTensorLength tensor.Name "gradient" gradient.Length length
                    gradient
                | ValueNone -> ReadOnlyMemory<'T>.Empty

            memories[k] <-
                { IsGiven = true
                  HasGradient = tensor.Gradient.IsSome
                  Gradient = gradient
                  Parameters = Memory<'T>.op_Implicit(tensor.Parameters)
                  Target = tensor.Parameters }

    /// Returns the frame of an in-place step over tensors, with their memory.
    let internal frameOf (optimizer: Optimizer) (state: State<'T>) (tensors: StepTensor<'T> seq) : StepFrame<'T> =
        let plan = planFor optimizer state
        let frame = StepFrame<'T>.Rent plan.Separate
        bind state.Layout frame.Memories tensors
        state.Plan <- plan
        frame

    /// <summary>
    /// Takes a step in place over tensors with their own memory, which is not copied. The result equals that of <c>stepInPlace</c> bit for bit.
    /// </summary>
    /// <remarks>
    /// A tensor without a gradient, or that is not given, does not change, and neither do its slots and its count of steps. Its schedules
    /// continue, because they count the steps of the part. A part that treats its tensors together refuses the step, unless none of its tensors
    /// has a gradient. Parts without slots, such as <c>clip_global_norm</c>, leave the tensor out.
    /// </remarks>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; after it, the state after the step.</param>
    /// <param name="tensors">Tensors of the layout of the state, in any order.</param>
    /// <exception cref="T:System.ArgumentException">
    /// A name is unknown or given twice, a length differs, a part refuses a tensor without a gradient, or the state belongs to another optimizer.
    /// </exception>
    let stepTensorsInPlace (optimizer: Optimizer) (state: State<'T>) (tensors: StepTensor<'T> seq) : unit =
        Engine.runTensors state (frameOf optimizer state tensors) true

    /// <summary>
    /// As <c>stepTensorsInPlace</c>, without changing state and parameters. Returns the next state, and Δ of each tensor with a gradient.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; it does not change.</param>
    /// <param name="tensors">Tensors of the layout of the state, in any order; they do not change.</param>
    /// <exception cref="T:System.ArgumentException">As for <c>stepTensorsInPlace</c>.</exception>
    let stepTensors (optimizer: Optimizer) (state: State<'T>) (tensors: StepTensor<'T> seq) : State<'T> * Map<string, 'T array> =
        let next = state.Copy()
        adopt optimizer next
        let frame = StepFrame<'T>.Rent next.Plan.Separate
        let memories = frame.Memories
        bind state.Layout memories tensors

        let deltas =
            [ for k in 0 .. memories.Length - 1 do
                  if memories[k].HasGradient then
                      let delta = Array.zeroCreate<'T> memories[k].Gradient.Length
                      memories[k] <- { memories[k] with Target = Memory delta }
                      state.Layout.Parameters[k].Name, delta ]

        Engine.runTensors next frame false
        next, Map deltas

    /// <summary>
    /// Reports a validation loss to the state, in place. Hyper-parameters that follow a plateau are reduced when it stops falling; others, and
    /// those of frozen tensors, do not change.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The state belongs to another optimizer.</exception>
    let observeInPlace (optimizer: Optimizer) (state: State<'T>) (loss: float) : unit =
        adopt optimizer state

        for node in state.Plan.Nodes do
            if node.ActiveCount > 0 then
                node.Observe(state.Scalars, loss)

    /// <summary>Reports a validation loss and returns the next state; the given state does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The state belongs to another optimizer.</exception>
    let observe (optimizer: Optimizer) (state: State<'T>) (loss: float) : State<'T> =
        let next = state.Copy()
        observeInPlace optimizer next loss
        next

    /// <summary>True if the optimizer keeps averages of the parameters. The averages are then the result of the training.</summary>
    let keepsAverages (optimizer: Optimizer) : bool = optimizer.Singles |> List.exists (fun (_, part, _) -> part :? IAveraging)

    /// <summary>Not for direct use: <c>averaged</c> calls it.</summary>
    [<EditorBrowsable(EditorBrowsableState.Never)>]
    let averagedOfSpan (optimizer: Optimizer) (state: State<'T>) (parameters: ReadOnlySpan<'T>) : 'T array =
        checkLength state parameters.Length (nameof parameters)
        let state = state.Copy()
        adopt optimizer state
        let result = parameters.ToArray()

        let plan = state.CountingPlan

        for node in plan.Nodes do
            let steps = state.Steps[node.Index]

            match node.First with
            | :? IAveraging as part when steps > 0L ->
                let numbers = ReadOnlySpan(state.Scalars, node.ScalarBase, node.ScalarNames.Length)
                let scale = 'T.CreateTruncating(part.Scale numbers)

                for i in 0 .. node.Tensors.Length - 1 do
                    let tensor = plan.Tensors[node.Tensors[i]]
                    let from = node.SlotBase + part.AverageSlot * node.Stride + node.Start i

                    // A tensor without a step so far has no average.
                    if steps > state.AbsencesOf(node, node.Tensors[i]) then
                        for j in 0 .. tensor.Length - 1 do
                            result[tensor.Offset + j] <- 'T.op_Multiply (state.Block[from + j], scale)
            | _ -> ()

        result

    /// <summary>
    /// Returns the averages of the parameters that <c>ema</c>, <c>swa</c>, <c>asgd</c> or a schedule-free rule keeps. Parameters without an
    /// average are returned unchanged.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">Its state.</param>
    /// <param name="parameters">The parameters, as long as the state; they do not change.</param>
    let inline averaged (optimizer: Optimizer) (state: State<'T>) (parameters: ReadOnlySpan<'T>) : 'T array =
        let result = averagedOfSpan optimizer state parameters
        GC.KeepAlive state
        result

    /// <summary>
    /// Takes one step over elements of any type, such as exact fractions. Returns Δ, and updates the slots in place.
    /// </summary>
    /// <param name="rule">A rule that does not need the parameters.</param>
    /// <param name="step">The step number t = 1, 2, ...</param>
    /// <param name="gradient">The gradient.</param>
    /// <param name="slots">One block for all slots, slot k of element i at k · length + i; overwritten.</param>
    /// <exception cref="T:System.ArgumentException">The block does not have slots × elements entries.</exception>
    let stepElements<'E when 'E: struct and 'E :> IElement<'E>> (rule: IRule) (step: int64) (gradient: 'E array) (slots: 'E array) =
        let slotCount = rule.Slots.Count

        if slots.Length <> slotCount * gradient.Length then
            raise (
                ArgumentException(
                    $"The block of slots has {slots.Length} elements. {slotCount} slots for {gradient.Length} elements need {slotCount * gradient.Length}.",
                    nameof slots
                )
            )

        if rule.NeedsParameters then
            raise (ArgumentException("The rule needs the parameters. Use a rule without parameters, or Optimizer.stepAt.", nameof rule))

        let delta = Array.zeroCreate<'E> gradient.Length

        let loop =
            UpdateLoop<'E>(
                ReadOnlySpan gradient,
                ReadOnlySpan<'E>.Empty,
                Span slots,
                slotCount,
                gradient.Length,
                Span delta,
                false,
                ReadOnlySpan<float>.Empty
            )

        rule.Update(step, loop)
        delta
