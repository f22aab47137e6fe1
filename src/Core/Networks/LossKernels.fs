namespace CuteDl.Core.Networks

open System
open System.Buffers
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// The losses of batches and their gradients. SoftmaxKernels.fs has the softmax cross-entropy.
module internal LossKernels =
    // Each function returns the sum of the examples' losses, and writes the gradient of that sum with respect to the outputs.

    /// Returns ln(1 + x) for x ≥ 0 in full precision, even if 1 + x rounds to 1; Math.Log and .NET's LogP1 are inaccurate there. The
    /// rounding error of 1 + x is in the logarithm and in the divisor, and cancels (Goldberg 1991, theorem 4).
    let logOnePlus (x: float) : float =
        let sum = 1.0 + x
        let rounded = sum - 1.0

        if rounded = x then Math.Log sum
        elif rounded = 0.0 then x
        else Math.Log sum * (x / rounded)

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
