namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

// What several rules and transformations use.

/// √x + ε, or √(x + ε).
[<Struct; NoEquality; NoComparison>]
type internal Root<'E when 'E: struct and 'E :> IElement<'E>> =
    { Epsilon: 'E
      Inside: bool }

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    member root.Of(value: 'E) : 'E =
        if root.Inside then 'E.Root(value + root.Epsilon) else 'E.Root value + root.Epsilon

/// <summary>Δ = factor · g, with one factor for the tensor.</summary>
[<Struct; NoEquality; NoComparison>]
type internal ScaleUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Factor: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, _) = update.Factor * g

/// Keeps an average of the parameters, and leaves Δ as it is. Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AverageUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Keep: 'E
      Take: 'E
      Replaces: bool
      Stays: bool
      IsMean: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(delta, w, slots) =
            let next = w - delta

            if update.Replaces then
                slots[0] <- next
            elif update.IsMean then
                slots[0] <- slots[0] + update.Take * (next - slots[0])
            elif not update.Stays then
                slots[0] <- update.Keep * slots[0] + update.Take * next

            delta

module internal Clip =
    /// Returns the factor that reduces a norm to the limit; 1 if the norm is within the limit or NaN.
    let factor (limit: float) (length: float) = if length > limit then limit / length else 1.0
