namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.Numerics
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// <summary>What a part of an optimizer needs, whatever it does: implemented by an immutable record of hyper-parameters.</summary>
type IPart =
    /// <summary>The names of the state's slots, in the order in which the law numbers them.</summary>
    abstract Slots: IReadOnlyList<string>

    /// <summary>Whether the law looks at the parameters w.</summary>
    abstract NeedsParameters: bool

/// <summary>
/// A rule: a law's hyper-parameters, and how the law follows from them at a step. Implemented by an immutable record.
/// </summary>
type IRule =
    inherit IPart

    /// <summary>Runs the law of one step over all elements: <c>pass.Run { ... }</c>.</summary>
    /// <param name="step">t = 1, 2, ...: the step that is being taken.</param>
    /// <param name="pass">The walk. What is constant within the step is computed here, in double, and then lifted.</param>
    abstract Sweep<'E when 'E: struct and 'E :> IElement<'E>> : step: int64 * pass: Pass<'E> -> unit

/// <summary>A stretch of a tensor, as a rule sees it that looks before it takes a step.</summary>
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type View<'T> =
    /// <summary>The gradient, or what the parts of a chain in front have made of it.</summary>
    val Gradient: ReadOnlySpan<'T>
    /// <summary>The parameters w; empty if none were given.</summary>
    val Parameters: ReadOnlySpan<'T>
    /// <summary>The rule's sums for the tensor, to be added to.</summary>
    val Sums: Span<float>
    /// <summary>The rule's numbers for the tensor, as decided.</summary>
    val Numbers: ReadOnlySpan<float>
    val internal Slots: Span<'T>
    val internal SlotCount: int
    val internal Stride: int
    val internal Vectors: bool

    internal new(gradient, parameters, sums, numbers, slots, slotCount, stride, vectors) =
        { Gradient = gradient
          Parameters = parameters
          Sums = sums
          Numbers = numbers
          Slots = slots
          SlotCount = slotCount
          Stride = stride
          Vectors = vectors }

    /// <summary>The stretch of a slot.</summary>
    member view.Slot(index: int) : Span<'T> = view.Slots.Slice(index * view.Stride, view.Gradient.Length)

/// <summary>What a rule that looks at whole tensors knows and decides: sums come in, numbers go out.</summary>
[<Sealed>]
type Decision internal (sumCount: int, numberCount: int, tensors: int) =
    let sums: float array = Array.zeroCreate (sumCount * tensors)
    let numbers: float array = Array.zeroCreate (numberCount * tensors)
    let mutable memory: float array = [||]
    let mutable start = 0

    /// <summary>How many tensors the rule works on.</summary>
    member _.Tensors = tensors

    /// <summary>A sum over one tensor.</summary>
    member _.Sum(tensor: int, index: int) = sums[tensor * sumCount + index]

    /// <summary>A sum over all tensors, added up in their order.</summary>
    member decision.Total(index: int) =
        let mutable total = 0.0

        for tensor in 0 .. tensors - 1 do
            total <- total + decision.Sum(tensor, index)

        total

    /// <summary>A number for the law of this step, for one tensor: <c>pass.Number index</c>.</summary>
    member _.Decide(tensor: int, index: int, value: float) = numbers[tensor * numberCount + index] <- value

    /// <summary>The same for all tensors.</summary>
    member decision.DecideAll(index: int, value: float) =
        for tensor in 0 .. tensors - 1 do
            decision.Decide(tensor, index, value)

    /// <summary>A number that lasts from step to step; 0 at first.</summary>
    member _.Item
        with get (index: int) = memory[start + index]
        and set (index: int) (value: float) = memory[start + index] <- value

    /// For the step that begins: the sums are 0 again, and the memory is that of a state.
    member internal _.Begin(ofState: float array, from: int) =
        Array.Clear sums
        memory <- ofState
        start <- from

    member internal _.SumsOf(tensor: int) = Span<float>(sums, tensor * sumCount, sumCount)
    member internal _.NumbersOf(tensor: int) = ReadOnlySpan<float>(numbers, tensor * numberCount, numberCount)

/// <summary>A rule whose law follows from numbers that are remembered from step to step, or that lets the parts behind it rest.</summary>
type IPreparingRule =
    inherit IRule
    /// <summary>The names of the numbers that last from step to step; all are 0 at first.</summary>
    /// <param name="tensors">How many tensors there are, for numbers of which each tensor has one.</param>
    abstract Memory: tensors: int -> IReadOnlyList<string>
    /// <summary>How many numbers are left for the law of each tensor.</summary>
    abstract Numbers: int
    /// <summary>Before anything of the step is seen. False: the parts behind rest in this step, and Δ is 0.</summary>
    abstract Prepare: step: int64 * decision: Decision -> bool

/// <summary>
/// A rule that looks at whole tensors (norms, inner products) beside its law. At each step: Prepare, then Observe over all
/// stretches of all its tensors, and Decide; the law runs after Decide if <c>Waits</c>, otherwise as it is observed.
/// </summary>
type IObservingRule =
    inherit IPreparingRule
    /// <summary>How many sums Observe adds up for each tensor.</summary>
    abstract Sums: int
    /// <summary>Whether the law needs what Decide says of this very step.</summary>
    abstract Waits: bool
    /// <summary>Adds a stretch to the sums, before the law runs over it.</summary>
    abstract Observe<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : step: int64 * view: View<'T> -> unit
    /// <summary>All is seen. False as for Prepare.</summary>
    abstract Decide: step: int64 * decision: Decision -> bool

/// <summary>
/// A rule whose Prepare or Decide may answer false, so that the parts behind it rest. Rules that are no gates always answer true.
/// </summary>
type IGate =
    /// <summary>Whether Decide may throw in this step: then all is kept as it was before, to be put back.</summary>
    abstract MayThrow: decision: Decision -> bool

/// <summary>A rule that is made of parts which run one after another.</summary>
type ICompositeRule =
    inherit IPart
    /// <summary>The parts; always as many, with the same slots.</summary>
    abstract Parts: IReadOnlyList<IPart>

/// <summary>A part whose hyper-parameters must fit together.</summary>
type ICheckedPart =
    /// <summary>What does not fit, as a sentence; empty if all does.</summary>
    abstract Problem: string

/// <summary>A part that is not for tensors of every shape.</summary>
type IShapedPart =
    /// <summary>Why a tensor is not for it, as a sentence; empty if it is.</summary>
    abstract ShapeProblem: parameter: Parameter -> string

/// <summary>A whole tensor on its way through a rule that is not element by element.</summary>
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type TensorView<'T> =
    /// <summary>The gradient, or what the parts of a chain in front have made of it; to be overwritten with Δ.</summary>
    val Gradient: Span<'T>
    /// <summary>The parameters w; empty if none were given.</summary>
    val Parameters: ReadOnlySpan<'T>
    /// <summary>Name, shape and place.</summary>
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

    /// <summary>A slot.</summary>
    member view.Slot(index: int) : Span<'T> = view.Slots.Slice(index * view.Stride, view.Gradient.Length)

/// <summary>A rule that works on a whole tensor: by rows and columns, or with an element's index.</summary>
type ITensorRule =
    inherit IPart
    /// <summary>One step of one tensor.</summary>
    abstract Transform<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : step: int64 * view: TensorView<'T> -> unit

/// <summary>A part that keeps averages of the parameters in a slot.</summary>
type IAveraging =
    /// <summary>The slot that holds them.</summary>
    abstract AverageSlot: int
    /// <summary>What the slot is to be multiplied by.</summary>
    /// <param name="numbers">The numbers that the part remembers from step to step.</param>
    abstract Scale: numbers: ReadOnlySpan<float> -> float
