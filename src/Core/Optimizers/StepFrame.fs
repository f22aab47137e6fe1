namespace CuteDl.Core.Optimizers

open System
open System.Numerics
open System.Threading
open CuteDl.Core.Numerics

/// The memory of one step while it runs: the frames of the parts, and the intermediate results. It is reused after the step.
[<Sealed>]
type internal StepFrame<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> private (plan: Plan) =

    // A schedule may need the length of the run only later, in the middle of a training. So it is checked before the first step.
    do OptimizerRun.refuse plan.Optimizer

    // Intermediate gradients between the parts of a chain: for all elements, and for a block.
    let mutable buffer: 'T array = [||]
    // One for each thread that shares a step.
    let mutable scratches: 'T array array = [| [||] |]
    // The gradients that enter rules, for parts that compare steps with them.
    let mutable kept: 'T array = [||]

    let mutable memories: TensorMemory<'T> array = [||]

    // For telemetry: the input of a part that overwrites it, of a block and of whole tensors.
    let mutable blockBefore: 'T array = [||]
    let mutable tensorsBefore: 'T array = [||]
    let mutable meter: StepMeter | null = null

    // Backup of step counts and scalars, restored for parts that skip this step.
    let stepsBefore: int64 array = Array.zeroCreate plan.Nodes.Length
    let scalarsBefore: float array = Array.zeroCreate plan.ScalarLength
    let parts = plan.Nodes |> Array.map PartFrame

    /// <summary>Takes the spare frame of a plan, or creates one. Steps at the same time get different frames.</summary>
    static member Rent(plan: Plan) : StepFrame<'T> =
        match Interlocked.Exchange<obj | null>(&plan.Spare, null) with
        | :? StepFrame<'T> as frame -> frame
        | _ -> StepFrame<'T> plan

    /// <summary>Gives the frame back to its plan, for the next step.</summary>
    member frame.Return() : unit =
        // The memory of a caller must not be kept alive.
        Array.Clear memories
        Volatile.Write<obj | null>(&plan.Spare, frame)

    /// The plan of the step.
    member _.Plan = plan

    /// The frames of the parts, in the order of the plan's nodes.
    member _.Parts: PartFrame array = parts

    /// The frame of a part.
    member _.Of(node: PartNode) : PartFrame = parts[node.Index]

    /// The memory of each tensor, for steps over tensors.
    member _.Memories: TensorMemory<'T> array =
        if memories.Length < plan.Tensors.Length then
            memories <- Array.zeroCreate plan.Tensors.Length

        memories

    /// The work of the threads that share a step; null before the first.
    member val Shared: SharedWork | null = null with get, set

    /// The next segment of each tensor.
    member val Progress: int array = Array.zeroCreate plan.Tensors.Length

    /// Prepares the frame for a step of a state.
    member _.Begin(state: State<'T>) : unit =
        for part in parts do
            part.Reset()

        state.Steps.CopyTo(stepsBefore, 0)
        state.Scalars.CopyTo(scalarsBefore, 0)

    /// Restores the step count and the scalars of a part to their values before the step.
    member _.PutBack(state: State<'T>, node: PartNode) : unit =
        state.Steps[node.Index] <- stepsBefore[node.Index]
        Array.Copy(scalarsBefore, node.ScalarBase, state.Scalars, node.ScalarBase, node.ScalarNames.Length)

    /// Returns a buffer of at least this length, made anew if it is shorter.
    static member private AtLeast(length: int, buffer: byref<'T array>) : 'T array =
        if buffer.Length < length then
            buffer <- Array.zeroCreate length

        buffer

    member _.Buffer(length: int) : 'T array = StepFrame<'T>.AtLeast(length, &buffer)
    member _.Kept(length: int) : 'T array = StepFrame<'T>.AtLeast(length, &kept)

    /// Returns the buffer of a thread for a block.
    member _.Scratch(thread: int, length: int) : 'T array = StepFrame<'T>.AtLeast(length, &scratches[thread])

    /// Prepares the buffers of several threads.
    member _.ScratchFor(threads: int) : unit =
        if scratches.Length < threads then
            let before = scratches.Length
            Array.Resize(&scratches, threads)
            Array.Fill(scratches, [||], before, threads - before)

    member _.BlockBefore(length: int) : 'T array = StepFrame<'T>.AtLeast(length, &blockBefore)
    member _.TensorsBefore(length: int) : 'T array = StepFrame<'T>.AtLeast(length, &tensorsBefore)

    /// Returns the meter for the telemetry of a new step.
    member _.NewMeter() : StepMeter =
        match meter with
        | null ->
            let created = StepMeter plan
            meter <- created
            created
        | meter ->
            meter.Reset()
            meter
