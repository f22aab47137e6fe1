namespace CuteDl.Core.Numerics

open System
open System.Numerics

/// <summary>The operators of a number type, resolved at once.</summary>
/// <remarks>
/// Opened where arithmetic is written over a type parameter: F#'s own operators leave the type of <c>a * b</c> open, so
/// that <c>a * b + c</c> cannot be compiled outside an inline function. They mean the same for <c>float</c> and <c>int</c>.
/// </remarks>
module Arithmetic =
    let inline (+) (a: 'N) (b: 'N) : 'N :> IAdditionOperators<'N, 'N, 'N> = 'N.op_Addition (a, b)
    let inline (-) (a: 'N) (b: 'N) : 'N :> ISubtractionOperators<'N, 'N, 'N> = 'N.op_Subtraction (a, b)
    let inline (*) (a: 'N) (b: 'N) : 'N :> IMultiplyOperators<'N, 'N, 'N> = 'N.op_Multiply (a, b)
    let inline (/) (a: 'N) (b: 'N) : 'N :> IDivisionOperators<'N, 'N, 'N> = 'N.op_Division (a, b)

/// <summary>
/// What a law may do with one element. A law is written against this interface once and runs over whatever implements
/// it: single numbers (<see cref="T:CuteDl.Core.Numerics.Scalar`1"/>), several neighbours at a time
/// in a vector register, exact fractions (<see cref="T:CuteDl.Core.Numerics.Rational"/>).
/// </summary>
/// <remarks>Every operation is exact or correctly rounded, and none is ever fused: so all executions agree bit for bit.</remarks>
type IElement<'E when 'E :> IElement<'E>> =
    inherit IAdditionOperators<'E, 'E, 'E>
    inherit ISubtractionOperators<'E, 'E, 'E>
    inherit IMultiplyOperators<'E, 'E, 'E>
    inherit IDivisionOperators<'E, 'E, 'E>

    /// <summary>The element nearest to a constant of the step.</summary>
    static abstract Lift: value: float -> 'E

    /// <summary>The square root, correctly rounded.</summary>
    static abstract Root: value: 'E -> 'E

    /// <summary>
    /// A value of at least 0 made fit to divide by: the value itself, or the smallest normal number where it is less. Keeps
    /// 0/0 out of a quotient whose numerator is 0 too, without touching any other result; NaN stays NaN.
    /// </summary>
    static abstract Divisor: value: 'E -> 'E

    /// <summary>
    /// Makes the root of a mean of squares fit to divide by: returns the value, or the root of the smallest normal number where the value
    /// is less. Below it the squares have lost digits, or are 0, and the root says nothing any more. NaN stays NaN.
    /// </summary>
    static abstract RootDivisor: value: 'E -> 'E

    /// <summary>The greater of two; NaN if the first is.</summary>
    static abstract Greater: a: 'E * b: 'E -> 'E

    /// <summary>One of three, by the sign of a key: below where it is less than 0, above where it is more, otherwise neither (NaN too).</summary>
    static abstract Choose: key: 'E * below: 'E * neither: 'E * above: 'E -> 'E

/// <summary>One number: the plain execution of a law, and the specification of every other.</summary>
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

/// <summary>What follows from the operations of an element.</summary>
module Element =
    /// <summary>−1, 0 or 1; NaN of NaN.</summary>
    let inline sign<'E when 'E :> IElement<'E>> (value: 'E) : 'E = 'E.Choose(value, 'E.Lift -1.0, value, 'E.Lift 1.0)

    /// <summary>|x|.</summary>
    let inline absolute<'E when 'E :> IElement<'E>> (value: 'E) : 'E =
        'E.Choose(value, 'E.op_Subtraction ('E.Lift 0.0, value), value, value)

    /// <summary>The lesser of two; NaN if the first is.</summary>
    let inline lesser<'E when 'E :> IElement<'E>> (a: 'E) (b: 'E) : 'E = 'E.Choose('E.op_Subtraction (b, a), b, a, a)
