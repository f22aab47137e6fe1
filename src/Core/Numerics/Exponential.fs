/// Computes eˣ of whole arrays in vectors, with the same bits on every machine.
///
/// The library's vector exponential rounds differently without fused multiply-add, and its scalar exponential takes five times as long.
/// Here x = k ln 2 + r with |r| ≤ ½ ln 2. eʳ is its Taylor polynomial by Horner's rule in fused multiply-adds, of degree 7 for float32 and
/// 13 for float64: the truncation error is below a quarter of a unit in the last place. 2ᵏ is put into the bits of the exponent. Results
/// below the smallest normal number are 0.
module CuteDl.Core.Numerics.Exponential

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private single (x: Vector<float32>) : Vector<float32> =
    let inline all (value: float32) = Vector<float32> value
    // Adding 1.5 · 2²³ rounds to a whole number, which is then in the lowest bits.
    let shifter = all 12582912.0f
    let shifted = Vector.FusedMultiplyAdd(x, all 1.44269504f, shifter)
    let k = Vector.Subtract(shifted, shifter)
    // ln 2 is split into two parts. The first has so few bits that its product with k is exact.
    let r = Vector.FusedMultiplyAdd(k, all -0.693145752f, x)
    let r = Vector.FusedMultiplyAdd(k, all -1.42860677e-6f, r)
    let sum = Vector.FusedMultiplyAdd(all (1.0f / 5040.0f), r, all (1.0f / 720.0f))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0f / 120.0f))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0f / 24.0f))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0f / 6.0f))
    let sum = Vector.FusedMultiplyAdd(sum, r, all 0.5f)
    let sum = Vector.FusedMultiplyAdd(sum, r, all 1.0f)
    let sum = Vector.FusedMultiplyAdd(sum, r, all 1.0f)

    let power =
        Vector.AsVectorSingle(Vector.Add(Vector.ShiftLeft(Vector.AsVectorInt32 shifted, 23), Vector<int>(127 <<< 23)))

    let result = Vector.Multiply(sum, power)

    let result =
        Vector.ConditionalSelect(Vector.LessThan(x, all -87.3365402f), Vector<float32>.Zero, result)

    Vector.ConditionalSelect(Vector.GreaterThan(x, all 88.3762589f), all infinityf, result)

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private double (x: Vector<float>) : Vector<float> =
    let inline all (value: float) = Vector<float> value
    let shifter = all 6755399441055744.0
    let shifted = Vector.FusedMultiplyAdd(x, all 1.4426950408889634, shifter)
    let k = Vector.Subtract(shifted, shifter)
    let r = Vector.FusedMultiplyAdd(k, all -0.69314718036912382, x)
    let r = Vector.FusedMultiplyAdd(k, all -1.9082149292705877e-10, r)
    let sum = Vector.FusedMultiplyAdd(all (1.0 / 6227020800.0), r, all (1.0 / 479001600.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 39916800.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 3628800.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 362880.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 40320.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 5040.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 720.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 120.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 24.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all (1.0 / 6.0))
    let sum = Vector.FusedMultiplyAdd(sum, r, all 0.5)
    let sum = Vector.FusedMultiplyAdd(sum, r, all 1.0)
    let sum = Vector.FusedMultiplyAdd(sum, r, all 1.0)

    let power =
        Vector.AsVectorDouble(Vector.Add(Vector.ShiftLeft(Vector.AsVectorInt64 shifted, 52), Vector<int64>(1023L <<< 52)))

    let result = Vector.Multiply(sum, power)

    let result =
        Vector.ConditionalSelect(Vector.LessThan(x, all -708.39641853226408), Vector<float>.Zero, result)

    Vector.ConditionalSelect(Vector.GreaterThan(x, all 709.43613930310391), all infinity, result)

/// Returns eˣ of a vector of numbers in double precision.
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let internal ofDoubles (x: Vector<float>) : Vector<float> = double x

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private ofVector (x: Vector<'T>) : Vector<'T> =
    if sizeof<'T> = 4 then
        Vector.As<float32, 'T>(single (Vector.As<'T, float32> x))
    else
        Vector.As<float, 'T>(double (Vector.As<'T, float> x))

/// <summary>Replaces every value x by eˣ.</summary>
/// <remarks>
/// The error is below one unit in the last place. The result is infinite above 88.37 (float32) or 709.4 (float64), just below the largest
/// number. NaN stays NaN.
/// </remarks>
/// <param name="values">The exponents; overwritten with the results.</param>
[<Kernel>]
let apply (values: Span<'T>) : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let width = Vector<'T>.Count
    let vectors = Reinterpret.registers<'T, Vector<'T>> values

    for i in 0 .. vectors.Length - 1 do
        vectors[i] <- ofVector vectors[i]

    let rest = values.Slice(vectors.Length * width)

    if rest.Length > 0 then
        // The tail is padded with zeros to a vector.
        let mutable last = Vector<'T>.Zero
        let lanes = MemoryMarshal.CreateSpan(&Unsafe.As<Vector<'T>, 'T> &last, width)
        rest.CopyTo lanes
        last <- ofVector last
        lanes.Slice(0, rest.Length).CopyTo rest
