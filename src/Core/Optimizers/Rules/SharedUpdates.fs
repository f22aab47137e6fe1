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

module internal Clip =
    /// Returns the factor that reduces a norm to the limit; 1 if the norm is within the limit or NaN.
    let factor (limit: float) (length: float) = if length > limit then limit / length else 1.0
