namespace CuteDl.Core.Optimizers

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// <summary>
/// The arithmetic of one update for one element: computes Δ (w' = w − Δ) from the gradient and the slots of the element, and updates the
/// slots. Implemented by a struct that holds the constants of the step.
/// </summary>
type IUpdate<'E> =
    /// <summary>Computes Δ for one element.</summary>
    /// <param name="gradient">The gradient of the element after the previous parts of the chain.</param>
    /// <param name="parameter">The parameter w of the element; undefined for rules that do not need the parameters.</param>
    /// <param name="slots">The slots of the element: those of the previous step on entry, those of this step on return.</param>
    abstract Delta: gradient: 'E * parameter: 'E * slots: Slots<'E> -> 'E

/// <summary>A weight γ and its complement 1 − γ, for the exponentially weighted mean m ← γ m + (1 − γ) x.</summary>
[<Struct; NoEquality; NoComparison>]
type Decay<'E when 'E: struct and 'E :> IElement<'E>> =
    val private keep: 'E
    val private take: 'E

    /// <param name="decay">γ, the weight of the past; 1 − γ is computed in double before both are converted.</param>
    new(decay: float) = { keep = 'E.Lift decay; take = 'E.Lift(1.0 - decay) }

    /// <summary>Returns γ mean + (1 − γ) value.</summary>
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    member decay.Mean(mean: 'E, value: 'E) : 'E = decay.keep * mean + decay.take * value

/// <summary>The share λ of the parameters that a rule adds to its step; without decay, the parameters are not read.</summary>
[<Struct; NoEquality; NoComparison>]
type Shrinkage<'E when 'E: struct and 'E :> IElement<'E>> =
    val private factor: 'E
    val private isOn: bool

    /// <param name="decay">The weight decay, which decides whether there is a share.</param>
    /// <param name="factor">λ: the weight decay, or its product with the learning rate.</param>
    new(decay: float, factor: float) = { factor = 'E.Lift factor; isOn = (decay <> 0.0) }

    /// <summary>Returns Δ + λ w, or Δ without decay.</summary>
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    member shrinkage.Add(delta: 'E, parameter: 'E) : 'E = if shrinkage.isOn then delta + shrinkage.factor * parameter else delta

/// <summary>A loop of one update over contiguous elements. A rule receives a loop and runs its update with it.</summary>
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type UpdateLoop<'E when 'E: struct and 'E :> IElement<'E>> =
    val private gradient: ReadOnlySpan<'E>
    val private parameters: ReadOnlySpan<'E>
    val private block: Span<'E>
    val private slotCount: int
    val private stride: int
    val private target: Span<'E>
    val private subtract: bool
    val private coefficients: ReadOnlySpan<float>

    /// If <c>subtract</c> is true, Δ is subtracted from the target, which contains the parameters; otherwise Δ is written to the target.
    /// The parameters are as long as the gradient, or empty.
    internal new(gradient, parameters, block, slotCount, stride, target: Span<'E>, subtract, coefficients) =
        { gradient = gradient
          parameters = parameters
          block = block
          slotCount = slotCount
          stride = stride
          target = target
          subtract = subtract
          coefficients = coefficients }

    /// <summary>Converts a constant of the step to an element.</summary>
    member _.Lift(value: float) : 'E = 'E.Lift value

    /// <summary>
    /// Converts a constant of the step to a finite element: the largest float32 number if single precision cannot represent the constant.
    /// </summary>
    member loop.LiftFinite(value: float) : 'E =
        let lifted = loop.Lift value

        if Double.IsFinite value then
            // NaN if the element is infinite, otherwise 1.
            let key = lifted * loop.Lift 0.0 + loop.Lift 1.0
            'E.Choose(key, lifted, loop.Lift(float Single.MaxValue), lifted)
        else
            lifted

    /// <summary>Converts a decay γ and its complement to elements.</summary>
    member _.Decay(decay: float) = Decay<'E> decay

    /// <summary>Converts a weight decay, multiplied by the learning rate if the rule does not do that later.</summary>
    /// <param name="decay">The weight decay.</param>
    /// <param name="rate">The learning rate, or 1.</param>
    member _.Shrinkage(decay: float, rate: float) = Shrinkage<'E>(decay, rate * decay)

    /// <summary>Returns a coefficient that the rule has decided for the current tensor: see <c>IReducingRule</c>.</summary>
    member loop.Coefficient(index: int) : float = loop.coefficients[index]

    /// <summary>Runs the update over all elements, in order.</summary>
    // Kept out of line: inlined into a caller, the JIT exhausts its inlining budget before it reaches the second and third loop.
    [<Kernel; MethodImpl(MethodImplOptions.NoInlining)>]
    member loop.Run<'U when 'U: struct and 'U :> IUpdate<'E>>(update: 'U) : unit =
        // Locals, so that the JIT keeps them in registers. The engine ensures that the target is as long as the gradient. Places are in
        // bytes, so that an address is a base and one register.
        let gradient = &MemoryMarshal.GetReference loop.gradient
        let target = &MemoryMarshal.GetReference loop.target
        let parameters = &MemoryMarshal.GetReference loop.parameters
        let block = loop.block
        let slotCount = loop.slotCount
        let size = nativeint (Unsafe.SizeOf<'E>())
        let stride = nativeint loop.stride * size
        let last = nativeint loop.gradient.Length * size
        let mutable i = 0n

        if loop.subtract then
            while i < last do
                let parameter = Unsafe.AddByteOffset(&target, i)

                let delta =
                    update.Delta(Unsafe.AddByteOffset(&gradient, i), parameter, Slots<'E>(block, slotCount, stride, i))

                Unsafe.AddByteOffset(&target, i) <- parameter - delta
                i <- i + size
        elif loop.parameters.IsEmpty then
            while i < last do
                Unsafe.AddByteOffset(&target, i) <-
                    update.Delta(Unsafe.AddByteOffset(&gradient, i), Unchecked.defaultof<'E>, Slots<'E>(block, slotCount, stride, i))

                i <- i + size
        else
            while i < last do
                Unsafe.AddByteOffset(&target, i) <-
                    update.Delta(
                        Unsafe.AddByteOffset(&gradient, i),
                        Unsafe.AddByteOffset(&parameters, i),
                        Slots<'E>(block, slotCount, stride, i)
                    )

                i <- i + size
