namespace CuteDl.Core.Optimizers

open System
open System.Numerics

/// <summary>
/// What an optimizer remembers between steps: how many steps were taken, named slots as long as the parameters that they belong to,
/// and named numbers.
/// </summary>
/// <remarks>Made by <c>Optimizer.init</c>. The pure step leaves it untouched; the in-place step overwrites it.</remarks>
[<Sealed>]
type State<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    internal (layout: Layout, plan: Plan, step: int64, steps: int64 array, block: 'T array, memory: float array) =

    let mutable step = step
    let mutable plan = plan

    // Where the parts of a chain leave what the next ones take up: for all elements, and for a block of them.
    let mutable buffer: 'T array = [||]
    let mutable scratch: 'T array = [||]

    // The counts and numbers before the step at hand, for parts that turn out not to take it.
    let stepsBefore: int64 array = Array.zeroCreate steps.Length
    let memoryBefore: float array = Array.zeroCreate memory.Length

    // Slots start at multiples of the widest vector, so that none is astride two of the cache's lines.
    static let alignment = 64 / sizeof<'T>

    static member internal PlanOf(optimizer: Optimizer, layout: Layout) = Plan(optimizer, layout, alignment)

    static member internal Zero(optimizer: Optimizer, layout: Layout) =
        if typeof<'T> <> typeof<float32> && typeof<'T> <> typeof<float> then
            raise (NotSupportedException $"optimizers compute with 32 and 64 bits (Single and Double), not with {typeof<'T>.Name}.")

        let plan = State<'T>.PlanOf(optimizer, layout)

        State<'T>(
            layout,
            plan,
            0L,
            Array.zeroCreate plan.Nodes.Length,
            Array.zeroCreate plan.SlotLength,
            Array.zeroCreate plan.MemoryLength
        )

    /// <summary>How many steps were taken: t = 0 is the initial state.</summary>
    member _.Step = step

    /// <summary>How many parameters there are.</summary>
    member _.Length = layout.Length

    /// <summary>The tensors that the parameters are made of.</summary>
    member _.Layout = layout

    /// <summary>
    /// The names of the slots. In a chain they begin with the part's number and kind, <c>2.adam.average</c>; in groups, with the
    /// pattern.
    /// </summary>
    member _.SlotNames: string list =
        [ for node in plan.Nodes do
              for slot in node.SlotNames -> node.Name slot ]

    /// A slot by its name, to be filled.
    member internal state.WritableSlot(slotName: string) : Memory<'T> =
        let found =
            plan.Nodes
            |> Seq.tryPick (fun node ->
                node.SlotNames
                |> Seq.tryFindIndex (fun slot -> node.Name slot = slotName)
                |> Option.map (fun slot -> node, slot))

        match found with
        | Some(node, slot) -> Memory(block, node.SlotBase + slot * node.Stride, node.Length)
        | None ->
            let known =
                match state.SlotNames with
                | [] -> "this optimizer keeps none"
                | names -> "known are " + String.Join(", ", names)

            raise (ArgumentException($"no slot is named '{slotName}': {known}", nameof slotName))

    /// <summary>A slot by its name: one value for each parameter that the part works on.</summary>
    /// <exception cref="T:System.ArgumentException">The state has no such slot.</exception>
    member state.Item
        with get (slotName: string): ReadOnlyMemory<'T> = Memory<'T>.op_Implicit(state.WritableSlot slotName)

    /// <summary>The numbers by their names, such as the distance that a rule without a rate has estimated.</summary>
    member _.Numbers: (string * float) list =
        [ for node in plan.Nodes do
              for i, name in List.indexed node.MemoryNames -> node.Name name, memory[node.MemoryBase + i] ]

    /// <summary>A state of its own with the same content.</summary>
    member _.Copy() =
        State<'T>(layout, State<'T>.PlanOf(plan.Optimizer, layout), step, Array.copy steps, Array.copy block, Array.copy memory)

    /// The same content after another number of steps; for states that come from files.
    member internal _.At(step: int64) = State<'T>(layout, plan, step, steps, block, memory)

    member internal _.Plan
        with get () = plan
        and set value = plan <- value

    member internal _.Block = block
    member internal _.Memory = memory
    member internal _.Steps = steps
    member internal _.Advance() = step <- step + 1L

    member internal _.KeepNumbers() =
        steps.CopyTo(stepsBefore, 0)
        memory.CopyTo(memoryBefore, 0)

    /// As before the step: what a part counts and remembers as numbers.
    member internal _.PutBackNumbers(node: PartNode) =
        steps[node.Index] <- stepsBefore[node.Index]
        Array.Copy(memoryBefore, node.MemoryBase, memory, node.MemoryBase, node.MemoryNames.Length)

    member internal _.Buffer =
        if buffer.Length < layout.Length then
            buffer <- Array.zeroCreate layout.Length

        buffer

    member internal _.Scratch(length: int) =
        if scratch.Length < length then
            scratch <- Array.zeroCreate length

        scratch
