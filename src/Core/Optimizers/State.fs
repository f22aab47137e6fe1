namespace CuteDl.Core.Optimizers

open System
open System.Globalization
open System.Numerics

/// <summary>Thrown if a slot or number of a state is not finite, so that a parameter would never change again.</summary>
/// <remarks>Checked at every 16th step, before anything changes. Not thrown for tensors whose parameters are not finite.</remarks>
type NonFiniteStateException(slotName: string, tensorName: string, element: int, value: float) =
    inherit
        NonFiniteException(
            $"The optimizer's state holds {NumberText.ofFloat value} in '{slotName}', element {element}"
            + (if tensorName = "" then "" else $" of '{tensorName}'")
            + ". The parameter would never change again. A gradient was infinite or too large to square. "
            + "Put skip_non_finite or clip_value before the rule, and start from a new or an earlier state."
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
/// The state of an optimizer between steps: the number of steps, named slots with a value for each parameter, and named numbers.
/// </summary>
/// <remarks>Created by <c>Optimizer.init</c>. A pure step does not change it; an in-place step overwrites it.</remarks>
[<Sealed>]
type State<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    internal (layout: Layout, plan: Plan, step: int64, steps: int64 array, absences: int64 array, block: 'T array, scalars: float array) =

    let mutable step = step
    let mutable plan = plan

    // For each part, the number of its steps that each tensor of the layout was without a gradient. Empty until a tensor misses a step.
    let mutable absences = absences

    // Slots start at multiples of the widest register, so that no register crosses a cache line.
    static let alignment = 64 / sizeof<'T>

    static member internal PlanOf(optimizer: Optimizer, layout: Layout) = Plan(optimizer, layout, alignment, true)

    /// Returns the first reason why a plan cannot continue with the state of another.
    static member internal Difference(plan: Plan, next: Plan) : string =
        let partOf (node: PartNode) =
            if node.Path = "" then node.Kind.Name else $"{node.Kind.Name} at {Quotation.shorten node.Path}"

        let tensorsOf (plan: Plan) (node: PartNode) =
            node.Tensors |> Seq.map (fun k -> Quotation.quote plan.Tensors[k].Name) |> Quotation.list

        let keptBy (node: PartNode) = "[" + Quotation.list (node.SlotNames @ node.ScalarNames) + "]"

        let first (differs: PartNode -> PartNode -> bool) (describe: PartNode -> PartNode -> string) =
            Seq.zip plan.Nodes next.Nodes
            |> Seq.tryFind (fun (a, b) -> differs a b)
            |> Option.map (fun (a, b) -> describe a b)

        let identity (node: PartNode) = OwnRules.identity node.Kind

        [ first (fun a b -> a.Path <> b.Path || a.Kind.Name <> b.Kind.Name) (fun a b -> $"the rules are {partOf a} and {partOf b}")
          first (fun a b -> identity a <> identity b) (fun a b ->
              $"{partOf a} is {OwnRules.describe (identity a)} in the state and {OwnRules.describe (identity b)} in the optimizer")
          first (fun a b -> a.SlotNames <> b.SlotNames || a.ScalarNames.Length <> b.ScalarNames.Length) (fun a b ->
              $"{partOf a} keeps {keptBy a} in the state and needs {keptBy b}")
          first (fun a b -> a.Tensors <> b.Tensors) (fun a b ->
              $"{partOf a} works on {tensorsOf plan a} in the state and on {tensorsOf next b} in the optimizer") ]
        |> List.tryPick id
        |> Option.defaultValue $"the state has {plan.Nodes.Length} parts and the optimizer {next.Nodes.Length}"

    static member internal Zero(optimizer: Optimizer, layout: Layout) =
        if typeof<'T> <> typeof<float32> && typeof<'T> <> typeof<float> then
            raise (NotSupportedException $"Optimizers do not support the type {typeof<'T>.Name}. Use Single or Double.")

        let plan = State<'T>.PlanOf(optimizer, layout)

        State<'T>(
            layout,
            plan,
            0L,
            Array.zeroCreate plan.Nodes.Length,
            Array.Empty(),
            Array.zeroCreate plan.SlotLength,
            Array.zeroCreate plan.ScalarLength
        )

    /// <summary>The number of steps taken; 0 in the initial state.</summary>
    member _.Step: int64 = step

    /// <summary>The number of parameters.</summary>
    member _.Length = layout.Length

    /// <summary>The tensors of the parameters.</summary>
    member _.Layout: Layout = layout

    /// <summary>
    /// The names of the slots. In a chain they start with the number and kind of the part, <c>2.adam.average</c>, in groups with the pattern.
    /// </summary>
    member _.SlotNames: string list =
        [ for node in plan.Nodes do
              for slot in node.SlotNames -> node.Name slot ]

    /// Returns a writable slot by name.
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
                | [] -> "The state has no slots."
                | names -> Suggestion.describe names slotName

            raise (ArgumentException($"No slot is named {Quotation.quote slotName}. {known}", nameof slotName))

    /// <summary>A slot by name: one value for each parameter of the part.</summary>
    /// <exception cref="T:System.ArgumentException">The state has no such slot.</exception>
    member state.Item
        with get (slotName: string): ReadOnlyMemory<'T> = Memory<'T>.op_Implicit(state.WritableSlot slotName)

    /// <summary>The numbers by name, such as the estimated distance of a rule without a learning rate.</summary>
    member _.Numbers: (string * float) list =
        [ for node in plan.Nodes do
              for i, name in List.indexed node.ScalarNames -> node.Name name, scalars[node.ScalarBase + i] ]

    /// <summary>
    /// The steps that tensors missed because they had no gradient: the part, the tensor, and their number. A tensor has taken the steps of the
    /// part except these.
    /// </summary>
    member state.Absences: (string * string * int64) list =
        [ if absences.Length > 0 then
              for node in plan.Nodes do
                  for k in 0 .. layout.Parameters.Count - 1 do
                      let count = absences[state.PlaceOf(node, k)]

                      if count > 0L then
                          (if node.Path = "" then node.Kind.Name else node.Path), layout.Parameters[k].Name, count ]
        |> List.distinct

    /// <summary>
    /// True if layout, optimizer and counts are equal, and slots and numbers have the same bits: NaN equals NaN, and 0 differs from −0.
    /// </summary>
    override state.Equals(other: obj) : bool =
        match other with
        | :? State<'T> as other ->
            // The conversion to double keeps the bits apart, and is exact.
            let bits (value: 'T) = BitConverter.DoubleToInt64Bits(Double.CreateTruncating value)
            let bitsOfScalar (value: float) = BitConverter.DoubleToInt64Bits value

            step = other.Step
            && layout.Equals(other.Layout: obj)
            && plan.Optimizer.Equals(other.Plan.Optimizer: obj)
            && Array.forall2 (=) steps other.Steps
            && absences.Length = other.AbsenceCounts.Length
            && Array.forall2 (=) absences other.AbsenceCounts
            && Array.forall2 (fun a b -> bits a = bits b) block other.Block
            && Array.forall2 (fun a b -> bitsOfScalar a = bitsOfScalar b) scalars other.Scalars
        | _ -> false

    override _.GetHashCode() = HashCode.Combine(step, layout, plan.Optimizer)

    /// <summary>
    /// The step, and the beginning of each slot and number: <c>step 2: average = [0.19; −0.1]</c>. At most four elements of a slot and eight
    /// slots, numbers and absences are shown.
    /// </summary>
    override state.ToString() =
        let shown (values: 'T seq) =
            let first =
                values
                |> Seq.truncate 4
                |> Seq.map (fun value -> value.ToString("G6", CultureInfo.InvariantCulture))
                |> Seq.toList

            let rest = Seq.length values - first.Length
            let more = if rest > 0 then [ $"... {rest} more" ] else []
            "[" + String.concat "; " (first @ more) + "]"

        let contents =
            [ for name in state.SlotNames -> $"{name} = {shown (state[name].ToArray())}"
              for name, value in state.Numbers -> $"{name} = {NumberText.ofFloat value}"
              for part, tensor, count in state.Absences -> $"{part} without {Quotation.quote tensor} = {count}" ]

        let more = if contents.Length > 8 then [ $"... {contents.Length - 8} more" ] else []
        let all = String.concat ", " (List.truncate 8 contents @ more)
        if all = "" then $"step {step}" else $"step {step}: {all}"

    /// <summary>Returns an independent copy.</summary>
    member _.Copy() =
        // Every element is written, so the new array need not be zeroed first.
        let slots = GC.AllocateUninitializedArray<'T> block.Length
        ReadOnlySpan<'T>(block).CopyTo(Span slots)
        let absences = if absences.Length = 0 then absences else Array.copy absences
        State<'T>(layout, plan, step, Array.copy steps, absences, slots, Array.copy scalars)

    /// Returns the state with other counts, for states that are read or carried. The arrays are shared.
    member internal _.With(step: int64, absences: int64 array) =
        let absences = if Array.forall ((=) 0L) absences then Array.Empty() else absences
        State<'T>(layout, plan, step, steps, absences, block, scalars)

    member internal _.Plan
        with get (): Plan = plan
        and set (value: Plan) = plan <- value

    member internal _.Block: 'T array = block
    member internal _.Scalars: float array = scalars
    member internal _.Steps: int64 array = steps
    member internal _.Advance() = step <- step + 1L

    /// The absences of each tensor for each part, part by part; empty if there are none.
    member internal _.AbsenceCounts: int64 array = absences

    /// Returns the place of a tensor of the layout among the absences.
    member internal _.PlaceOf(node: PartNode, tensor: int) : int = node.Index * layout.Parameters.Count + tensor

    /// Returns absences of no steps, to be filled.
    member internal _.NewAbsences() : int64 array = Array.zeroCreate (steps.Length * layout.Parameters.Count)

    /// Returns the number of steps of a part that a tensor of the layout has missed.
    member internal state.AbsencesOf(node: PartNode, tensor: int) : int64 =
        if absences.Length = 0 then 0L else absences[state.PlaceOf(node, tensor)]

    /// Counts a step of a part that a tensor of the layout has missed.
    member internal state.AddAbsence(node: PartNode, tensor: int) : unit =
        if absences.Length = 0 then
            absences <- state.NewAbsences()

        let place = state.PlaceOf(node, tensor)
        absences[place] <- absences[place] + 1L

    /// The plan for steps of all tensors together, unless they have taken different numbers of steps.
    member internal _.CountingPlan: Plan = if absences.Length = 0 then plan else plan.Separate
