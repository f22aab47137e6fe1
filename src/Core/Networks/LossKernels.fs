namespace CuteDl.Core.Networks

open System
open System.Buffers
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// The losses of batches and their gradients.
module internal LossKernels =
    // Each function returns the sum of the examples' losses, and writes the gradient of that sum with respect to the outputs.

    /// Returns ln(1 + x) for x ≥ 0 in full precision, even if 1 + x rounds to 1; Math.Log and .NET's LogP1 are inaccurate there. The
    /// rounding error of 1 + x is in the logarithm and in the divisor, and cancels (Goldberg 1991, theorem 4).
    let private logOnePlus (x: float) : float =
        let sum = 1.0 + x
        let rounded = sum - 1.0

        if rounded = x then Math.Log sum
        elif rounded = 0.0 then x
        else Math.Log sum * (x / rounded)

    // Small methods, so that all values of each one stay in registers.

    /// Computes g = z − max z of each example, so that no exponential overflows and their sum is at least 1. Returns −Σ y g.
    [<Kernel; MethodImpl(MethodImplOptions.NoInlining)>]
    let private shift
        (z: byref<'T>, y: byref<'T>, g: byref<'T>, rows: int, width: int)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable total = 0.0

        for i in 0 .. rows - 1 do
            let z = &Unsafe.Add(&z, i * width)
            let y = &Unsafe.Add(&y, i * width)
            let g = &Unsafe.Add(&g, i * width)
            let mutable largest = z

            // The maximum may ignore a NaN, because the NaN makes the sum of the exponentials NaN.
            for j in 1 .. width - 1 do
                largest <- 'T.MaxNative(largest, Unsafe.Add(&z, j))

            let mutable lack = 'T.Zero

            for j in 0 .. width - 1 do
                let difference = Unsafe.Add(&z, j) - largest
                Unsafe.Add(&g, j) <- difference
                lack <- lack + Unsafe.Add(&y, j) * difference

            // 0 · −∞ is NaN. A logit of −∞ must not add to the loss if the target of its class is 0.
            if 'T.IsNaN lack then
                lack <- 'T.Zero

                for j in 0 .. width - 1 do
                    if not ('T.IsZero(Unsafe.Add(&y, j))) then
                        lack <- lack + Unsafe.Add(&y, j) * Unsafe.Add(&g, j)

            total <- total - Double.CreateTruncating lack

        total

    /// Returns Σ g without one element that is 1: the exponentials of all logits except the largest. If the sum is only slightly above 1,
    /// computing it first and then subtracting 1 would lose digits.
    [<Kernel; MethodImpl(MethodImplOptions.NoInlining)>]
    let private sumWithoutLargest (g: byref<'T>, width: int) : 'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable sum = 'T.Zero
        let mutable isPassed = false

        for j in 0 .. width - 1 do
            if not isPassed && 'T.op_Equality (Unsafe.Add(&g, j), 'T.One) then
                isPassed <- true
            else
                sum <- sum + Unsafe.Add(&g, j)

        sum

    /// Turns g = eᶻ, whose largest value is 1, into the gradient g Σy/Σg − y of each example. Returns Σ (Σy) ln Σg.
    [<Kernel; MethodImpl(MethodImplOptions.NoInlining)>]
    let private normalize
        (y: byref<'T>, g: byref<'T>, rows: int, width: int)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable total = 0.0
        let threeHalves = 'T.CreateTruncating 1.5

        // If Σy is 1, a sum of logarithms is the logarithm of a product, which needs one logarithm instead of many. The product is stored
        // as its surplus over 1, so that small terms keep their digits: (1 + p)(1 + r) = 1 + (p + r + p r).
        let mutable surplus = 0.0

        for i in 0 .. rows - 1 do
            let y = &Unsafe.Add(&y, i * width)
            let g = &Unsafe.Add(&g, i * width)
            let mutable sum = 'T.Zero
            let mutable weight = 'T.Zero

            for j in 0 .. width - 1 do
                sum <- sum + Unsafe.Add(&g, j)
                weight <- weight + Unsafe.Add(&y, j)

            // From 1.5 on, subtracting 1 is exact and loses at most one digit.
            let rest =
                if 'T.op_LessThan (sum, threeHalves) then
                    Double.CreateTruncating(sumWithoutLargest (&g, width))
                else
                    Double.CreateTruncating sum - 1.0

            let share = weight / sum

            for j in 0 .. width - 1 do
                Unsafe.Add(&g, j) <- Unsafe.Add(&g, j) * share - Unsafe.Add(&y, j)

            if 'T.op_Equality (weight, 'T.One) then
                surplus <- surplus + (rest + surplus * rest)

                if surplus > 1e200 then
                    total <- total + logOnePlus surplus
                    surplus <- 0.0
            else
                total <- total + Double.CreateTruncating weight * logOnePlus rest

        total + logOnePlus surplus

    let softmaxCrossEntropy
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        (width: int)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let rows = outputs.Length / width
        let z = &MemoryMarshal.GetReference outputs
        let y = &MemoryMarshal.GetReference targets
        let g = &MemoryMarshal.GetReference gradient
        let lack = shift (&z, &y, &g, rows, width)
        Exponential.apply gradient
        lack + normalize (&y, &g, rows, width)

    [<Kernel>]
    let meanSquaredError
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable total = 0.0

        for i in 0 .. outputs.Length - 1 do
            let difference = outputs[i] - targets[i]
            gradient[i] <- difference
            total <- total + Double.CreateTruncating(difference * difference)

        0.5 * total

    [<Kernel>]
    let binaryCrossEntropy
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable total = 0.0

        for i in 0 .. outputs.Length - 1 do
            let z = outputs[i]
            // Computes ln(1 + e⁻ᶻ) without overflow: see Mächler 2012, "Accurately computing log(1 − exp(−|a|))".
            let e = 'T.Exp(-('T.Abs z))
            let linear = 'T.Max(z, 'T.Zero) - z * targets[i]
            let sigmoid = (if 'T.op_GreaterThanOrEqual (z, 'T.Zero) then 'T.One else e) / ('T.One + e)
            gradient[i] <- sigmoid - targets[i]
            total <- total + Double.CreateTruncating linear + logOnePlus (Double.CreateTruncating e)

        total

    [<Kernel>]
    let meanAbsoluteError
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable total = 0.0

        for i in 0 .. outputs.Length - 1 do
            let difference = outputs[i] - targets[i]

            gradient[i] <-
                if 'T.op_GreaterThan (difference, 'T.Zero) then
                    'T.One
                elif 'T.op_LessThan (difference, 'T.Zero) then
                    'T.NegativeOne
                // 0, or NaN.
                else
                    difference

            total <- total + Double.CreateTruncating('T.Abs difference)

        total

    [<Kernel>]
    let huber
        (delta: float)
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let limit = 'T.CreateTruncating delta
        let mutable total = 0.0

        for i in 0 .. outputs.Length - 1 do
            let difference = outputs[i] - targets[i]
            gradient[i] <- 'T.Clamp(difference, -limit, limit)
            let distance = Double.CreateTruncating('T.Abs difference)

            total <- total + (if distance > delta then delta * (distance - 0.5 * delta) else 0.5 * distance * distance)

        total

    [<Kernel>]
    let ofOwn
        (own: OwnLoss)
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        (width: int)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        // A rented array, so that steps do not allocate.
        let space = ArrayPool<float>.Shared.Rent(3 * width)
        let z = Span(space, 0, width)
        let y = Span(space, width, width)
        let g = Span(space, 2 * width, width)
        let mutable total = 0.0

        for row in 0 .. outputs.Length / width - 1 do
            for j in 0 .. width - 1 do
                z[j] <- Double.CreateTruncating outputs[row * width + j]
                y[j] <- Double.CreateTruncating targets[row * width + j]

            g.Clear()
            total <- total + own.ValueAndGradient.Invoke(Span<_>.op_Implicit z, Span<_>.op_Implicit y, g)

            for j in 0 .. width - 1 do
                gradient[row * width + j] <- 'T.CreateTruncating g[j]

        ArrayPool<float>.Shared.Return space
        total
