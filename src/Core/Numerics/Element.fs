namespace CuteDl.Core.Numerics

open System
open System.Numerics

/// <summary>The arithmetic operators of a number type, resolved at compile time.</summary>
/// <remarks>
/// Open this module where arithmetic is written over a type parameter. F#'s own operators leave the type of <c>a * b</c> open, so <c>a * b
/// + c</c> compiles only in inline functions. For <c>float</c> and <c>int</c> the results are the same.
/// </remarks>
module Arithmetic =
    let inline (+) (a: 'N) (b: 'N) : 'N :> IAdditionOperators<'N, 'N, 'N> = 'N.op_Addition (a, b)
    let inline (-) (a: 'N) (b: 'N) : 'N :> ISubtractionOperators<'N, 'N, 'N> = 'N.op_Subtraction (a, b)
    let inline (*) (a: 'N) (b: 'N) : 'N :> IMultiplyOperators<'N, 'N, 'N> = 'N.op_Multiply (a, b)
    let inline (/) (a: 'N) (b: 'N) : 'N :> IDivisionOperators<'N, 'N, 'N> = 'N.op_Division (a, b)

/// <summary>
/// The operations that an update may apply to an element. An update is written once against this interface. It then runs over single
/// numbers (<see cref="T:CuteDl.Core.Numerics.Scalar`1"/>), over several neighbours in a vector register, and over exact fractions (<see
/// cref="T:CuteDl.Core.Numerics.Rational"/>).
/// </summary>
/// <remarks>
/// Every operation is exact or correctly rounded, and none is fused. So all executions in the same precision agree bit for bit.
/// </remarks>
type IElement<'E when 'E :> IElement<'E>> =
    inherit IAdditionOperators<'E, 'E, 'E>
    inherit ISubtractionOperators<'E, 'E, 'E>
    inherit IMultiplyOperators<'E, 'E, 'E>
    inherit IDivisionOperators<'E, 'E, 'E>

    /// <summary>Returns the element nearest to a number.</summary>
    static abstract Lift: value: float -> 'E

    /// <summary>Returns the square root, correctly rounded.</summary>
    static abstract Root: value: 'E -> 'E

    /// <summary>
    /// Makes a value of at least 0 safe as a divisor: returns the value, or the smallest normal number if the value is smaller. A quotient
    /// whose numerator is 0 too is then 0 instead of NaN. NaN stays NaN.
    /// </summary>
    static abstract Divisor: value: 'E -> 'E

    /// <summary>
    /// Makes the root of a mean of squares safe as a divisor: returns the value, or the root of the smallest normal number if the value is
    /// smaller. Below it, the squares have lost digits or are 0, so their root has no meaning. NaN stays NaN.
    /// </summary>
    static abstract RootDivisor: value: 'E -> 'E

    /// <summary>Returns the greater of two; NaN if the first is NaN.</summary>
    static abstract Greater: a: 'E * b: 'E -> 'E

    /// <summary>
    /// Selects one of three by the sign of a key: <c>below</c> if it is negative, <c>above</c> if it is positive, else <c>neither</c>, also
    /// for NaN.
    /// </summary>
    static abstract Choose: key: 'E * below: 'E * neither: 'E * above: 'E -> 'E

/// <summary>One number. It runs an update in the simplest way, and is the specification of every other element type.</summary>
[<Struct; NoEquality; NoComparison>]
type Scalar<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    val Value: 'T
    new(value) = { Value = value }

    /// <summary>The smallest normal number of the type.</summary>
    static member SmallestNormal: 'T =
        'T.CreateTruncating(if sizeof<'T> = 4 then 1.17549435e-38 else 2.2250738585072014e-308)

    /// <summary>The root of the smallest normal number: 2⁻⁶³ ≈ 1.08e-19 in single precision, 2⁻⁵¹¹ ≈ 1.49e-154 in double.</summary>
    static member SmallestRoot: 'T =
        'T.CreateTruncating(if sizeof<'T> = 4 then 1.0842021724855044e-19 else 1.4916681462400413e-154)

    interface IElement<Scalar<'T>> with
        static member (+)(a: Scalar<'T>, b: Scalar<'T>) : Scalar<'T> = Scalar('T.op_Addition (a.Value, b.Value))
        static member (-)(a: Scalar<'T>, b: Scalar<'T>) : Scalar<'T> = Scalar('T.op_Subtraction (a.Value, b.Value))
        static member (*)(a: Scalar<'T>, b: Scalar<'T>) : Scalar<'T> = Scalar('T.op_Multiply (a.Value, b.Value))
        static member (/)(a: Scalar<'T>, b: Scalar<'T>) : Scalar<'T> = Scalar('T.op_Division (a.Value, b.Value))
        static member Lift value = Scalar('T.CreateTruncating value)
        static member Root value = Scalar('T.Sqrt value.Value)
        static member Divisor value = Scalar('T.Max(Scalar<'T>.SmallestNormal, value.Value))
        static member RootDivisor value = Scalar('T.Max(Scalar<'T>.SmallestRoot, value.Value))
        static member Greater(a, b) = if 'T.op_LessThan (a.Value, b.Value) then b else a

        static member Choose(key, below, neither, above) =
            if 'T.op_LessThan (key.Value, 'T.Zero) then below
            elif 'T.op_GreaterThan (key.Value, 'T.Zero) then above
            else neither

/// <summary>Functions derived from the operations of an element.</summary>
module Element =
    /// <summary>Returns −1, 0 or 1; NaN for NaN.</summary>
    let inline sign<'E when 'E :> IElement<'E>> (value: 'E) : 'E = 'E.Choose(value, 'E.Lift -1.0, value, 'E.Lift 1.0)

    /// <summary>Returns |x|.</summary>
    let inline absolute<'E when 'E :> IElement<'E>> (value: 'E) : 'E =
        'E.Choose(value, 'E.op_Subtraction ('E.Lift 0.0, value), value, value)

    /// <summary>Returns the lesser of two; NaN if the first is NaN.</summary>
    let inline lesser<'E when 'E :> IElement<'E>> (a: 'E) (b: 'E) : 'E = 'E.Choose('E.op_Subtraction (b, a), b, a, a)
