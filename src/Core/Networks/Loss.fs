namespace CuteDl.Core.Networks

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// <summary>What training makes small: a mean over the examples of a batch, of a sum over an example's outputs.</summary>
type Loss =
    /// <summary>−Σ y ln softmax(z): the outputs are logits, the targets a distribution over classes.</summary>
    | SoftmaxCrossEntropy
    /// <summary>½ Σ (z − y)²: halved, as in the document's framework, so that its derivative is z − y.</summary>
    | MeanSquaredError
    /// <summary>−Σ (y ln σ(z) + (1−y) ln(1−σ(z))): the outputs are logits, each target lies in [0, 1].</summary>
    | BinaryCrossEntropy

    /// <summary>The name in lower case, with hyphens.</summary>
    override loss.ToString() =
        match loss with
        | SoftmaxCrossEntropy -> "softmax-cross-entropy"
        | MeanSquaredError -> "mean-squared-error"
        | BinaryCrossEntropy -> "binary-cross-entropy"

/// <summary>Losses and their gradients.</summary>
module Loss =
    /// <summary>All of them.</summary>
    let all = [ SoftmaxCrossEntropy; MeanSquaredError; BinaryCrossEntropy ]

    // Each of these gives the sum of the examples' losses, and the gradient of that sum with respect to the outputs.

    /// ln(1 + x) for x ≥ 0, right to the last digits also where 1 + x rounds to 1, which Math.Log and .NET's LogP1 are not. The error that
    /// rounds 1 + x is in the logarithm and in the divisor, and cancels (Goldberg 1991, theorem 4).
    let private logOnePlus (x: float) : float =
        let sum = 1.0 + x
        let rounded = sum - 1.0

        if rounded = x then Math.Log sum
        elif rounded = 0.0 then x
        else Math.Log sum * (x / rounded)

    // Small methods, so that all that each uses stays in registers.

    /// g = z − max z of each example, so that no exponential overflows and their sum is at least 1; returns −Σ y g, what the right
    /// classes' logits lack.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private shift
        (z: byref<'T>, y: byref<'T>, g: byref<'T>, rows: int, width: int)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable total = 0.0

        for i in 0 .. rows - 1 do
            let z = &Unsafe.Add(&z, i * width)
            let y = &Unsafe.Add(&y, i * width)
            let g = &Unsafe.Add(&g, i * width)
            let mutable largest = z

            // What a NaN does to a maximum does not matter here: it makes the sum of the exponentials NaN.
            for j in 1 .. width - 1 do
                largest <- 'T.MaxNative(largest, Unsafe.Add(&z, j))

            let mutable lack = 'T.Zero

            for j in 0 .. width - 1 do
                let difference = Unsafe.Add(&z, j) - largest
                Unsafe.Add(&g, j) <- difference
                lack <- lack + Unsafe.Add(&y, j) * difference

            // 0 · −∞: a logit of −∞ costs nothing where its class is wrong.
            if 'T.IsNaN lack then
                lack <- 'T.Zero

                for j in 0 .. width - 1 do
                    if not ('T.IsZero(Unsafe.Add(&y, j))) then
                        lack <- lack + Unsafe.Add(&y, j) * Unsafe.Add(&g, j)

            total <- total - Double.CreateTruncating lack

        total

    /// Σ g without one element that is 1: the exponentials of all logits but the largest. A difference that rounds the sum, 1 and little
    /// more, would be lost.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sumWithoutLargest (g: byref<'T>, width: int) : 'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable sum = 'T.Zero
        let mutable isPassed = false

        for j in 0 .. width - 1 do
            if not isPassed && 'T.op_Equality (Unsafe.Add(&g, j), 'T.One) then
                isPassed <- true
            else
                sum <- sum + Unsafe.Add(&g, j)

        sum

    /// From g = eᶻ, the largest of them 1, to the gradient g Σy/Σg − y of each example; returns Σ (Σy) ln Σg.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private normalize
        (y: byref<'T>, g: byref<'T>, rows: int, width: int)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable total = 0.0
        let threeHalves = 'T.CreateTruncating 1.5

        // Where Σy is 1, a sum of logarithms is the logarithm of a product: one in place of many. The product is kept as what it has above
        // 1, in which no digits of small terms are lost: (1 + p)(1 + r) = 1 + (p + r + p r).
        let mutable surplus = 0.0

        for i in 0 .. rows - 1 do
            let y = &Unsafe.Add(&y, i * width)
            let g = &Unsafe.Add(&g, i * width)
            let mutable sum = 'T.Zero
            let mutable weight = 'T.Zero

            for j in 0 .. width - 1 do
                sum <- sum + Unsafe.Add(&g, j)
                weight <- weight + Unsafe.Add(&y, j)

            // From 1.5 on, subtracting 1 is exact and loses at most a digit.
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

    let private softmaxCrossEntropy
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

    let private meanSquaredError
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

    let private binaryCrossEntropy
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable total = 0.0

        for i in 0 .. outputs.Length - 1 do
            let z = outputs[i]
            // ln(1 + e⁻ᶻ) without overflow: see Mächler 2012, "Accurately computing log(1 − exp(−|a|))".
            let e = 'T.Exp(-('T.Abs z))
            let linear = 'T.Max(z, 'T.Zero) - z * targets[i]
            let sigmoid = (if 'T.op_GreaterThanOrEqual (z, 'T.Zero) then 'T.One else e) / ('T.One + e)
            gradient[i] <- sigmoid - targets[i]
            total <- total + Double.CreateTruncating linear + logOnePlus (Double.CreateTruncating e)

        total

    /// <summary>The mean loss of a batch, and its gradient with respect to the outputs.</summary>
    /// <param name="loss">Which loss.</param>
    /// <param name="outputs">rows × width, row after row.</param>
    /// <param name="targets">rows × width.</param>
    /// <param name="gradient">rows × width; overwritten.</param>
    /// <param name="width">The outputs of one example.</param>
    let evaluate<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (loss: Loss)
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        (width: int)
        : float =
        let rows = outputs.Length / width

        if
            targets.Length <> outputs.Length
            || gradient.Length <> outputs.Length
            || rows * width <> outputs.Length
        then
            raise (
                ArgumentException(
                    $"{outputs.Length} outputs, {targets.Length} targets and {gradient.Length} gradients: as many of each, in rows of {width}.",
                    nameof outputs
                )
            )

        let total =
            match loss with
            | SoftmaxCrossEntropy -> softmaxCrossEntropy outputs targets gradient width
            | MeanSquaredError -> meanSquaredError outputs targets gradient
            | BinaryCrossEntropy -> binaryCrossEntropy outputs targets gradient

        let scale = 'T.CreateTruncating(1.0 / float rows)

        Elementwise.scale gradient scale

        total / float rows
