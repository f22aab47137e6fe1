namespace CuteDl.Core.Optimizers

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// <summary>
/// The arithmetic of one update for one element: from the gradient and the element's slots to the delta, w' = w − Δ, with
/// the slots brought up to date on the way. Implemented by a struct that holds what is constant within the step.
/// </summary>
type ILaw<'E> =
    /// <summary>Δ for one element.</summary>
    /// <param name="gradient">The element's gradient, or what the parts of a chain in front have made of it.</param>
    /// <param name="parameter">The element's parameter w; of no meaning in a rule that says it needs none.</param>
    /// <param name="slots">The element's slots: on entry those of the step before, on return those of this step.</param>
    abstract Delta: gradient: 'E * parameter: 'E * slots: Slots<'E> -> 'E

/// <summary>A weight γ and its complement 1 − γ, for the exponentially weighted mean m ← γ m + (1 − γ) x.</summary>
[<Struct; NoEquality; NoComparison>]
type Decay<'E when 'E: struct and 'E :> IElement<'E>> =
    val private keep: 'E
    val private take: 'E

    /// <param name="decay">γ, the weight of the past; 1 − γ is taken in double before either is lifted.</param>
    new(decay: float) = { keep = 'E.Lift decay; take = 'E.Lift(1.0 - decay) }

    /// <summary>γ mean + (1 − γ) value.</summary>
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    member decay.Mean(mean: 'E, value: 'E) : 'E = decay.keep * mean + decay.take * value

/// <summary>A walk of one law over elements that lie one after another. A rule is handed one and runs its law on it.</summary>
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type Pass<'E when 'E: struct and 'E :> IElement<'E>> =
    val private gradient: ReadOnlySpan<'E>
    val private parameters: ReadOnlySpan<'E>
    val private block: Span<'E>
    val private slotCount: int
    val private stride: int
    val private target: Span<'E>
    val private subtract: bool
    val private numbers: ReadOnlySpan<float>

    /// With subtract, Δ is taken away from the target, which holds the parameters; otherwise Δ is written there. Parameters are as
    /// long as the gradient, or empty.
    internal new(gradient, parameters, block, slotCount, stride, target: Span<'E>, subtract, numbers) =
        { gradient = gradient
          parameters = parameters
          block = block
          slotCount = slotCount
          stride = stride
          target = target
          subtract = subtract
          numbers = numbers }

    /// <summary>A constant of the step as an element.</summary>
    member _.Lift(value: float) : 'E = 'E.Lift value

    /// <summary>A constant of the step as an element, kept finite: the largest single where single precision cannot hold it.</summary>
    member pass.LiftFinite(value: float) : 'E =
        let lifted = pass.Lift value

        if Double.IsFinite value then
            // Not a number where the element is infinite, otherwise 1.
            let key = lifted * pass.Lift 0.0 + pass.Lift 1.0
            'E.Choose(key, lifted, pass.Lift(float Single.MaxValue), lifted)
        else
            lifted

    /// <summary>A decay γ, with its complement, as elements.</summary>
    member _.Decay(decay: float) = Decay<'E> decay

    /// <summary>A number that the rule has decided on for the tensor at work: see <c>IObservingRule</c>.</summary>
    member pass.Number(index: int) : float = pass.numbers[index]

    /// <summary>Runs the law over all elements, in order.</summary>
    // A method of its own: within others, the compiler has used up what it may inline before it comes to the laws of the later loops.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization ||| MethodImplOptions.NoInlining)>]
    member pass.Run<'L when 'L: struct and 'L :> ILaw<'E>>(law: 'L) : unit =
        // Locals, so that the compiler keeps them in registers. Targets are as long as gradients: the engine sees to it.
        let gradient = pass.gradient
        let target = &MemoryMarshal.GetReference pass.target
        let parameters = &MemoryMarshal.GetReference pass.parameters
        let block = pass.block
        let slotCount = pass.slotCount
        let stride = pass.stride

        if pass.subtract then
            for i in 0 .. gradient.Length - 1 do
                let parameter = &Unsafe.Add(&target, i)
                let delta = law.Delta(gradient[i], parameter, Slots<'E>(block, slotCount, stride, i))
                parameter <- parameter - delta
        elif pass.parameters.IsEmpty then
            for i in 0 .. gradient.Length - 1 do
                Unsafe.Add(&target, i) <- law.Delta(gradient[i], Unchecked.defaultof<'E>, Slots<'E>(block, slotCount, stride, i))
        else
            for i in 0 .. gradient.Length - 1 do
                Unsafe.Add(&target, i) <- law.Delta(gradient[i], Unsafe.Add(&parameters, i), Slots<'E>(block, slotCount, stride, i))
