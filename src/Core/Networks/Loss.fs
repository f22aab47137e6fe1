namespace CuteDl.Core.Networks

open System
open System.Numerics
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

    /// One example: its loss; the gradient with respect to its outputs, not yet divided by the batch.
    let private softmaxCrossEntropy
        (z: ReadOnlySpan<'T>)
        (y: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        // With the largest logit taken off, no exponential overflows and the sum is at least 1.
        let mutable largest = z[0]

        for j in 1 .. z.Length - 1 do
            largest <- 'T.Max(largest, z[j])

        let mutable sum = 'T.Zero
        let mutable weight = 'T.Zero

        for j in 0 .. z.Length - 1 do
            let e = 'T.Exp(z[j] - largest)
            gradient[j] <- e
            sum <- sum + e
            weight <- weight + y[j]

        let logSum = 'T.Log sum
        let share = weight / sum
        let mutable loss = 'T.Zero

        for j in 0 .. z.Length - 1 do
            // Only classes that count: 0 · (−∞) must not turn a sure answer into NaN.
            if not ('T.IsZero y[j]) then
                loss <- loss + y[j] * (logSum - (z[j] - largest))

            gradient[j] <- gradient[j] * share - y[j]

        Double.CreateTruncating loss

    let private meanSquaredError
        (z: ReadOnlySpan<'T>)
        (y: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable sum = 'T.Zero

        for j in 0 .. z.Length - 1 do
            let difference = z[j] - y[j]
            gradient[j] <- difference
            sum <- sum + difference * difference

        0.5 * Double.CreateTruncating sum

    let private binaryCrossEntropy
        (z: ReadOnlySpan<'T>)
        (y: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable loss = 'T.Zero

        for j in 0 .. z.Length - 1 do
            // ln(1 + e⁻ᶻ) without overflow: see Mächler 2012, "Accurately computing log(1 − exp(−|a|))".
            let e = 'T.Exp(-('T.Abs z[j]))
            loss <- loss + ('T.Max(z[j], 'T.Zero) - z[j] * y[j] + 'T.LogP1 e)
            let sigmoid = (if 'T.op_GreaterThanOrEqual (z[j], 'T.Zero) then 'T.One else e) / ('T.One + e)
            gradient[j] <- sigmoid - y[j]

        Double.CreateTruncating loss

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
        let mutable sum = 0.0

        for i in 0 .. rows - 1 do
            let z = outputs.Slice(i * width, width)
            let y = targets.Slice(i * width, width)
            let g = gradient.Slice(i * width, width)

            sum <-
                sum
                + match loss with
                  | SoftmaxCrossEntropy -> softmaxCrossEntropy z y g
                  | MeanSquaredError -> meanSquaredError z y g
                  | BinaryCrossEntropy -> binaryCrossEntropy z y g

        let scale = 'T.CreateTruncating(1.0 / float rows)

        for i in 0 .. gradient.Length - 1 do
            gradient[i] <- gradient[i] * scale

        sum / float rows
