/// Runs one step of any optimizer in as few passes over memory as its parts allow.
///
/// The parts of a tensor form segments. A segment is one pass over blocks that fit into the L1 cache. In each block, every part turns its
/// gradient into Δ, which is the gradient of the next part. The last part subtracts its Δ from the parameters. A new segment starts at a
/// part that needs a sum over whole tensors, such as a norm. The previous segment then writes its result to a buffer, and computes the sum
/// in the same loop.
module internal CuteDl.Core.Optimizers.Engine

open System
open System.Numerics

/// Lets a rule prepare a step: once, or once for the tensors of each count of steps.
let private prepare (part: PartFrame) (rule: IPreparingRule) : bool =
    if part.IsUniform then
        rule.Prepare(part.Step, part.Decision)
    else
        let mutable isOpen = true
        let mutable step = part.StepAfter 0L

        while step > 0L do
            part.Decision.Select(part.StepsByTensor, step)
            isOpen <- rule.Prepare(step, part.Decision) && isOpen
            step <- part.StepAfter step

        part.Decision.SelectAll()
        isOpen

/// Prepares a part when the first tensor of a step reaches it, and throws its errors. Returns true if the part is open.
let private beginPart (state: State<'T>) (frame: StepFrame<'T>) (hasParameters: bool) (part: PartFrame) : bool =
    if not part.HasBegun then
        let node = part.Node
        part.HasBegun <- true
        part.IsOpen <- true
        let step = state.Steps[node.Index] + 1L
        part.Begin(step, state.Scalars)

        if part.NeedsParameters && not hasParameters then
            raise (ArgumentException($"{node.Kind.Name} needs the parameters. Use StepAt or StepInPlace, which take them.", "optimizer"))

        state.Steps[node.Index] <- step

        match part.Preparing with
        | null -> ()
        | rule ->
            let rate =
                match node.RateSource with
                | ValueSome source -> (frame.Of source).Rate
                | ValueNone -> 1.0

            part.Decision.Begin(state.Scalars, node.ScalarBase, rate)
            part.IsOpen <- prepare part rule

    part.IsOpen

/// Lets a rule decide after it has reduced its tensors: once, or once for the tensors of each count of steps.
let private decide (part: PartFrame) : unit =
    match part.Reducing with
    | null -> ()
    | rule ->
        part.IsDecided <- true

        if part.IsUniform then
            part.IsOpen <- rule.Decide(part.Step, part.Decision) && part.IsOpen
        else
            let mutable step = part.StepAfter 0L

            while step > 0L do
                part.Decision.Select(part.StepsByTensor, step)
                part.IsOpen <- rule.Decide(step, part.Decision) && part.IsOpen
                step <- part.StepAfter step

            part.Decision.SelectAll()

/// Gives each tensor its own count of steps. Throws if a part does not allow that a tensor has no gradient.
let private countTensors (work: StepWork<'T>) : unit =
    let plan = work.Plan
    let state = work.State

    for k in 0 .. plan.Tensors.Length - 1 do
        for struct (node, index) in plan.PartsOf k do
            let step = state.Steps[node.Index] + 1L
            let missed = if node.IsSeparate then state.AbsencesOf(node, k) else 0L
            (work.Frame.Of node).SetStep(index, (if work.HasGradient k then step - missed else 0L), step)

    for k in 0 .. plan.Tensors.Length - 1 do
        if not (work.HasGradient k) then
            for struct (node, _) in plan.PartsOf k do
                if (work.Frame.Of node).PresentCount > 0 && not node.AllowsAbsence then
                    raise (
                        ArgumentException(
                            $"{node.Kind.Name} treats its tensors together. In this step, {Quotation.quote plan.Tensors[k].Name} has no gradient, and others have one. "
                            + $"Give all of its tensors a gradient, or write {node.Kind.Name} inside each group.",
                            "tensors"
                        )
                    )

/// Counts the steps that tensors without a gradient have missed.
let private countAbsences (work: StepWork<'T>) : unit =
    for k in 0 .. work.Plan.Tensors.Length - 1 do
        if not (work.HasGradient k) then
            for struct (node, _) in work.Plan.PartsOf k do
                if node.IsSeparate && (work.Frame.Of node).IsReached then
                    work.State.AddAbsence(node, k)

/// Runs every tensor through its parts.
let private walk (work: StepWork<'T>) : unit =
    let plan = work.Plan
    let parts = work.Frame.Parts
    let progress = work.Frame.Progress
    let mutable left = 0

    // A frozen tensor has no segments, and a tensor without a gradient is at its end.
    for k in 0 .. progress.Length - 1 do
        let count = (plan.SegmentsOf k).Length
        progress[k] <- if work.HasGradient k then 0 else count

        if progress[k] < count then
            left <- left + 1

    // Each round runs every tensor up to the first part that must reduce other tensors first.
    while left > 0 do
        for k in 0 .. progress.Length - 1 do
            let segments = plan.SegmentsOf k
            let next = progress[k]

            let isReady =
                next < segments.Length
                && (next = 0
                    || (match segments[next - 1].Waiting with
                        | ValueSome(struct (node, _)) -> (work.Frame.Of node).IsDecided
                        | ValueNone -> true))

            if isReady then
                let isOpen = work.Segment(segments[next], k, (next = segments.Length - 1))
                progress[k] <- if isOpen then next + 1 else segments.Length

                // The waiting part has reduced this tensor by now, or will not reduce it in this step.
                for s in next .. progress[k] - 1 do
                    match segments[s].Waiting with
                    | ValueSome(struct (node, _)) ->
                        let part = work.Frame.Of node
                        part.Reduced <- part.Reduced + 1
                    | ValueNone -> ()

                if progress[k] = segments.Length then
                    left <- left - 1

        for i in 0 .. parts.Length - 1 do
            let part = parts[i]

            if part.IsReached && not part.IsDecided && part.Reduced = part.PresentCount then
                decide part

    // Parts that reduced during the pass now decide for the next step.
    for i in 0 .. parts.Length - 1 do
        let part = parts[i]

        if part.IsReached && not part.IsDecided then
            decide part

// In rules that keep means or sums, non-finite slots stay non-finite. So an occasional check is enough, and cheap.
let private stepsBetweenChecks = 16L

/// Throws if the state of a rule has a non-finite value although all parameters of the tensor are finite. Such parameters would never
/// change again, without any visible sign. Non-finite parameters are visible to the caller.
let private checkTensor
    (state: State<'T>)
    (parameters: ReadOnlySpan<'T>)
    (node: PartNode)
    (index: int)
    (start: int)
    (tensor: Parameter)
    : unit =
    if not (Double.IsNaN(Reductions.finite parameters)) then
        for slot in 0 .. node.SlotCount - 1 do
            let values =
                ReadOnlySpan(state.Block, node.SlotBase + slot * node.Stride + node.Start index + start, tensor.Length)

            if Double.IsNaN(Reductions.finite values) then
                let mutable element = 0

                while 'T.IsFinite values[element] do
                    element <- element + 1

                let value = Double.CreateTruncating values[element]
                raise (NonFiniteStateException(node.Name node.SlotNames[slot], tensor.Name, element, value))

        for number in 0 .. node.OwnScalarCount - 1 do
            let value = state.Scalars[node.ScalarBase + number]

            if not (Double.IsFinite value) && (not node.KeepsScalarByTensor || number = index) then
                raise (NonFiniteStateException(node.Name node.ScalarNames[number], tensor.Name, 0, value))

/// Checks all tensors that are not frozen. Unknown parameters count as finite.
let private checkState (work: StepWork<'T>) : unit =
    let state = work.State
    let nodes = work.Plan.Nodes
    let slotsAreFinite = not (Double.IsNaN(Reductions.finite (ReadOnlySpan state.Block)))
    let numbersAreFinite = not (Double.IsNaN(Reductions.finite (ReadOnlySpan state.Scalars)))

    for n in 0 .. (if slotsAreFinite && numbersAreFinite then 0 else nodes.Length) - 1 do
        let node = nodes[n]

        let isChecked = node.ActiveCount > 0 && node.Kind.IsRule && not (node.First :? INonFiniteState)

        for i in 0 .. (if isChecked then node.Tensors.Length else 0) - 1 do
            let part = work.Plan.Tensors[node.Tensors[i]]

            // A plan without groups can treat all tensors as one.
            for k in 0 .. state.Layout.Parameters.Count - 1 do
                let tensor = state.Layout.Parameters[k]

                if tensor.Offset >= part.Offset && tensor.Offset + tensor.Length <= part.Offset + part.Length then
                    let parameters = work.ParametersAt(k, tensor, 0, tensor.Length)
                    checkTensor state parameters node i (tensor.Offset - part.Offset) tensor

/// Takes the step. If the library throws, state and targets do not change.
let private take (work: StepWork<'T>) : unit =
    let plan = work.Plan
    let state = work.State
    let frame = work.Frame
    let frames = frame.Parts

    if state.Step % stepsBetweenChecks = 0L then
        checkState work

    let mutable isComplete = true

    for k in 0 .. plan.Tensors.Length - 1 do
        isComplete <- isComplete && work.HasGradient k

    frame.Begin state

    if isNull frame.Shared then
        frame.Shared <- StepBlocks<'T> frame

    if not isComplete || state.AbsenceCounts.Length > 0 then
        countTensors work

    let hasParameters = work.HasParameters
    // Only needed if a gate can throw after other parts have run.
    let mutable slotsBefore: 'T array | null = null
    let mutable targetsBefore: 'T array | null = null

    try
        for k in 0 .. plan.Tensors.Length - 1 do
            let parts = plan.PartsOf k
            let mutable i = if work.HasGradient k then 0 else parts.Length

            while i < parts.Length do
                let struct (node, _) = parts[i]
                i <- if beginPart state frame hasParameters (frame.Of node) then i + 1 else parts.Length

        let mutable mayThrow = false

        for i in 0 .. frames.Length - 1 do
            mayThrow <- mayThrow || frames[i].MayThrow

        if mayThrow then
            slotsBefore <- Array.copy state.Block
            targetsBefore <- work.CopyTargets()

        walk work
    with _ ->
        for i in 0 .. frames.Length - 1 do
            frame.PutBack(state, frames[i].Node)

        match slotsBefore, targetsBefore with
        | NonNull slots, NonNull values ->
            slots.CopyTo(state.Block, 0)
            work.RestoreTargets values
        | _ -> ()

        reraise ()

    for i in 0 .. frames.Length - 1 do
        if frames[i].HasBegun && not frames[i].IsReached then
            frame.PutBack(state, frames[i].Node)

    if not isComplete then
        countAbsences work

    state.Advance()

/// <summary>
/// Takes one step over flat arrays. The target holds the parameters, from which Δ is subtracted, or zeros, which Δ replaces. If the library
/// throws, state and target do not change.
/// </summary>
let run
    (vectors: bool)
    (state: State<'T>)
    (gradient: ReadOnlySpan<'T>)
    (parameters: ReadOnlySpan<'T>)
    (target: Span<'T>)
    (subtract: bool)
    : unit =
    let frame = StepFrame<'T>.Rent state.CountingPlan
    take (StepWork<'T>(state, frame, gradient, parameters, target, subtract, vectors, null))
    frame.Return()

/// <summary>As <c>run</c>, with telemetry. The tensors are those of the layout.</summary>
let measure
    (state: State<'T>)
    (gradient: ReadOnlySpan<'T>)
    (parameters: ReadOnlySpan<'T>)
    (target: Span<'T>)
    (subtract: bool)
    : StepTelemetry =
    let frame = StepFrame<'T>.Rent state.Plan.Separate
    let meter = frame.NewMeter()
    let work = StepWork<'T>(state, frame, gradient, parameters, target, subtract, true, meter)
    take work
    let telemetry = work.Telemetry meter
    frame.Return()
    telemetry

/// <summary>Takes one step over the memories of a frame. If the library throws, state and targets do not change.</summary>
let runTensors (state: State<'T>) (frame: StepFrame<'T>) (subtract: bool) : unit =
    take (StepWork<'T>(state, frame, subtract, null))
    frame.Return()

/// <summary>As <c>runTensors</c>, with telemetry.</summary>
let measureTensors (state: State<'T>) (frame: StepFrame<'T>) (subtract: bool) : StepTelemetry =
    let meter = frame.NewMeter()
    let work = StepWork<'T>(state, frame, subtract, meter)
    take work
    let telemetry = work.Telemetry meter
    frame.Return()
    telemetry
