namespace CuteDl.Core.Networks

open System
open System.Numerics
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

    let private softmaxCrossEntropy
        (outputs: ReadOnlySpan<'T>)
        (targets: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        (width: int)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        // With an example's largest logit taken off, no exponential overflows and their sum is at least 1.
        let rows = outputs.Length / width

        for i in 0 .. rows - 1 do
            let z = outputs.Slice(i * width, width)
            let g = gradient.Slice(i * width, width)
            let mutable largest = z[0]

            for j in 1 .. z.Length - 1 do
                largest <- 'T.Max(largest, z[j])

            for j in 0 .. z.Length - 1 do
                g[j] <- z[j] - largest

        let mutable total = 0.0

        // What the right classes' logits lack, before the exponentials overwrite it.
        for i in 0 .. outputs.Length - 1 do
            if not ('T.IsZero targets[i]) then
                total <- total - Double.CreateTruncating(targets[i] * gradient[i])

        Exponential.apply gradient

        for i in 0 .. rows - 1 do
            let y = targets.Slice(i * width, width)
            let g = gradient.Slice(i * width, width)
            let mutable sum = 'T.Zero
            let mutable weight = 'T.Zero

            for j in 0 .. g.Length - 1 do
                sum <- sum + g[j]
                weight <- weight + y[j]

            total <- total + Double.CreateTruncating(weight * 'T.Log sum)
            let share = weight / sum

            for j in 0 .. g.Length - 1 do
                g[j] <- g[j] * share - y[j]

        total

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
            let loss = 'T.Max(z, 'T.Zero) - z * targets[i] + 'T.LogP1 e
            let sigmoid = (if 'T.op_GreaterThanOrEqual (z, 'T.Zero) then 'T.One else e) / ('T.One + e)
            gradient[i] <- sigmoid - targets[i]
            total <- total + Double.CreateTruncating loss

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

        let total =
            match loss with
            | SoftmaxCrossEntropy -> softmaxCrossEntropy outputs targets gradient width
            | MeanSquaredError -> meanSquaredError outputs targets gradient
            | BinaryCrossEntropy -> binaryCrossEntropy outputs targets gradient

        let scale = 'T.CreateTruncating(1.0 / float rows)

        for i in 0 .. gradient.Length - 1 do
            gradient[i] <- gradient[i] * scale

        total / float rows
