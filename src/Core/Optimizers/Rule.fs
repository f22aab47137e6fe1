namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.Numerics
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// <summary>The interface of every part of an optimizer. Implemented by an immutable record of hyper-parameters.</summary>
type IPart =
    /// <summary>The names of the slots, in the order of their indices in the update.</summary>
    abstract Slots: IReadOnlyList<string>

    /// <summary>True if the update uses the parameters w.</summary>
    abstract NeedsParameters: bool

/// <summary>
/// A rule: hyper-parameters, and the update that they define at each step. Implemented by an immutable record.
/// </summary>
type IRule =
    inherit IPart

    /// <summary>
    /// Runs the update of one step over elements: <c>loop.Run { ... }</c>. Several threads can call it at the same time, each for other elements
    /// of a tensor.
    /// </summary>
    /// <param name="step">The step number t = 1, 2, ...</param>
    /// <param name="loop">The loop over the elements. Constants of the step are computed in double, and then converted with <c>Lift</c>.</param>
    abstract Update<'E when 'E: struct and 'E :> IElement<'E>> : step: int64 * loop: UpdateLoop<'E> -> unit

/// <summary>
/// Marks a rule whose slots or scalars may be infinite or NaN, for example an infinity for "no value yet". For every other rule, such a
/// value ends the step with <c>NonFiniteStateException</c>, because most rules would never change the parameter again.
/// </summary>
type INonFiniteState = interface end

/// <summary>A slice of a tensor, passed to rules that reduce a tensor to sums before they update it.</summary>
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type TensorSlice<'T> =
    /// <summary>The gradient after the previous parts of the chain.</summary>
    val Gradient: ReadOnlySpan<'T>
    /// <summary>The parameters w; empty if none were given.</summary>
    val Parameters: ReadOnlySpan<'T>
    /// <summary>The sums of the rule for this tensor; <c>Reduce</c> adds to them.</summary>
    val Sums: Span<float>
    /// <summary>The coefficients that the rule has set for this tensor.</summary>
    val Coefficients: ReadOnlySpan<float>
    val internal Slots: Span<'T>
    val internal SlotCount: int
    val internal Stride: int
    val internal Vectors: bool

    internal new(gradient, parameters, sums, coefficients, slots, slotCount, stride, vectors) =
        { Gradient = gradient
          Parameters = parameters
          Sums = sums
          Coefficients = coefficients
          Slots = slots
          SlotCount = slotCount
          Stride = stride
          Vectors = vectors }

    /// <summary>Returns the slice of a slot.</summary>
    member slice.Slot(index: int) : Span<'T> = slice.Slots.Slice(index * slice.Stride, slice.Gradient.Length)

/// <summary>The decision of a rule for one step: it reads sums over tensors and sets the coefficients of the update.</summary>
[<Sealed>]
type StepDecision internal (sumCount: int, coefficientCount: int, tensors: int, keepsScalarByTensor: bool) =
    let sums: float array = Array.zeroCreate (sumCount * tensors)
    let coefficients: float array = Array.zeroCreate (coefficientCount * tensors)
    let mutable scalars: float array = [||]
    let mutable start = 0
    let mutable rate = 1.0
    // The tensors of the current call of the rule, if it is for some of them only.
    let mutable selected: int array = [||]
    let mutable selectedCount = 0
    let mutable isForSome = false

    let indexOf (tensor: int) = if isForSome then selected[tensor] else tensor

    let scalarOf (index: int) =
        if isForSome && keepsScalarByTensor then start + selected[index] else start + index

    /// <summary>
    /// The number of tensors of this decision: all tensors of the rule, without those that have no gradient in this step. Tensors that have
    /// taken different numbers of steps get separate decisions, if the rule treats tensors separately.
    /// </summary>
    member _.Tensors = if isForSome then selectedCount else tensors

    /// <summary>
    /// The learning rate in this step of the rule before a part that is an <c>IRateReader</c>; 1 if the rule has no argument <c>lr</c>, or if
    /// there is no rule before the part.
    /// </summary>
    member _.Rate = rate

    /// <summary>Returns a sum over one tensor.</summary>
    member _.Sum(tensor: int, index: int) = sums[indexOf tensor * sumCount + index]

    /// <summary>Returns a sum over all tensors, added in their order. A rule with the trait <c>SeparateTensors</c> must not use it.</summary>
    member decision.Total(index: int) =
        let mutable total = 0.0

        for tensor in 0 .. decision.Tensors - 1 do
            total <- total + decision.Sum(tensor, index)

        total

    /// <summary>Sets a coefficient for the update of one tensor in this step: <c>loop.Coefficient index</c>.</summary>
    member _.Decide(tensor: int, index: int, value: float) = coefficients[indexOf tensor * coefficientCount + index] <- value

    /// <summary>Sets a coefficient for the updates of all tensors in this step.</summary>
    member decision.DecideAll(index: int, value: float) =
        for tensor in 0 .. decision.Tensors - 1 do
            decision.Decide(tensor, index, value)

    /// <summary>A scalar that the state keeps from step to step; 0 at first.</summary>
    member _.Item
        with get (index: int) = scalars[scalarOf index]
        and set (index: int) (value: float) = scalars[scalarOf index] <- value

    /// Starts a step: sets the sums to 0, and uses the stored scalars of a state.
    member internal _.Begin(ofState: float array, from: int, ofRule: float) =
        Array.Clear sums
        rate <- ofRule
        scalars <- ofState
        start <- from

    /// Restricts the next call of the rule to the tensors that take a given step.
    member internal _.Select(steps: int64 array, step: int64) : unit =
        if selected.Length = 0 then
            selected <- Array.zeroCreate tensors

        isForSome <- true
        selectedCount <- 0

        for tensor in 0 .. tensors - 1 do
            if steps[tensor] = step then
                selected[selectedCount] <- tensor
                selectedCount <- selectedCount + 1

    /// Ends the restriction.
    member internal _.SelectAll() : unit = isForSome <- false

    member internal _.SumsOf(tensor: int) = Span<float>(sums, tensor * sumCount, sumCount)
    member internal _.CoefficientsOf(tensor: int) = ReadOnlySpan<float>(coefficients, tensor * coefficientCount, coefficientCount)

/// <summary>A rule that keeps scalars from step to step, or that can let the parts after it skip a step.</summary>
type IPreparingRule =
    inherit IRule
    /// <summary>Returns the names of the scalars that the state keeps; all are 0 at first.</summary>
    /// <param name="tensors">The number of tensors, for rules with a scalar for each tensor.</param>
    abstract Scalars: tensors: int -> IReadOnlyList<string>
    /// <summary>The number of coefficients for the update of each tensor.</summary>
    abstract Coefficients: int
    /// <summary>Decides before the gradient is read. Returns false if the parts after the rule skip this step; Δ is then 0.</summary>
    abstract Prepare: step: int64 * decision: StepDecision -> bool

/// <summary>
/// A rule that needs sums over whole tensors (norms, inner products). Each step calls Prepare, then Reduce for all slices of all its
/// tensors, then Decide. The update runs after Decide if <c>Waits</c> is true, otherwise after Reduce of each slice.
/// </summary>
type IReducingRule =
    inherit IPreparingRule
    /// <summary>The number of sums for each tensor.</summary>
    abstract Sums: int
    /// <summary>True if the update uses the decision of the same step.</summary>
    abstract Waits: bool
    /// <summary>Adds a slice to the sums, before its update.</summary>
    abstract Reduce<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : step: int64 * slice: TensorSlice<'T> -> unit
    /// <summary>Decides after all slices were reduced. Returns false if the parts after the rule skip this step.</summary>
    abstract Decide: step: int64 * decision: StepDecision -> bool

/// <summary>
/// A rule whose Prepare or Decide can return false, so that the parts after it skip the step. All other rules always return true.
/// </summary>
type IGate =
    /// <summary>True if Decide can throw in this step. The engine then makes a backup to restore.</summary>
    abstract MayThrow: decision: StepDecision -> bool

/// <summary>A transformation after a rule that uses the learning rate of this rule: <c>decision.Rate</c>.</summary>
type IRateReader =
    /// <summary>True if it uses the rate. All of its tensors must then have the same rule before it.</summary>
    abstract ReadsRate: bool

/// <summary>
/// A transformation after a rule that compares Δ with the gradient that entered this rule. The gradient takes the place of the parameters.
/// Without a rule before it, Δ itself does.
/// </summary>
type IGradientReader = interface end

/// <summary>A rule that consists of components, which run in order.</summary>
type ICompositeRule =
    inherit IPart
    /// <summary>The components. Their number and their slots never change.</summary>
    abstract Parts: IReadOnlyList<IPart>

/// <summary>A part whose hyper-parameters depend on each other.</summary>
type ICheckedPart =
    /// <summary>The contradiction between hyper-parameters, as a sentence; empty if there is none.</summary>
    abstract Problem: string

/// <summary>A part that does not work on every shape of tensor.</summary>
type IShapedPart =
    /// <summary>Returns why the part cannot work on a tensor, as a sentence; empty if it can.</summary>
    abstract ShapeProblem: parameter: Parameter -> string

/// <summary>A whole tensor, passed to rules that do not work element by element.</summary>
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type WholeTensor<'T> =
    /// <summary>The gradient after the previous parts of the chain. The rule overwrites it with Δ.</summary>
    val Gradient: Span<'T>
    /// <summary>The parameters w; empty if none were given.</summary>
    val Parameters: ReadOnlySpan<'T>
    /// <summary>The name, shape and offset of the tensor.</summary>
    val Parameter: Parameter
    val internal Slots: Span<'T>
    val internal SlotCount: int
    val internal Stride: int
    val internal Vectors: bool

    internal new(gradient, parameters, parameter, slots, slotCount, stride, vectors) =
        { Gradient = gradient
          Parameters = parameters
          Parameter = parameter
          Slots = slots
          SlotCount = slotCount
          Stride = stride
          Vectors = vectors }

    /// <summary>Returns a slot.</summary>
    member slice.Slot(index: int) : Span<'T> = slice.Slots.Slice(index * slice.Stride, slice.Gradient.Length)

/// <summary>A rule that works on a whole tensor: by rows and columns, or with the index of an element.</summary>
type ITensorRule =
    inherit IPart
    /// <summary>Takes one step for one tensor.</summary>
    abstract Transform<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : step: int64 * tensor: WholeTensor<'T> -> unit

/// <summary>A part that keeps averages of the parameters in a slot.</summary>
type IAveraging =
    /// <summary>The index of the slot that contains the averages.</summary>
    abstract AverageSlot: int
    /// <summary>Returns the factor that converts the slot to the average.</summary>
    /// <param name="numbers">The numbers of the part in the state.</param>
    abstract Scale: numbers: ReadOnlySpan<float> -> float
