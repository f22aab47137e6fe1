/// Runs one step of any optimizer in as few passes over memory as its parts allow.
///
/// The parts of a tensor form segments. A segment is one pass over blocks that fit into the L1 cache. In each block, every part turns its
/// gradient into Δ, which is the gradient of the next part. The last part subtracts its Δ from the parameters. A new segment starts at a
/// part that needs a sum over whole tensors, such as a norm. The previous segment then writes its result to a buffer, and computes the sum
/// in the same loop.
module internal CuteDl.Core.Optimizers.Engine

open System
open System.Numerics

/// The number of elements of a block: in single precision, an array of a block takes a third of an L1 cache of 48 KiB.
let private blockLength = 4096

/// The update after a part that transforms whole tensors, if that part is the last one.
let private identity: IRule = Identity()

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
            part.IsOpen <- rule.Prepare(step, part.Decision)

    part.IsOpen

let private decide (part: PartFrame) : unit =
    match part.Reducing with
    | null -> ()
    | rule ->
        part.IsDecided <- true
        part.IsOpen <- rule.Decide(part.Step, part.Decision) && part.IsOpen

/// The arguments of one step.
[<Struct; System.Runtime.CompilerServices.IsByRefLike; NoEquality; NoComparison>]
type private Work<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    val State: State<'T>
    val Frame: StepFrame<'T>
    val Gradient: ReadOnlySpan<'T>
    val Parameters: ReadOnlySpan<'T>
    val Target: Span<'T>
    val Subtract: bool
    val Vectors: bool

    new(state, frame, gradient, parameters, target, subtract, vectors) =
        { State = state
          Frame = frame
          Gradient = gradient
          Parameters = parameters
          Target = target
          Subtract = subtract
          Vectors = vectors }

    member work.HasParameters = work.Subtract || work.Parameters.Length = work.Gradient.Length

    member work.ParametersAt(start: int, length: int) =
        if work.Parameters.IsEmpty then work.Parameters else work.Parameters.Slice(start, length)

    /// Intermediate gradients of all elements.
    member work.Buffer: 'T array = work.Frame.Buffer work.State.Length

    /// The gradients that enter rules, for parts that compare steps with them.
    member work.Kept: 'T array = work.Frame.Kept work.State.Length

    /// Returns the second operand of a part: the parameters, or the gradient of the rule before it.
    member work.Operand(node: PartNode, start: int, source: ReadOnlySpan<'T>, parameters: ReadOnlySpan<'T>) : ReadOnlySpan<'T> =
        if not node.ReadsGradient then parameters
        elif node.FollowsRule then ReadOnlySpan(work.Kept, start, source.Length)
        else source

    /// Returns the slots of a part, from an element of one of its tensors.
    member work.SlotsOf(node: PartNode, index: int, from: int) : Span<'T> =
        if node.SlotCount = 0 then
            Span<'T>.Empty
        else
            let start = node.Start index + from
            Span(work.State.Block, node.SlotBase + start, node.Stride * node.SlotCount - start)

    member work.Reduce(node: PartNode, index: int, from: int, gradient: ReadOnlySpan<'T>, parameters: ReadOnlySpan<'T>) : unit =
        let part = work.Frame.Of node

        match part.Reducing with
        | null -> ()
        | rule ->
            let sums = part.Decision.SumsOf index
            let coefficients = part.Decision.CoefficientsOf index
            let slots = work.SlotsOf(node, index, from)

            rule.Reduce(
                part.Step,
                TensorSlice<'T>(gradient, parameters, sums, coefficients, slots, node.SlotCount, node.Stride, work.Vectors)
            )

    /// Runs one block through the first parts of a segment. The Δ of the last part goes to the target, to the buffer for the next segment, or
    /// nowhere if a part is closed.
    member work.Block(segment: Segment, count: int, tensor: Parameter, from: int, length: int, isLast: bool, isOpen: bool) : unit =
        let start = tensor.Offset + from
        let parameters = work.ParametersAt(start, length)

        let mutable source =
            if segment.ReadsBuffer || segment.Head.IsSome then
                ReadOnlySpan(work.Buffer, start, length)
            else
                work.Gradient.Slice(start, length)

        for i in 0 .. count - 1 do
            let struct (node, index) = segment.Parts[i]
            let part = work.Frame.Of node
            // The loop subtracts from the parameters only if they are its operand.
            let goesOut = isLast && isOpen && i = count - 1 && not node.ReadsGradient

            let target =
                if goesOut then
                    work.Target.Slice(start, length)
                elif isLast || not isOpen then
                    Span(work.Frame.Scratch(min blockLength work.Gradient.Length), 0, length)
                else
                    Span(work.Buffer, start, length)

            let operand = work.Operand(node, start, source, parameters)

            if node.KeepsGradient then
                source.CopyTo(Span(work.Kept, start, length))

            if node.Reduces then
                work.Reduce(node, index, from, source, operand)

            match part.Rule with
            | null -> ()
            | rule ->
                UpdateKernel.run
                    work.Vectors
                    rule
                    part.Step
                    (part.Decision.CoefficientsOf index)
                    source
                    operand
                    (work.SlotsOf(node, index, from))
                    node.SlotCount
                    node.Stride
                    target
                    (goesOut && work.Subtract)

            source <- Span<'T>.op_Implicit target

        let isLeft = count = 0 || (let struct (node, _) = segment.Parts[count - 1] in node.ReadsGradient)

        if isLast && isOpen && isLeft then
            let target = work.Target.Slice(start, length)
            UpdateKernel.run work.Vectors identity 0L ReadOnlySpan.Empty source parameters Span.Empty 0 0 target work.Subtract

        match segment.Waiting with
        | ValueSome(struct (node, index)) when isOpen ->
            work.Reduce(node, index, from, source, work.Operand(node, start, source, parameters))
        | _ -> ()

    /// Runs a rule that transforms the whole tensor, in the buffer.
    member work.Head(node: PartNode, segment: Segment, tensor: Parameter) : unit =
        let buffer = Span(work.Buffer, tensor.Offset, tensor.Length)

        if not segment.ReadsBuffer then
            work.Gradient.Slice(tensor.Offset, tensor.Length).CopyTo buffer

        let part = work.Frame.Of node

        if node.KeepsGradient then
            buffer.CopyTo(Span(work.Kept, tensor.Offset, tensor.Length))

        match part.Part with
        | :? ITensorRule as rule ->
            let parameters = work.ParametersAt(tensor.Offset, tensor.Length)
            let slots = work.SlotsOf(node, segment.HeadIndex, 0)
            rule.Transform(part.Step, WholeTensor<'T>(buffer, parameters, tensor, slots, node.SlotCount, node.Stride, work.Vectors))
        | _ -> ()

    /// Runs a segment of a tensor. Returns false if a part is closed; nothing else of this tensor then changes in this step.
    member work.Segment(segment: Segment, tensor: Parameter, isLast: bool) : bool =
        let mutable isOpen = true
        let mutable count = 0
        // A part that closes after reducing does nothing in this step.
        let mutable isRefused = false

        match segment.Head with
        | ValueSome node -> (work.Frame.Of node).IsReached <- true
        | ValueNone -> ()

        // Parts after a closed one do not take a step.
        while isOpen && count < segment.Parts.Length do
            let struct (node, _) = segment.Parts[count]
            let part = work.Frame.Of node
            part.IsReached <- true
            isOpen <- part.IsOpen
            isRefused <- part.IsDecided && not part.IsOpen
            count <- count + 1

        if isOpen then
            match segment.Waiting with
            | ValueSome(struct (node, _)) -> (work.Frame.Of node).IsReached <- true
            | ValueNone -> ()

        if not isRefused then
            match segment.Head with
            | ValueSome node -> work.Head(node, segment, tensor)
            | ValueNone -> ()

            // A single part needs no blocks, because no other part reuses the cached data. A reducing part uses them anyway, so that the
            // bits of its sums do not depend on the other parts.
            let isSimple =
                count = 1
                && segment.Waiting.IsNone
                && isOpen
                && (let struct (node, _) = segment.Parts[0] in not node.Reduces && not node.ReadsGradient)

            let step = if isSimple then tensor.Length else blockLength
            let mutable from = 0

            while from < tensor.Length do
                let length = min step (tensor.Length - from)
                work.Block(segment, count, tensor, from, length, isLast, isOpen)
                from <- from + length

        isOpen

/// Runs every tensor through its parts.
let private walk (work: Work<'T>) : unit =
    let plan = work.State.Plan
    let parts = work.Frame.Parts
    let progress = work.Frame.Progress
    Array.Clear progress
    let mutable left = 0

    // A frozen tensor has no segments.
    for k in 0 .. progress.Length - 1 do
        if (plan.SegmentsOf k).Length > 0 then
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
                let isOpen = work.Segment(segments[next], plan.Tensors[k], (next = segments.Length - 1))
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

            if part.IsReached && not part.IsDecided && part.Reduced = part.Node.ActiveCount then
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
    let isFinite =
        parameters.IsEmpty
        || not (Double.IsNaN(Reductions.finite (parameters.Slice(tensor.Offset, tensor.Length))))

    if isFinite then
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

/// Checks all tensors that are not frozen.
let private checkState (state: State<'T>) (parameters: ReadOnlySpan<'T>) : unit =
    let nodes = state.Plan.Nodes
    let slotsAreFinite = not (Double.IsNaN(Reductions.finite (ReadOnlySpan state.Block)))
    let numbersAreFinite = not (Double.IsNaN(Reductions.finite (ReadOnlySpan state.Scalars)))

    for n in 0 .. (if slotsAreFinite && numbersAreFinite then 0 else nodes.Length) - 1 do
        let node = nodes[n]

        let isChecked = node.ActiveCount > 0 && node.Kind.IsRule && not (node.First :? INonFiniteState)

        for i in 0 .. (if isChecked then node.Tensors.Length else 0) - 1 do
            let part = state.Plan.Tensors[node.Tensors[i]]

            // A plan without groups can treat all tensors as one.
            for k in 0 .. state.Layout.Parameters.Count - 1 do
                let tensor = state.Layout.Parameters[k]

                if tensor.Offset >= part.Offset && tensor.Offset + tensor.Length <= part.Offset + part.Length then
                    checkTensor state parameters node i (tensor.Offset - part.Offset) tensor

/// <summary>
/// Takes one step. The target holds the parameters, from which Δ is subtracted, or zeros, which Δ replaces. If the library throws, state
/// and target do not change.
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

    if state.Step % stepsBetweenChecks = 0L then
        checkState state parameters

    let frame = StepFrame<'T>.Rent plan
    frame.Begin state
    let frames = frame.Parts
    let work = Work<'T>(state, frame, gradient, parameters, target, subtract, vectors)
    let hasParameters = work.HasParameters
    // Only needed if a gate can throw after other parts have run.
    let mutable slotsBefore: 'T array | null = null
    let mutable targetBefore: 'T array | null = null

    try
        for k in 0 .. plan.Tensors.Length - 1 do
            let parts = plan.PartsOf k
            let mutable i = 0

            while i < parts.Length do
                let struct (node, _) = parts[i]
                i <- if beginPart state frame hasParameters (frame.Of node) then i + 1 else parts.Length

        let mutable mayThrow = false

        for i in 0 .. frames.Length - 1 do
            mayThrow <- mayThrow || frames[i].MayThrow

        if mayThrow then
            slotsBefore <- Array.copy state.Block
            targetBefore <- target.ToArray()

        walk work
    with _ ->
        for i in 0 .. frames.Length - 1 do
            frame.PutBack(state, frames[i].Node)

        match slotsBefore, targetBefore with
        | NonNull slots, NonNull values ->
            slots.CopyTo(state.Block, 0)
            values.CopyTo target
        | _ -> ()

        reraise ()

    for i in 0 .. frames.Length - 1 do
        if frames[i].HasBegun && not frames[i].IsReached then
            frame.PutBack(state, frames[i].Node)

    state.Advance()
    frame.Return()
