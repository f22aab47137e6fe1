namespace CuteDl.Core.Optimizers

open System
open System.Numerics

/// <summary>A slot or a number of a state is not finite, so that a parameter would never change again.</summary>
/// <remarks>Looked for at every 16th step, before anything changes. Not thrown for tensors with parameters that are not finite.</remarks>
type NonFiniteStateException(slotName: string, tensorName: string, element: int, value: float) =
    inherit
        ArithmeticException(
            $"The optimizer's state holds {NumberText.ofFloat value} in '{slotName}', element {element}"
            + (if tensorName = "" then "" else $" of '{tensorName}'")
            + ": the parameter would never change again. A gradient was infinite or too large to square. "
            + "Put skip_non_finite or clip_value in front of the rule, and start from a new or an earlier state."
        )

    /// <summary>The name of the slot or number in the state.</summary>
    member _.SlotName = slotName
    /// <summary>The tensor's name; empty if it has none.</summary>
    member _.TensorName = tensorName
    /// <summary>The element within the tensor, counted from 0; 0 for a number.</summary>
    member _.Element = element
    /// <summary>The value that is not finite.</summary>
    member _.Value = value

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

    /// The first difference between two plans that keeps one from continuing with the other's state.
    static member internal Difference(plan: Plan, next: Plan) : string =
        let partOf (node: PartNode) = if node.Path = "" then node.Kind.Name else $"{node.Kind.Name} at {node.Path}"

        let tensorsOf (plan: Plan) (node: PartNode) =
            let names = [ for k in node.Tensors -> $"'{plan.Tensors[k].Name}'" ]
            Quotation.shorten (String.Join(", ", names))

        let keptBy (node: PartNode) = "[" + String.Join(", ", node.SlotNames @ node.MemoryNames) + "]"

        let pairs = Seq.zip plan.Nodes next.Nodes

        match pairs |> Seq.tryFind (fun (a, b) -> a.Path <> b.Path || a.Kind.Name <> b.Kind.Name) with
        | Some(a, b) -> $"the rules differ, {partOf a} and {partOf b}"
        | None ->
            match
                pairs
                |> Seq.tryFind (fun (a, b) -> a.SlotNames <> b.SlotNames || a.MemoryNames.Length <> b.MemoryNames.Length)
            with
            | Some(a, b) -> $"{partOf a} keeps {keptBy a} there and {keptBy b} here"
            | None ->
                match pairs |> Seq.tryFind (fun (a, b) -> a.Tensors <> b.Tensors) with
                | Some(a, b) -> $"{partOf a} works on {tensorsOf plan a} there and on {tensorsOf next b} here"
                | None -> $"there are {plan.Nodes.Length} parts there and {next.Nodes.Length} here"

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
