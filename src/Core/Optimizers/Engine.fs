/// One step of any optimizer: its parts over its tensors, in as few sweeps over memory as they allow.
///
/// The parts of a tensor form segments. A segment is one sweep: block by block, small enough to stay in the first cache, each part
/// turns the gradient that it is given into the Δ that the next one is given, and the last one takes its Δ away from the parameters.
/// A new segment begins where a part must have seen whole tensors (a norm) before it can say anything; what the segment in front
/// made is left in a buffer, and the looking is done in that same sweep.
module internal CuteDl.Core.Optimizers.Engine

open System
open System.Numerics

/// The numbers of a block: one array of them takes a third of a first cache of 48 KiB in single precision.
let private blockLength = 4096

/// What is left to do behind a part that works on whole tensors, if it is the last one.
let private identity: IRule = Identity()

/// The first time in a step that a tensor is on its way to a part: all that is known before any gradient is seen, and the errors
/// that come of it. Whether the tensor may go on.
let private beginPart (state: State<'T>) (hasParameters: bool) (node: PartNode) : bool =
    if not node.HasBegun then
        node.HasBegun <- true
        node.IsOpen <- true
        let step = state.Steps[node.Index] + 1L
        node.Begin(step, state.Memory)

        if node.NeedsParametersNow && not hasParameters then
            raise (
                ArgumentException(
                    $"{node.Kind.Name} looks at the parameters: take its steps with StepAt or StepInPlace, which are given them.",
                    "optimizer"
                )
            )

        state.Steps[node.Index] <- step

        match node.Preparing with
        | null -> ()
        | rule ->
            node.Decision.Begin(state.Memory, node.MemoryBase)
            node.IsOpen <- rule.Prepare(step, node.Decision)

    node.IsOpen

let private decide (node: PartNode) : unit =
    match node.Observing with
    | null -> ()
    | rule ->
        node.IsDecided <- true
        node.IsOpen <- rule.Decide(node.Step, node.Decision) && node.IsOpen

/// One step over a whole run of tensors; see the module.
[<Struct; System.Runtime.CompilerServices.IsByRefLike; NoEquality; NoComparison>]
type private Work<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    val State: State<'T>
    val Gradient: ReadOnlySpan<'T>
    val Parameters: ReadOnlySpan<'T>
    val Target: Span<'T>
    val Subtract: bool
    val Vectors: bool

    new(state, gradient, parameters, target, subtract, vectors) =
        { State = state
          Gradient = gradient
          Parameters = parameters
          Target = target
          Subtract = subtract
          Vectors = vectors }

    member work.HasParameters = work.Subtract || work.Parameters.Length = work.Gradient.Length

    member work.ParametersAt(start: int, length: int) =
        if work.Parameters.IsEmpty then work.Parameters else work.Parameters.Slice(start, length)

    /// The slots of a part, from an element of one of its tensors on.
    member work.SlotsOf(node: PartNode, index: int, from: int) : Span<'T> =
        if node.SlotCount = 0 then
            Span<'T>.Empty
        else
            let start = node.Start index + from
            Span(work.State.Block, node.SlotBase + start, node.Stride * node.SlotCount - start)

    member work.Observe(node: PartNode, index: int, from: int, gradient: ReadOnlySpan<'T>, parameters: ReadOnlySpan<'T>) : unit =
        match node.Observing with
        | null -> ()
        | rule ->
            let sums = node.Decision.SumsOf index
            let numbers = node.Decision.NumbersOf index
            let slots = work.SlotsOf(node, index, from)
            rule.Observe(node.Step, View<'T>(gradient, parameters, sums, numbers, slots, node.SlotCount, node.Stride, work.Vectors))

    /// One block through the first so many parts of a segment. What the last part gives goes out, to the parameters or to Δ, or into the
    /// buffer for the next segment, or nowhere if the way is closed.
    member work.Block(segment: Segment, count: int, tensor: Parameter, from: int, length: int, isLast: bool, isOpen: bool) : unit =
        let start = tensor.Offset + from
        let parameters = work.ParametersAt(start, length)

        let mutable source =
            if segment.ReadsBuffer || segment.Head.IsSome then
                ReadOnlySpan(work.State.Buffer, start, length)
            else
                work.Gradient.Slice(start, length)

        for i in 0 .. count - 1 do
            let struct (node, index) = segment.Parts[i]
            let goesOut = isLast && isOpen && i = count - 1

            let target =
                if goesOut then
                    work.Target.Slice(start, length)
                elif isLast || not isOpen then
                    Span(work.State.Scratch(min blockLength work.Gradient.Length), 0, length)
                else
                    Span(work.State.Buffer, start, length)

            if node.Looks then
                work.Observe(node, index, from, source, parameters)

            match node.Rule with
            | null -> ()
            | rule ->
                Sweep.run
                    work.Vectors
                    rule
                    node.Step
                    (node.Decision.NumbersOf index)
                    source
                    parameters
                    (work.SlotsOf(node, index, from))
                    node.SlotCount
                    node.Stride
                    target
                    (goesOut && work.Subtract)

            source <- Span<'T>.op_Implicit target

        if isLast && isOpen && count = 0 then
            let target = work.Target.Slice(start, length)
            Sweep.run work.Vectors identity 0L ReadOnlySpan.Empty source parameters Span.Empty 0 0 target work.Subtract

        match segment.Observer with
        | ValueSome(struct (node, index)) when isOpen -> work.Observe(node, index, from, source, parameters)
        | _ -> ()

    /// A rule that works on the whole tensor, in the buffer.
    member work.Head(node: PartNode, segment: Segment, tensor: Parameter) : unit =
        let buffer = Span(work.State.Buffer, tensor.Offset, tensor.Length)

        if not segment.ReadsBuffer then
            work.Gradient.Slice(tensor.Offset, tensor.Length).CopyTo buffer

        match node.Part with
        | :? ITensorRule as rule ->
            let parameters = work.ParametersAt(tensor.Offset, tensor.Length)
            let slots = work.SlotsOf(node, segment.HeadIndex, 0)
            rule.Transform(node.Step, TensorView<'T>(buffer, parameters, tensor, slots, node.SlotCount, node.Stride, work.Vectors))
        | _ -> ()

    /// A segment of a tensor. False: a part has closed the way, and nothing else of this tensor changes in this step.
    member work.Segment(segment: Segment, tensor: Parameter, isLast: bool) : bool =
        let mutable isOpen = true
        let mutable count = 0
        // A part that, having seen all, decides against this step does nothing in it either.
        let mutable isRefused = false

        match segment.Head with
        | ValueSome node -> node.IsReached <- true
        | ValueNone -> ()

        // Parts behind one that is closed take no step.
        while isOpen && count < segment.Parts.Length do
            let struct (node, _) = segment.Parts[count]
            node.IsReached <- true
            isOpen <- node.IsOpen
            isRefused <- node.IsDecided && not node.IsOpen
            count <- count + 1

        if isOpen then
            match segment.Observer with
            | ValueSome(struct (node, _)) -> node.IsReached <- true
            | ValueNone -> ()

        if not isRefused then
            match segment.Head with
            | ValueSome node -> work.Head(node, segment, tensor)
            | ValueNone -> ()

            // A single part has no use for blocks: there is nothing to keep in the cache for another. One that looks has them all the same,
            // so that the bits of its sums do not depend on its company.
            let isSimple =
                count = 1
                && segment.Observer.IsNone
                && isOpen
                && (let struct (node, _) = segment.Parts[0] in not node.Looks)

            let step = if isSimple then tensor.Length else blockLength
            let mutable from = 0

            while from < tensor.Length do
                let length = min step (tensor.Length - from)
                work.Block(segment, count, tensor, from, length, isLast, isOpen)
                from <- from + length

        isOpen

/// Takes every tensor through its parts.
let private walk (work: Work<'T>) : unit =
    let plan = work.State.Plan
    let nodes = plan.Nodes
    let progress = plan.Progress
    Array.Clear progress
    let mutable left = 0

    // A frozen tensor has no segments.
    for k in 0 .. progress.Length - 1 do
        if (plan.SegmentsOf k).Length > 0 then
            left <- left + 1

    // Each round takes every tensor as far as it can go without what others have to say first.
    while left > 0 do
        for k in 0 .. progress.Length - 1 do
            let segments = plan.SegmentsOf k
            let next = progress[k]

            let isReady =
                next < segments.Length
                && (next = 0
                    || (match segments[next - 1].Observer with
                        | ValueSome(struct (node, _)) -> node.IsDecided
                        | ValueNone -> true))

            if isReady then
                let isOpen = work.Segment(segments[next], plan.Tensors[k], (next = segments.Length - 1))
                progress[k] <- if isOpen then next + 1 else segments.Length

                // Who waits for this tensor has now seen it, or will not see it in this step.
                for s in next .. progress[k] - 1 do
                    match segments[s].Observer with
                    | ValueSome(struct (node, _)) -> node.Observed <- node.Observed + 1
                    | ValueNone -> ()

                if progress[k] = segments.Length then
                    left <- left - 1

        for i in 0 .. nodes.Length - 1 do
            let node = nodes[i]

            if node.IsReached && not node.IsDecided && node.Observed = node.ActiveCount then
                decide node

    // Those that looked on the way decide for the next step.
    for i in 0 .. nodes.Length - 1 do
        let node = nodes[i]

        if node.IsReached && not node.IsDecided then
            decide node

// Slots that are not finite stay so in all rules that keep means or sums, so that looking now and then is enough, and costs little.
let private stepsBetweenChecks = 16L

/// Throws if a rule remembers a value that is not finite while its tensor's parameters all are finite: they would never change again, and
/// nothing would show it. Parameters that are not finite show by themselves.
let private checkTensor
    (state: State<'T>)
    (parameters: ReadOnlySpan<'T>)
    (node: PartNode)
    (index: int)
    (start: int)
    (tensor: Parameter)
    : unit =
    let isFinite =
        parameters.IsEmpty
        || not (Double.IsNaN(Sums.finite (parameters.Slice(tensor.Offset, tensor.Length))))

    if isFinite then
        for slot in 0 .. node.SlotCount - 1 do
            let values =
                ReadOnlySpan(state.Block, node.SlotBase + slot * node.Stride + node.Start index + start, tensor.Length)

            if Double.IsNaN(Sums.finite values) then
                let mutable element = 0

                while 'T.IsFinite values[element] do
                    element <- element + 1

                let value = Double.CreateTruncating values[element]
                raise (NonFiniteStateException(node.Name node.SlotNames[slot], tensor.Name, element, value))

        // A number for each tensor, or numbers for all of them.
        for number in 0 .. node.OwnMemoryCount - 1 do
            let value = state.Memory[node.MemoryBase + number]

            if not (Double.IsFinite value) && (node.OwnMemoryCount <> node.Tensors.Length || number = index) then
                raise (NonFiniteStateException(node.Name node.MemoryNames[number], tensor.Name, 0, value))

/// Checks all tensors that are not frozen.
let private checkState (state: State<'T>) (parameters: ReadOnlySpan<'T>) : unit =
    let nodes = state.Plan.Nodes
    let slotsAreFinite = not (Double.IsNaN(Sums.finite (ReadOnlySpan state.Block)))
    let numbersAreFinite = not (Double.IsNaN(Sums.finite (ReadOnlySpan state.Memory)))

    for n in 0 .. (if slotsAreFinite && numbersAreFinite then 0 else nodes.Length) - 1 do
        let node = nodes[n]

        for i in 0 .. (if node.ActiveCount = 0 || node.Kind.Role <> Role.Rule then 0 else node.Tensors.Length) - 1 do
            let part = state.Plan.Tensors[node.Tensors[i]]

            // A plan without groups may walk all tensors as one.
            for k in 0 .. state.Layout.Parameters.Count - 1 do
                let tensor = state.Layout.Parameters[k]

                if tensor.Offset >= part.Offset && tensor.Offset + tensor.Length <= part.Offset + part.Length then
                    checkTensor state parameters node i (tensor.Offset - part.Offset) tensor

/// <summary>
/// One step. The target holds the parameters, of which Δ is taken away, or zeros, and Δ is written there. A step that ends in an
/// error of the library's leaves state and target as they were.
/// </summary>
let run
    (vectors: bool)
    (state: State<'T>)
    (gradient: ReadOnlySpan<'T>)
    (parameters: ReadOnlySpan<'T>)
    (target: Span<'T>)
    (subtract: bool)
    : unit =
    let plan = state.Plan
    let nodes = plan.Nodes

    for i in 0 .. nodes.Length - 1 do
        let node = nodes[i]
        node.HasBegun <- false
        node.IsReached <- false
        node.IsDecided <- false
        node.Observed <- 0

    if state.Step % stepsBetweenChecks = 0L then
        checkState state parameters

    let work = Work<'T>(state, gradient, parameters, target, subtract, vectors)
    let hasParameters = work.HasParameters
    // Filled only where a gate may throw after parts in front of it or beside it have run.
    let mutable slotsBefore: 'T array | null = null
    let mutable targetBefore: 'T array | null = null
    state.KeepNumbers()

    try
        for k in 0 .. plan.Tensors.Length - 1 do
            let parts = plan.PartsOf k
            let mutable i = 0

            while i < parts.Length do
                let struct (node, _) = parts[i]
                i <- if beginPart state hasParameters node then i + 1 else parts.Length

        let mutable mayThrow = false

        for i in 0 .. nodes.Length - 1 do
            mayThrow <- mayThrow || nodes[i].MayThrow

        if mayThrow then
            slotsBefore <- Array.copy state.Block
            targetBefore <- target.ToArray()

        walk work
    with _ ->
        for i in 0 .. nodes.Length - 1 do
            state.PutBackNumbers nodes[i]

        match slotsBefore, targetBefore with
        | NonNull slots, NonNull values ->
            slots.CopyTo(state.Block, 0)
            values.CopyTo target
        | _ -> ()

        reraise ()

    for i in 0 .. nodes.Length - 1 do
        if nodes[i].HasBegun && not nodes[i].IsReached then
            state.PutBackNumbers nodes[i]

    state.Advance()
