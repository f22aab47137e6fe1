namespace CuteDl.Core.Optimizers

#nowarn "9" // Addresses of spans that several threads read and write.

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open CuteDl.Core.Numerics

module internal StepBlock =

    /// The number of elements of a block: in single precision, an array of a block takes a third of an L1 cache of 48 KiB.
    [<Literal>]
    let Length = 4096

    /// The fewest elements of a tensor that are worth a helper.
    [<Literal>]
    let LeastShared = 16_384L

    /// Elements between threads are divided at multiples of this, so that two threads rarely write the same cache line.
    [<Literal>]
    let Border = 64

    /// The update after a part that transforms whole tensors, if that part is the last one.
    let Identity: IRule = Identity()

/// The arguments of one step, and the passes over the memory of one tensor.
///
/// The parameters are one flat array with its gradient, or separate memory for each tensor. Buffers and slots are as in the flat array for
/// both. An index k is that of a tensor in the plan.
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type internal StepWork<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    val State: State<'T>
    val Frame: StepFrame<'T>
    val IsFlat: bool
    val private gradient: ReadOnlySpan<'T>
    val private parameters: ReadOnlySpan<'T>
    val private target: Span<'T>
    val private memories: TensorMemory<'T> array
    val private subtract: bool
    val private vectors: bool
    val private meter: StepMeter | null
    // The number of this thread among those that share the step.
    val private thread: int

    /// A step over flat arrays. The parameters can be empty.
    new(state, frame, gradient, parameters, target, subtract, vectors, meter) =
        { State = state
          Frame = frame
          IsFlat = true
          gradient = gradient
          parameters = parameters
          target = target
          memories = [||]
          subtract = subtract
          vectors = vectors
          meter = meter
          thread = 0 }

    /// A step over the memories of the frame.
    new(state, frame: StepFrame<'T>, subtract, meter) =
        { State = state
          Frame = frame
          IsFlat = false
          gradient = ReadOnlySpan<'T>.Empty
          parameters = ReadOnlySpan<'T>.Empty
          target = Span<'T>.Empty
          memories = frame.Memories
          subtract = subtract
          vectors = true
          meter = meter
          thread = 0 }

    /// The step as one of the threads sees it that share a segment. There is no telemetry.
    new(shared: SharedStep<'T>, thread) =
        { State = shared.State.Value
          Frame = shared.Frame
          IsFlat = shared.IsFlat
          gradient = shared.Gradient.ReadOnly
          parameters = shared.Parameters.ReadOnly
          target = shared.Target.Span
          memories = if shared.IsFlat then [||] else shared.Frame.Memories
          subtract = shared.Subtracts
          vectors = shared.UsesVectors
          meter = null
          thread = thread }

    member work.Plan: Plan = work.Frame.Plan

    member work.HasParameters = not work.IsFlat || work.subtract || work.parameters.Length = work.State.Length

    /// True if the tensor has a gradient in this step.
    member work.HasGradient(k: int) : bool = work.IsFlat || work.memories[k].HasGradient

    /// Returns the parameters of a part of a tensor; empty if they are unknown.
    member work.ParametersAt(k: int, tensor: Parameter, from: int, length: int) : ReadOnlySpan<'T> =
        if work.IsFlat then
            if work.parameters.IsEmpty then
                work.parameters
            else
                work.parameters.Slice(tensor.Offset + from, length)
        elif work.memories[k].IsGiven then
            work.memories[k].Parameters.Span.Slice(from, length)
        else
            ReadOnlySpan<'T>.Empty

    member private work.GradientAt(k: int, tensor: Parameter, from: int, length: int) : ReadOnlySpan<'T> =
        if work.IsFlat then
            work.gradient.Slice(tensor.Offset + from, length)
        else
            work.memories[k].Gradient.Span.Slice(from, length)

    member private work.TargetAt(k: int, tensor: Parameter, from: int, length: int) : Span<'T> =
        if work.IsFlat then
            work.target.Slice(tensor.Offset + from, length)
        else
            work.memories[k].Target.Span.Slice(from, length)

    /// Returns a copy of the targets of all tensors, one after another.
    member work.CopyTargets() : 'T array =
        if work.IsFlat then
            work.target.ToArray()
        else
            let copy = Array.zeroCreate work.State.Length

            for k in 0 .. work.memories.Length - 1 do
                if work.memories[k].HasGradient then
                    work.memories[k].Target.Span.CopyTo(Span(copy).Slice(work.Plan.Tensors[k].Offset))

            copy

    /// Restores the targets from a copy.
    member work.RestoreTargets(copy: 'T array) : unit =
        if work.IsFlat then
            copy.CopyTo work.target
        else
            for k in 0 .. work.memories.Length - 1 do
                if work.memories[k].HasGradient then
                    let tensor = work.Plan.Tensors[k]
                    ReadOnlySpan(copy, tensor.Offset, tensor.Length).CopyTo work.memories[k].Target.Span

    /// Intermediate gradients of all elements.
    member private work.Buffer: 'T array = work.Frame.Buffer work.State.Length

    /// The gradients that enter rules, for parts that compare steps with them.
    member private work.Kept: 'T array = work.Frame.Kept work.State.Length

    /// Returns the second operand of a part: the parameters, or the gradient of the rule before it.
    member private work.Operand(node: PartNode, start: int, source: ReadOnlySpan<'T>, parameters: ReadOnlySpan<'T>) : ReadOnlySpan<'T> =
        if not node.ReadsGradient then parameters
        elif node.FollowsRule then ReadOnlySpan(work.Kept, start, source.Length)
        else source

    /// Returns the slots of a part, from an element of one of its tensors.
    member private work.SlotsOf(node: PartNode, index: int, from: int) : Span<'T> =
        if node.SlotCount = 0 then
            Span<'T>.Empty
        else
            let start = node.Start index + from
            Span(work.State.Block, node.SlotBase + start, node.Stride * node.SlotCount - start)

    member private work.Reduce(node: PartNode, index: int, from: int, gradient: ReadOnlySpan<'T>, parameters: ReadOnlySpan<'T>) : unit =
        let part = work.Frame.Of node

        match part.Reducing with
        | null -> ()
        | rule ->
            let sums = part.Decision.SumsOf index
            let coefficients = part.Decision.CoefficientsOf index
            let slots = work.SlotsOf(node, index, from)

            rule.Reduce(
                part.StepOf index,
                TensorSlice<'T>(gradient, parameters, sums, coefficients, slots, node.SlotCount, node.Stride, work.vectors)
            )

    /// Returns the input of a part for a comparison with its output, copied if the output overwrites it.
    member private work.Before(source: ReadOnlySpan<'T>, target: Span<'T>) : ReadOnlySpan<'T> =
        if source.Overlaps(Span<'T>.op_Implicit target) then
            let copy = Span(work.Frame.BlockBefore StepBlock.Length, 0, source.Length)
            source.CopyTo copy
            Span<'T>.op_Implicit copy
        else
            source

    /// Measures the input of a block.
    member private work.MeasureInput(meter: StepMeter, segment: Segment, k: int, from: int, source: ReadOnlySpan<'T>) : unit =
        let tensor = work.Plan.Tensors[k]

        match segment.HeadProbe with
        | Probe.Clips number when segment.ReadsBuffer ->
            let before =
                ReadOnlySpan(work.Frame.TensorsBefore work.State.Length, tensor.Offset + from, source.Length)

            meter.AddClipped(k, number, before, source)
        | Probe.Clips number -> meter.AddClipped(k, number, work.GradientAt(k, tensor, from, source.Length), source)
        | Probe.EntersRule
        | Probe.Nothing -> ()

        if segment.IsFirst && segment.Head.IsNone then
            meter.AddGradient(k, source)

    /// Runs one block through the first parts of a segment. The Δ of the last part goes to the target, to the buffer for the next segment, or
    /// nowhere if a part is closed.
    member private work.Block(segment: Segment, count: int, k: int, from: int, length: int, isLast: bool, isOpen: bool) : unit =
        let tensor = work.Plan.Tensors[k]
        let start = tensor.Offset + from
        let parameters = work.ParametersAt(k, tensor, from, length)

        let mutable source =
            if segment.ReadsBuffer || segment.Head.IsSome then
                ReadOnlySpan(work.Buffer, start, length)
            else
                work.GradientAt(k, tensor, from, length)

        let meter = work.meter
        // For telemetry, Δ is measured before it is subtracted.
        let waits = work.subtract && not (isNull meter)

        match meter with
        | null -> ()
        | meter -> work.MeasureInput(meter, segment, k, from, source)

        for i in 0 .. count - 1 do
            let struct (node, index) = segment.Parts[i]
            let part = work.Frame.Of node
            // The loop subtracts from the parameters only if they are its operand.
            let goesOut = isLast && isOpen && i = count - 1 && not node.ReadsGradient && not waits

            let target =
                if goesOut then
                    work.TargetAt(k, tensor, from, length)
                elif isLast || not isOpen then
                    Span(work.Frame.Scratch(work.thread, min StepBlock.Length work.State.Length), 0, length)
                else
                    Span(work.Buffer, start, length)

            let operand = work.Operand(node, start, source, parameters)

            if node.KeepsGradient then
                source.CopyTo(Span(work.Kept, start, length))

            if node.Reduces then
                work.Reduce(node, index, from, source, operand)

            let mutable before = ReadOnlySpan<'T>.Empty

            match meter with
            | null -> ()
            | meter ->
                match segment.Probes[i] with
                | Probe.Nothing -> ()
                | Probe.EntersRule -> meter.AddRuleGradient(k, source)
                | Probe.Clips _ -> before <- work.Before(source, target)

            match part.Rule with
            | null -> ()
            | rule ->
                UpdateKernel.run
                    work.vectors
                    rule
                    (part.StepOf index)
                    (part.Decision.CoefficientsOf index)
                    source
                    operand
                    (work.SlotsOf(node, index, from))
                    node.SlotCount
                    node.Stride
                    target
                    (goesOut && work.subtract)

            source <- Span<'T>.op_Implicit target

            match meter with
            | null -> ()
            | meter ->
                match segment.Probes[i] with
                | Probe.Clips number -> meter.AddClipped(k, number, before, source)
                | Probe.EntersRule
                | Probe.Nothing -> ()

        match meter with
        | null -> ()
        | meter when isOpen && isLast ->
            meter.AddUpdate(k, source)
            meter.AddParameters(k, parameters)
        | meter when isOpen && segment.EntersRule -> meter.AddRuleGradient(k, source)
        | _ -> ()

        let isLeft =
            waits || count = 0 || (let struct (node, _) = segment.Parts[count - 1] in node.ReadsGradient)

        if isLast && isOpen && isLeft then
            let target = work.TargetAt(k, tensor, from, length)

            UpdateKernel.run work.vectors StepBlock.Identity 0L ReadOnlySpan.Empty source parameters Span.Empty 0 0 target work.subtract

        match segment.Waiting with
        | ValueSome(struct (node, index)) when isOpen ->
            work.Reduce(node, index, from, source, work.Operand(node, start, source, parameters))
        | _ -> ()

    /// Prepares the buffer for a rule that transforms the whole tensor, and measures the gradient.
    member private work.MeasureHead(meter: StepMeter, segment: Segment, k: int, buffer: Span<'T>) : unit =
        let tensor = work.Plan.Tensors[k]

        if segment.ReadsBuffer then
            match segment.HeadProbe with
            | Probe.Clips _ -> buffer.CopyTo(Span(work.Frame.TensorsBefore work.State.Length, tensor.Offset, tensor.Length))
            | Probe.EntersRule
            | Probe.Nothing -> ()
        else
            let mutable from = 0

            while from < tensor.Length do
                let length = min StepBlock.Length (tensor.Length - from)
                let gradient = work.GradientAt(k, tensor, from, length)
                gradient.CopyTo(buffer.Slice(from, length))

                if segment.IsFirst then
                    meter.AddGradient(k, gradient)

                from <- from + length

    /// Measures a tensor at the end of a segment: it takes the step, or a part is closed and its parameters are not read otherwise.
    member private work.MeasureEnd(meter: StepMeter, k: int, isLast: bool, isOpen: bool) : unit =
        if isOpen then
            if isLast then
                meter.Complete k
        else
            let tensor = work.Plan.Tensors[k]
            let mutable from = 0

            while from < tensor.Length do
                let length = min StepBlock.Length (tensor.Length - from)
                meter.AddParameters(k, work.ParametersAt(k, tensor, from, length))
                from <- from + length

    /// Runs a rule that transforms the whole tensor, in the buffer.
    member private work.Head(node: PartNode, segment: Segment, k: int) : unit =
        let tensor = work.Plan.Tensors[k]
        let buffer = Span(work.Buffer, tensor.Offset, tensor.Length)

        match work.meter with
        | null ->
            if not segment.ReadsBuffer then
                work.GradientAt(k, tensor, 0, tensor.Length).CopyTo buffer
        | meter -> work.MeasureHead(meter, segment, k, buffer)

        let part = work.Frame.Of node

        if node.KeepsGradient then
            buffer.CopyTo(Span(work.Kept, tensor.Offset, tensor.Length))

        match part.Part with
        | :? ITensorRule as rule ->
            let parameters = work.ParametersAt(k, tensor, 0, tensor.Length)
            let slots = work.SlotsOf(node, segment.HeadIndex, 0)

            rule.Transform(
                part.StepOf segment.HeadIndex,
                WholeTensor<'T>(buffer, parameters, tensor, slots, node.SlotCount, node.Stride, work.vectors)
            )
        | _ -> ()

    /// Runs the blocks of a part of a tensor.
    member work.Blocks(segment: Segment, count: int, k: int, first: int, past: int, step: int, isLast: bool, isOpen: bool) : unit =
        let mutable from = first

        while from < past do
            let size = min step (past - from)
            work.Block(segment, count, k, from, size, isLast, isOpen)
            from <- from + size

    /// Divides the blocks of a tensor between threads.
    member private work.Share
        (shared: SharedStep<'T>, segment: Segment, count: int, k: int, step: int, isLast: bool, isOpen: bool, parts: int)
        : unit =
        use gradient = fixed &MemoryMarshal.GetReference work.gradient
        use parameters = fixed &MemoryMarshal.GetReference work.parameters
        use target = fixed &MemoryMarshal.GetReference work.target
        // Made before the threads use them.
        work.Frame.ScratchFor parts

        if not isLast then
            work.Buffer |> ignore

        for struct (node, _) in segment.Parts do
            if node.KeepsGradient then
                work.Kept |> ignore

        shared.State <- ValueSome work.State
        shared.IsFlat <- work.IsFlat
        shared.Gradient <- Pinned(gradient, work.gradient.Length)
        shared.Parameters <- Pinned(parameters, work.parameters.Length)
        shared.Target <- Pinned(target, work.target.Length)
        shared.Subtracts <- work.subtract
        shared.UsesVectors <- work.vectors
        shared.Segment <- ValueSome segment
        shared.Count <- count
        shared.Tensor <- k
        shared.Step <- step
        shared.IsLast <- isLast
        shared.IsOpen <- isOpen
        Team.Run(shared, parts)
        shared.State <- ValueNone

    /// Runs a segment of a tensor. Returns false if a part is closed; nothing else of this tensor then changes in this step.
    member work.Segment(segment: Segment, k: int, isLast: bool) : bool =
        let length = work.Plan.Tensors[k].Length
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
            | ValueSome node -> work.Head(node, segment, k)
            | ValueNone -> ()

            // A single part needs no blocks, because no other part reuses the cached data. A reducing part uses them anyway, so that the
            // bits of its sums do not depend on the other parts.
            let isSimple =
                isNull work.meter
                && count = 1
                && segment.Waiting.IsNone
                && isOpen
                && (let struct (node, _) = segment.Parts[0] in not node.Reduces && not node.ReadsGradient)

            let step = if isSimple then length else StepBlock.Length

            let parts =
                if isNull work.meter && segment.IsElementwise then
                    Team.Parts(int64 length, StepBlock.LeastShared, length / StepBlock.Border)
                else
                    1

            match work.Frame.Shared with
            | :? SharedStep<'T> as shared when parts > 1 -> work.Share(shared, segment, count, k, step, isLast, isOpen, parts)
            | _ -> work.Blocks(segment, count, k, 0, length, step, isLast, isOpen)

        match work.meter with
        | null -> ()
        | meter -> work.MeasureEnd(meter, k, isLast, isOpen)

        isOpen

    /// Returns the telemetry of a step that has ended.
    member work.Telemetry(meter: StepMeter) : StepTelemetry =
        let tensors: TensorTelemetry array = Array.zeroCreate work.Plan.Tensors.Length

        for k in 0 .. tensors.Length - 1 do
            tensors[k] <- meter.Result(k, work.HasGradient k)

        StepTelemetry(work.State.Layout, tensors)
