/// Sums over whole tensors, in double whatever the elements are.
///
/// Eight partial sums, element i in the one numbered i mod 8, added up in a fixed order at the end: so the bits do not depend on the
/// width of the registers. Squares of singles are exact in double, and a norm of singles cannot overflow on the way.
module internal CuteDl.Core.Optimizers.Sums

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

let private lanes = 8

[<Struct; NoEquality; NoComparison>]
type private Eight =
    val mutable Lower: Vector256<float>
    val mutable Upper: Vector256<float>

    member sums.Total =
        let pairs = Vector256.Add(sums.Lower, sums.Upper)
        (pairs[0] + pairs[1]) + (pairs[2] + pairs[3])

/// The doubles of eight neighbours.
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private widen (source: byref<'T>, at: int, lower: byref<Vector256<float>>, upper: byref<Vector256<float>>) : unit =
    if sizeof<'T> = 4 then
        let singles = Vector256.LoadUnsafe<float32>(&Unsafe.As<'T, float32>(&Unsafe.Add(&source, at)))
        let struct (first, second) = Vector256.Widen singles
        lower <- first
        upper <- second
    else
        lower <- Vector256.LoadUnsafe<float>(&Unsafe.As<'T, float>(&Unsafe.Add(&source, at)))
        upper <- Vector256.LoadUnsafe<float>(&Unsafe.As<'T, float>(&Unsafe.Add(&source, at + 4)))

/// Σ x².
let squares (x: ReadOnlySpan<'T>) : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let source = &MemoryMarshal.GetReference x
    let mutable sums = Eight()
    let mutable lower = Vector256<float>.Zero
    let mutable upper = Vector256<float>.Zero
    let mutable i = 0

    while i <= x.Length - lanes do
        widen (&source, i, &lower, &upper)
        sums.Lower <- Vector256.Add(sums.Lower, Vector256.Multiply(lower, lower))
        sums.Upper <- Vector256.Add(sums.Upper, Vector256.Multiply(upper, upper))
        i <- i + lanes

    let mutable rest = 0.0

    while i < x.Length do
        let value = Double.CreateTruncating x[i]
        rest <- rest + value * value
        i <- i + 1

    sums.Total + rest

/// Σ f(x, y) over two tensors of a length, one element after another.
let inline fold2 (x: ReadOnlySpan<'T>) (y: ReadOnlySpan<'T>) ([<InlineIfLambda>] f: float -> float -> float) : float =
    let mutable sum = 0.0

    for i in 0 .. x.Length - 1 do
        sum <- sum + f (Double.CreateTruncating x[i]) (Double.CreateTruncating y[i])

    sum

/// 0 if all elements are finite, otherwise NaN.
let finite (x: ReadOnlySpan<'T>) : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let step = Vector<'T>.Count
    let mutable sum = Vector<'T>.Zero
    let mutable i = 0

    while i <= x.Length - step do
        let value = Vector<'T>(x.Slice i)
        sum <- Vector.Add(sum, Vector.Multiply(value, Vector<'T>.Zero))
        i <- i + step

    let mutable total = Double.CreateTruncating(Vector.Sum sum)

    while i < x.Length do
        total <- total + Double.CreateTruncating(x[i]) * 0.0
        i <- i + 1

    total
