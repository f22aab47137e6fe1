/// The softmax cross-entropy of batches and its gradient.
///
/// Performance: the lanes of a vector are neighbouring examples, so a sum over the outputs of an example needs no sum over lanes. Each example
/// has the operations of a loop over its own outputs, in the same order. So the bits do not depend on the number of lanes.
module internal CuteDl.Core.Networks.SoftmaxKernels

open System
open System.Buffers
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open CuteDl.Core.Numerics

// A block has one example in each lane: width × lanes. The sums of its examples are four rows of lanes.
[<Literal>]
let private Score = 0

[<Literal>]
let private Weight = 1

[<Literal>]
let private Sum = 2

[<Literal>]
let private Rest = 3

// Small methods, so that all values of each one stay in registers.

/// Computes z − max z of each example, so that no exponential overflows and their sum is at least 1. Writes the score Σ y (z − max z) and the
/// weight Σ y.
[<Kernel; MethodImpl(MethodImplOptions.NoInlining)>]
let private shift (z: byref<'T>, y: byref<'T>, sums: byref<'T>, width: int) : unit =
    let lanes = Vector<'T>.Count
    let zero = Vector<'T>.Zero
    let mutable largest = Vector.LoadUnsafe &z

    // The maximum may ignore a NaN, because the NaN makes the sum of the exponentials NaN.
    for j in 1 .. width - 1 do
        largest <- Vector.MaxNative(largest, Vector.LoadUnsafe(&Unsafe.Add(&z, j * lanes)))

    let mutable score = zero
    let mutable weight = zero

    for j in 0 .. width - 1 do
        let y = Vector.LoadUnsafe(&Unsafe.Add(&y, j * lanes))
        let difference = Vector.Subtract(Vector.LoadUnsafe(&Unsafe.Add(&z, j * lanes)), largest)
        Vector.StoreUnsafe(difference, &Unsafe.Add(&z, j * lanes))
        score <- Vector.Add(score, Vector.Multiply(y, difference))
        weight <- Vector.Add(weight, y)

    // 0 · −∞ is NaN. A logit of −∞ must not add to the loss if the target of its class is 0.
    if not (Vector.EqualsAll(score, score)) then
        let mutable ofTargets = zero

        for j in 0 .. width - 1 do
            let y = Vector.LoadUnsafe(&Unsafe.Add(&y, j * lanes))
            let term = Vector.Multiply(y, Vector.LoadUnsafe(&Unsafe.Add(&z, j * lanes)))
            ofTargets <- Vector.Add(ofTargets, Vector.ConditionalSelect(Vector.Equals<'T>(y, zero), zero, term))

        score <- Vector.ConditionalSelect(Vector.Equals<'T>(score, score), score, ofTargets)

    Vector.StoreUnsafe(score, &Unsafe.Add(&sums, Score * lanes))
    Vector.StoreUnsafe(weight, &Unsafe.Add(&sums, Weight * lanes))

/// Turns e = exp (z − max z), whose largest value is 1, into the gradient e Σy/Σe − y of each example. Writes Σ e, and the rest: Σ e without
/// one element that is 1. If Σ e is only slightly above 1, subtracting 1 from it would lose digits.
[<Kernel; MethodImpl(MethodImplOptions.NoInlining)>]
let private normalize (e: byref<'T>, y: byref<'T>, sums: byref<'T>, width: int) : unit =
    let lanes = Vector<'T>.Count
    let zero = Vector<'T>.Zero
    let one = Vector<'T>.One
    let mutable sum = zero
    let mutable rest = zero
    let mutable isPassed = zero

    for j in 0 .. width - 1 do
        let e = Vector.LoadUnsafe(&Unsafe.Add(&e, j * lanes))
        let isOne = Vector.Equals<'T>(e, one)
        sum <- Vector.Add(sum, e)
        rest <- Vector.Add(rest, Vector.ConditionalSelect(Vector.AndNot(isOne, isPassed), zero, e))
        isPassed <- Vector.BitwiseOr(isPassed, isOne)

    let share = Vector.Divide(Vector.LoadUnsafe(&Unsafe.Add(&sums, Weight * lanes)), sum)

    for j in 0 .. width - 1 do
        let scaled = Vector.Multiply(Vector.LoadUnsafe(&Unsafe.Add(&e, j * lanes)), share)
        let gradient = Vector.Subtract(scaled, Vector.LoadUnsafe(&Unsafe.Add(&y, j * lanes)))
        Vector.StoreUnsafe(gradient, &Unsafe.Add(&e, j * lanes))

    Vector.StoreUnsafe(sum, &Unsafe.Add(&sums, Sum * lanes))
    Vector.StoreUnsafe(rest, &Unsafe.Add(&sums, Rest * lanes))

/// Computes with registers that divide a vector.
[<Kernel>]
let private evaluateWith<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T> and 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (outputs: ReadOnlySpan<'T>)
    (targets: ReadOnlySpan<'T>)
    (gradient: Span<'T>)
    (width: int)
    : float =
    let lanes = Vector<'T>.Count
    let size = lanes * width
    let space = ArrayPool<'T>.Shared.Rent(Checked.(+) (Checked.(*) 2 size) (4 * lanes))
    let block = Span(space, 0, size)
    let z = &MemoryMarshal.GetReference block
    let y = &Unsafe.Add(&z, size)
    let sums = Span(space, 2 * size, 4 * lanes)
    let rows = outputs.Length / width
    let threeHalves = 'T.CreateTruncating 1.5
    let mutable scores = 0.0
    let mutable logarithms = 0.0

    // If Σy is 1, a sum of logarithms is the logarithm of a product, which needs one logarithm instead of many. The product is stored as its
    // surplus over 1, so that small terms keep their digits: (1 + p)(1 + r) = 1 + (p + r + p r).
    let mutable surplus = 0.0
    let mutable first = 0

    while first < rows do
        let count = min lanes (rows - first)
        let start = first * width
        Panels.fill<'V, 'T> (outputs.Slice start) 1 width &z lanes width count
        Panels.fill<'V, 'T> (targets.Slice start) 1 width &y lanes width count
        shift (&z, &y, &MemoryMarshal.GetReference sums, width)
        Exponential.apply block
        normalize (&z, &y, &MemoryMarshal.GetReference sums, width)
        Panels.unfold<'V, 'T> &z lanes &gradient[start] width count

        for i in 0 .. count - 1 do
            let weight = sums[Weight * lanes + i]
            let sum = sums[Sum * lanes + i]
            scores <- scores - Double.CreateTruncating sums[Score * lanes + i]

            // From 1.5 on, subtracting 1 is exact and loses at most one digit.
            let rest =
                if 'T.op_LessThan (sum, threeHalves) then
                    Double.CreateTruncating sums[Rest * lanes + i]
                else
                    Double.CreateTruncating sum - 1.0

            if 'T.op_Equality (weight, 'T.One) then
                surplus <- surplus + (rest + surplus * rest)

                if surplus > 1e200 then
                    logarithms <- logarithms + LossKernels.logOnePlus surplus
                    surplus <- 0.0
            else
                logarithms <- logarithms + Double.CreateTruncating weight * LossKernels.logOnePlus rest

        first <- first + lanes

    ArrayPool<'T>.Shared.Return space
    scores + (logarithms + LossKernels.logOnePlus surplus)

/// Returns the sum of the examples' losses, and writes the gradient of that sum with respect to the outputs.
let crossEntropy
    (outputs: ReadOnlySpan<'T>)
    (targets: ReadOnlySpan<'T>)
    (gradient: Span<'T>)
    (width: int)
    : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    if Vector256.IsHardwareAccelerated && Vector<'T>.Count = Vector256<'T>.Count then
        evaluateWith<Register256<'T>, 'T> outputs targets gradient width
    else
        evaluateWith<Register128<'T>, 'T> outputs targets gradient width
