/// <summary>
/// Computes erf, the normal distribution, tanh, ln(1 + x) and functions of them over whole arrays, with the same bits on every machine.
/// </summary>
/// <remarks>
/// All functions are computed in lanes of double precision, from fused multiply-adds, divisions and bit operations. Single precision is
/// widened first and rounded once, so its error is hardly above half a unit in the last place. The bounds below are in units in the last
/// place of double precision; tests compare with values of 60 digits.
/// </remarks>
module internal CuteDl.Core.Numerics.Special

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices

/// A function of a vector of numbers.
type ILaneFunction =
    static abstract Of: x: Vector<float> -> Vector<float>

let inline private all (value: float) = Vector<float> value
let inline private select condition (yes: Vector<float>) (no: Vector<float>) = Vector.ConditionalSelect(condition, yes, no)

/// Horner's rule; the coefficient of the highest power comes first.
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private polynomial (coefficients: float array) (x: Vector<float>) : Vector<float> =
    let mutable sum = all coefficients[0]

    for i in 1 .. coefficients.Length - 1 do
        sum <- Vector.FusedMultiplyAdd(sum, x, all coefficients[i])

    sum

// The polynomials interpolate at Chebyshev nodes; their coefficients were computed with 60 digits.

/// erf(x) / x as a polynomial in x², for |x| ≤ 1. The error is 0.14 units.
let private erfSeries =
    [| 5.957176147748911e-11
       -1.1372848856791674e-09
       1.4659775274047436e-08
       -1.6350312701054695e-07
       1.6461000484121368e-06
       -1.4925595266831182e-05
       0.0001205533111164271
       -0.000854832698083379
       0.0052239776248180145
       -0.026866170645076792
       0.11283791670954879
       -0.3761263890318375
       1.1283791670955126 |]

/// e^(y²/2) · (1 − Φ(y)) · (1 + √2 y) as a polynomial in t = (y − 5) / (y + 5), for 0 ≤ y ≤ 40 (the form is that of Shepherd &amp; Laframboise
/// 1981). The error is 0.14 units.
let private tailSeries =
    [| -3.9401671098933616e-10
       1.0595339976837012e-10
       6.307965978983697e-09
       3.033685449608241e-09
       -4.6590176831818825e-08
       -3.075125293593172e-08
       2.949783931852418e-07
       1.474689805509635e-07
       -1.9510018205102402e-06
       1.8080372547455152e-07
       1.3339292823626709e-05
       -1.674758709612589e-05
       -7.621099414780054e-05
       0.00028288933137676336
       -4.460025475879022e-05
       -0.0024612651358968205
       0.010208851386720633
       -0.025178554835555852
       0.04439886132920009
       -0.05715904897197631
       0.047648661338932904
       -0.00419370817828286
       -0.07005241362061781
       0.6208209264948372 |]

/// (ln((1 + s) / (1 − s)) − 2s) / s³ as a polynomial in s², for |s| ≤ 0.1717.
let private logSeries =
    [| 0.14617807153417325
       0.15331611722055008
       0.1818289243253687
       0.22222211089379496
       0.28571428626253836
       0.3999999999989889
       0.666666666666667 |]

/// (e^r − 1 − r) / r² as a polynomial in r, for |r| ≤ ½ ln 2: the Taylor series.
let private exponentialSeries =
    let mutable factorial = 1.0

    [| for i in 2..13 do
           factorial <- factorial * float i
           1.0 / factorial |]
    |> Array.rev

let private ln2High = 0.69314718036912382
let private ln2Low = 1.9082149292705877e-10

/// 2ᵏ for whole numbers k.
let inline private powerOfTwo (k: Vector<int64>) : Vector<float> =
    Vector.AsVectorDouble(Vector.ShiftLeft(Vector.Add(k, Vector<int64> 1023L), 52))

/// eˣ − 1 for 0 ≤ x ≤ 44.
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private exponentialMinusOne (x: Vector<float>) : Vector<float> =
    // Adding 1.5 · 2⁵² rounds to a whole number, which is then in the lowest bits.
    let shifter = all 6755399441055744.0
    let shifted = Vector.FusedMultiplyAdd(x, all 1.4426950408889634, shifter)
    let k = Vector.Subtract(shifted, shifter)
    let r = Vector.FusedMultiplyAdd(k, all -ln2High, x)
    let r = Vector.FusedMultiplyAdd(k, all -ln2Low, r)
    let small = Vector.FusedMultiplyAdd(Vector.Multiply(r, r), polynomial exponentialSeries r, r)
    let power = powerOfTwo (Vector.Subtract(Vector.AsVectorInt64 shifted, Vector.AsVectorInt64 shifter))
    Vector.FusedMultiplyAdd(power, small, Vector.Subtract(power, all 1.0))

let private signBit = BitConverter.Int64BitsToDouble Int64.MinValue

/// The magnitude of the first with the sign of the second.
let inline private withSign (magnitude: Vector<float>) (sign: Vector<float>) : Vector<float> =
    Vector.BitwiseOr(magnitude, Vector.BitwiseAnd(sign, all signBit))

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private tanhOf (x: Vector<float>) : Vector<float> =
    let y = Vector.Abs x
    // From 22 on, the result rounds to 1. NaN stays NaN.
    let y = select (Vector.GreaterThan(y, all 22.0)) (all 22.0) y
    let t = exponentialMinusOne (Vector.Add(y, y))
    withSign (Vector.Divide(t, Vector.Add(t, all 2.0))) x

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private logOnePlusOf (x: Vector<float>) : Vector<float> =
    let u = Vector.Add(all 1.0, x)
    // u = 2ᵏ m with m in [√½, √2).
    let half = BitConverter.DoubleToInt64Bits(Math.Sqrt 0.5)
    let bits = Vector.AsVectorInt64 u
    let k = Vector.ShiftRightArithmetic(Vector.Subtract(bits, Vector<int64> half), 52)
    let isNear = Vector.Equals(k, Vector<int64>.Zero)
    let m = Vector.AsVectorDouble(Vector.Subtract(bits, Vector.ShiftLeft(k, 52)))
    let power = Vector.ConvertToDouble k
    // What u lost by rounding: for k = 0, x itself is exact.
    let f = Vector.ConditionalSelect(isNear, x, Vector.Subtract(m, all 1.0))

    let lost =
        select
            (Vector.GreaterThan(x, all 1.0))
            (Vector.Subtract(all 1.0, Vector.Subtract(u, x)))
            (Vector.Subtract(x, Vector.Subtract(u, all 1.0)))

    let correction = Vector.ConditionalSelect(isNear, Vector<float>.Zero, Vector.Divide(lost, u))

    let s = Vector.Divide(f, Vector.Add(all 2.0, f))
    let z = Vector.Multiply(s, s)
    let r = Vector.Multiply(z, polynomial logSeries z)
    let halfSquare = Vector.Multiply(Vector.Multiply(all 0.5, f), f)

    // ln(1 + f) = f − (f²/2 − s (f²/2 + R)), which adds the small terms first.
    let small =
        Vector.FusedMultiplyAdd(s, Vector.Add(halfSquare, r), Vector.FusedMultiplyAdd(power, all ln2Low, correction))

    let result =
        Vector.FusedMultiplyAdd(power, all ln2High, Vector.Subtract(f, Vector.Subtract(halfSquare, small)))

    let result = select (Vector.Equals(x, all -1.0)) (all -infinity) result
    let result = select (Vector.LessThan(x, all -1.0)) (all nan) result
    select (Vector.Equals(x, all infinity)) (all infinity) result

/// e^(−y²/2) for y ≥ 0. The square is computed with its rounding error.
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private bell (y: Vector<float>) : Vector<float> =
    let square = Vector.Multiply(y, y)
    let lost = Vector.FusedMultiplyAdd(y, y, Vector.Negate square)
    let e = Exponential.ofDoubles (Vector.Multiply(square, all -0.5))
    Vector.FusedMultiplyAdd(Vector.Multiply(e, all -0.5), lost, e)

let private farthest = 40.0

/// |x|, but at most 40, where the normal distribution's tail is 0. NaN stays NaN.
let inline private distance (x: Vector<float>) : Vector<float> =
    let y = Vector.Abs x
    select (Vector.GreaterThan(y, all farthest)) (all farthest) y

/// 1 − Φ(y) for 0 ≤ y ≤ 40, from e^(−y²/2).
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private tail (bell: Vector<float>) (y: Vector<float>) : Vector<float> =
    let t = Vector.Divide(Vector.Subtract(y, all 5.0), Vector.Add(y, all 5.0))
    Vector.Divide(Vector.Multiply(bell, polynomial tailSeries t), Vector.FusedMultiplyAdd(y, all (Math.Sqrt 2.0), all 1.0))

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private erfOf (x: Vector<float>) : Vector<float> =
    let y = Vector.Abs x
    let near = Vector.Multiply(y, polynomial erfSeries (Vector.Multiply(y, y)))
    let scaled = distance (Vector.Multiply(y, all (Math.Sqrt 2.0)))
    let far = Vector.FusedMultiplyAdd(all -2.0, tail (bell scaled) scaled, all 1.0)
    withSign (select (Vector.GreaterThan(y, all 1.0)) far near) x

/// Φ(x), from e^(−x²/2) and the distance |x|.
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private normalOf (bell: Vector<float>) (y: Vector<float>) (x: Vector<float>) : Vector<float> =
    let tail = tail bell y
    select (Vector.GreaterThan(x, Vector<float>.Zero)) (Vector.Subtract(all 1.0, tail)) tail

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private sigmoidOf (x: Vector<float>) : Vector<float> =
    Vector.Divide(all 1.0, Vector.Add(all 1.0, Exponential.ofDoubles (Vector.Negate x)))

/// tanh x. The error is at most 3 units.
[<Struct>]
type Tanh =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x = tanhOf x

/// ln(1 + x), also where 1 + x rounds to 1. The error is at most 2 units.
[<Struct>]
type LogOnePlus =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x = logOnePlusOf x

/// erf x = 2/√π ∫₀ˣ e^(−t²) dt. The error is at most 2 units.
[<Struct>]
type Erf =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x = erfOf x

/// Φ(x), the normal distribution function (1 + erf(x/√2)) / 2, also in its left tail. The error is at most 8 units.
[<Struct>]
type Normal =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x =
            let y = distance x
            normalOf (bell y) y x

/// 1 / (1 + e⁻ˣ). The error is at most 3 units.
[<Struct>]
type Sigmoid =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x = sigmoidOf x

/// x Φ(x).
[<Struct>]
type Gelu =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x =
            let y = distance x
            // −∞ · 0 is NaN; so far from 0, the result is 0.
            let value = Vector.Multiply(x, normalOf (bell y) y x)
            select (Vector.LessThan(x, all -farthest)) (all -0.0) value

/// The derivative of x Φ(x): Φ(x) + x φ(x).
[<Struct>]
type GeluSlope =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x =
            let y = distance x
            let bell = bell y
            let density = Vector.Multiply(bell, all (1.0 / Math.Sqrt(2.0 * Math.PI)))
            Vector.FusedMultiplyAdd(withSign y x, density, normalOf bell y x)

// Beyond it, e⁻ˣ is 0 or infinite.
let private extreme = 710.0

/// x σ(x).
[<Struct>]
type Silu =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x =
            select (Vector.LessThan(x, all -extreme)) (all -0.0) (Vector.Multiply(x, sigmoidOf x))

/// The derivative of x σ(x): σ(x) (1 + x σ(−x)).
[<Struct>]
type SiluSlope =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x =
            let bounded = select (Vector.GreaterThan(x, all extreme)) (all extreme) x
            let bounded = select (Vector.LessThan(bounded, all -extreme)) (all -extreme) bounded
            Vector.Multiply(sigmoidOf bounded, Vector.FusedMultiplyAdd(bounded, sigmoidOf (Vector.Negate bounded), all 1.0))

/// ln(1 + eˣ), as max(x, 0) + ln(1 + e^(−|x|)).
[<Struct>]
type Softplus =
    interface ILaneFunction with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of x =
            let positive = select (Vector.LessThan(x, Vector<float>.Zero)) Vector<float>.Zero x
            Vector.Add(positive, logOnePlusOf (Exponential.ofDoubles (Vector.Negate(Vector.Abs x))))

/// A vector of numbers of either precision, through lanes of double precision.
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private lanes<'F, 'T when 'F :> ILaneFunction and 'T: unmanaged> (x: Vector<'T>) : Vector<'T> =
    if sizeof<'T> = 4 then
        let mutable low = Vector<float>.Zero
        let mutable high = Vector<float>.Zero
        Vector.Widen(Vector.As<'T, float32> x, &low, &high)
        Vector.As<float32, 'T>(Vector.Narrow('F.Of low, 'F.Of high))
    else
        Vector.As<float, 'T>('F.Of(Vector.As<'T, float> x))

/// Replaces every value x by F(x).
let apply<'F, 'T when 'F :> ILaneFunction and 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (values: Span<'T>) : unit =
    let width = Vector<'T>.Count
    let vectors = Reinterpret.registers<'T, Vector<'T>> values

    for i in 0 .. vectors.Length - 1 do
        vectors[i] <- lanes<'F, 'T> vectors[i]

    let rest = values.Slice(vectors.Length * width)

    if rest.Length > 0 then
        // The tail is padded with zeros to a vector.
        let mutable last = Vector<'T>.Zero
        let padded = MemoryMarshal.CreateSpan(&Unsafe.As<Vector<'T>, 'T> &last, width)
        rest.CopyTo padded
        last <- lanes<'F, 'T> last
        padded.Slice(0, rest.Length).CopyTo rest

/// Multiplies target[i] by F(arguments[i]), rounded to their precision.
let multiply<'F, 'T when 'F :> ILaneFunction and 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (target: Span<'T>)
    (arguments: ReadOnlySpan<'T>)
    : unit =
    let width = Vector<'T>.Count
    let vectors = Reinterpret.registers<'T, Vector<'T>> target
    let sources = Reinterpret.readOnlyRegisters<'T, Vector<'T>> arguments

    for i in 0 .. vectors.Length - 1 do
        vectors[i] <- Vector.Multiply(vectors[i], lanes<'F, 'T> sources[i])

    let start = vectors.Length * width
    let rest = target.Slice start

    if rest.Length > 0 then
        let mutable factors = Vector<'T>.Zero
        let padded = MemoryMarshal.CreateSpan(&Unsafe.As<Vector<'T>, 'T> &factors, width)
        arguments.Slice(start, rest.Length).CopyTo padded
        factors <- lanes<'F, 'T> factors

        for j in 0 .. rest.Length - 1 do
            rest[j] <- 'T.op_Multiply (rest[j], padded[j])
