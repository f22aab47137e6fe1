namespace CuteDl.Core.Numerics

open System
open System.Numerics

/// <summary>An exact fraction in lowest terms. An update without roots runs over it without rounding.</summary>
[<Struct; CustomEquality; NoComparison>]
type Rational private (numerator: BigInteger, denominator: BigInteger) =

    /// <summary>Returns numerator / denominator in lowest terms, with a positive denominator.</summary>
    /// <exception cref="T:System.DivideByZeroException">The denominator is 0.</exception>
    static member Of(numerator: BigInteger, denominator: BigInteger) =
        if denominator.IsZero then
            raise (DivideByZeroException "The denominator of a fraction must not be 0.")

        let divisor = BigInteger.GreatestCommonDivisor(numerator, denominator) * BigInteger denominator.Sign

        Rational(numerator / divisor, denominator / divisor)

    /// <summary>Returns a whole number as a fraction.</summary>
    static member Of(whole: int) = Rational(BigInteger whole, BigInteger.One)

    /// <summary>Returns the exact value of a floating-point number as a fraction.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number is NaN or infinite.</exception>
    static member Of(number: float) =
        if not (Double.IsFinite number) then
            raise (ArgumentOutOfRangeException(nameof number, number, "Only a finite number is a fraction."))

        let bits = BitConverter.DoubleToInt64Bits number
        let exponent = int ((bits >>> 52) &&& 0x7FFL)
        let fraction = bits &&& 0xFFFFFFFFFFFFFL

        let magnitude = BigInteger(if exponent = 0 then fraction else fraction ||| (1L <<< 52))

        let signed = if bits < 0L then -magnitude else magnitude
        let power = (if exponent = 0 then 1 else exponent) - 1075

        if power >= 0 then
            Rational.Of(signed * BigInteger.Pow(2, power), BigInteger.One)
        else
            Rational.Of(signed, BigInteger.Pow(2, -power))

    // A default-initialized struct has denominator 0. It represents 0, like a new slot.
    member _.Numerator = numerator
    member _.Denominator = if denominator.IsZero then BigInteger.One else denominator

    /// <summary>Returns the nearest double, to within one unit in the last place.</summary>
    member fraction.ToFloat() =
        // The quotient has at least 64 bits for any sizes of numerator and denominator, so the conversion dominates the rounding error.
        let bits (number: BigInteger) = int (BigInteger.Abs(number).GetBitLength())
        let shift = 64 + bits fraction.Denominator - bits fraction.Numerator

        let quotient =
            if shift >= 0 then
                (fraction.Numerator <<< shift) / fraction.Denominator
            else
                fraction.Numerator / (fraction.Denominator <<< -shift)

        Math.ScaleB(float quotient, -shift)

    override fraction.Equals(other: obj | null) =
        match other with
        | :? Rational as other -> fraction.Numerator = other.Numerator && fraction.Denominator = other.Denominator
        | _ -> false

    override fraction.GetHashCode() = HashCode.Combine(fraction.Numerator, fraction.Denominator)

    override fraction.ToString() =
        if fraction.Denominator.IsOne then
            string fraction.Numerator
        else
            $"{fraction.Numerator}/{fraction.Denominator}"

    static member (+)(a: Rational, b: Rational) =
        Rational.Of(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator)

    static member (-)(a: Rational, b: Rational) =
        Rational.Of(a.Numerator * b.Denominator - b.Numerator * a.Denominator, a.Denominator * b.Denominator)

    static member (*)(a: Rational, b: Rational) = Rational.Of(a.Numerator * b.Numerator, a.Denominator * b.Denominator)

    static member (/)(a: Rational, b: Rational) = Rational.Of(a.Numerator * b.Denominator, a.Denominator * b.Numerator)

    interface IElement<Rational> with
        static member (+)(a: Rational, b: Rational) : Rational = a + b
        static member (-)(a: Rational, b: Rational) : Rational = a - b
        static member (*)(a: Rational, b: Rational) : Rational = a * b
        static member (/)(a: Rational, b: Rational) : Rational = a / b
        static member Lift value = Rational.Of value

        static member Root _ =
            raise (NotSupportedException "An update with a square root cannot run with fractions: the root is not a fraction.")

        static member Divisor value = value
        static member RootDivisor value = value
        static member Greater(a, b) = if (a - b).Numerator.Sign < 0 then b else a

        static member Choose(key, below, neither, above) =
            match key.Numerator.Sign with
            | -1 -> below
            | 1 -> above
            | _ -> neither
