namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// <summary>The loss that training minimizes: the mean over the examples of a batch of a sum over an example's outputs.</summary>
type Loss =
    /// <summary>−Σ y ln softmax(z). The outputs are logits, and the targets a distribution over classes.</summary>
    | SoftmaxCrossEntropy
    /// <summary>½ Σ (z − y)². It is halved as in the source document's framework, so that its derivative is z − y.</summary>
    | MeanSquaredError
    /// <summary>−Σ (y ln σ(z) + (1−y) ln(1−σ(z))). The outputs are logits, and each target is in [0, 1].</summary>
    | BinaryCrossEntropy
    /// <summary>Σ |z − y|. Its derivative at 0 is 0.</summary>
    | MeanAbsoluteError
    /// <summary>
    /// Σ of ½ d² if |d| ≤ δ, else δ (|d| − ½ δ), where d = z − y (Huber 1964). The transition <c>delta</c> is above 0.
    /// </summary>
    | Huber of delta: float
    /// <summary>A loss of one's own.</summary>
    | Own of OwnLoss

    /// The losses of the library; the Huber loss with the transition 1.
    static member internal BuiltIn =
        [ SoftmaxCrossEntropy; MeanSquaredError; BinaryCrossEntropy; MeanAbsoluteError; Huber 1.0 ]

    /// <summary>Returns a loss of one's own.</summary>
    /// <param name="name">The name: small letters, digits and hyphens.</param>
    /// <param name="valueAndGradient">The loss of one example.</param>
    /// <exception cref="T:System.ArgumentException">The name has other characters, or belongs to a loss of the library.</exception>
    static member Of(name: string, valueAndGradient: ExampleLoss) : Loss =
        // huber(1) has the name huber.
        let nameOf (loss: Loss) = (string loss).Split '(' |> Array.head

        if Loss.BuiltIn |> List.exists (fun loss -> nameOf loss = name) then
            raise (ArgumentException($"The library has a loss {name} already. Give your loss a name of its own.", nameof name))

        Own(OwnLoss(name, valueAndGradient))

    /// <summary>Returns the name in lower case, with hyphens. A Huber loss has its transition: <c>huber(1)</c>.</summary>
    override loss.ToString() =
        match loss with
        | MeanAbsoluteError -> "mean-absolute-error"
        | Huber delta -> $"huber({NumberText.ofFloat delta})"
        | Own own -> own.Name
        | SoftmaxCrossEntropy -> "softmax-cross-entropy"
        | MeanSquaredError -> "mean-squared-error"
        | BinaryCrossEntropy -> "binary-cross-entropy"

/// <summary>Computes losses and their gradients.</summary>
module Loss =
    /// <summary>The allowed transitions of a Huber loss.</summary>
    let transitions = ArgumentRange.positive

    /// <summary>All losses of the library; the Huber loss with the transition 1.</summary>
    let all = Loss.BuiltIn

    /// <summary>Returns the loss of a text form; None if there is none, or if the transition of a Huber loss is not allowed.</summary>
    /// <param name="own">The losses of one's own that the text can name.</param>
    /// <param name="text">Such as <c>mean-squared-error</c> or <c>huber(0.5)</c>.</param>
    let tryParse (own: OwnLoss seq) (text: string) : Loss option =
        match Seq.append all (Seq.map Own own) |> Seq.tryFind (fun loss -> string loss = text) with
        | Some loss -> Some loss
        | None ->
            try
                match (Syntax.parse text).Term with
                | Term.Call("huber", [ { Name = ValueNone; Value = { Term = Term.Number delta } } ]) when transitions.Contains delta ->
                    Some(Huber delta)
                | _ -> None
            with :? ExpressionException ->
                None

    /// <summary>True if the outputs of a model with this loss are logits.</summary>
    let hasLogits (loss: Loss) : bool =
        match loss with
        | SoftmaxCrossEntropy
        | BinaryCrossEntropy -> true
        | MeanSquaredError
        | MeanAbsoluteError
        | Huber _
        | Own _ -> false

    /// <summary>
    /// Turns a model's outputs into predictions, in place: logits into probabilities, by softmax or the logistic function. The outputs of
    /// other losses are predictions already.
    /// </summary>
    /// <param name="loss">The loss.</param>
    /// <param name="outputs">rows × width, row-major; overwritten.</param>
    /// <param name="width">The number of outputs per example.</param>
    let predict (loss: Loss) (outputs: Span<float>) (width: int) : unit =
        match loss with
        | SoftmaxCrossEntropy ->
            for row in 0 .. outputs.Length / width - 1 do
                let values = outputs.Slice(row * width, width)
                let mutable largest = values[0]

                for j in 1 .. width - 1 do
                    largest <- max largest values[j]

                for j in 0 .. width - 1 do
                    values[j] <- values[j] - largest

                Exponential.apply values
                let mutable sum = 0.0

                for j in 0 .. width - 1 do
                    sum <- sum + values[j]

                for j in 0 .. width - 1 do
                    values[j] <- values[j] / sum
        | BinaryCrossEntropy -> Special.apply<Special.Sigmoid, float> outputs
        | MeanSquaredError
        | MeanAbsoluteError
        | Huber _
        | Own _ -> ()

    /// <summary>Computes the mean loss of a batch, and its gradient with respect to the outputs.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="outputs">rows × width, row-major.</param>
    /// <param name="targets">rows × width, row-major.</param>
    /// <param name="gradient">rows × width, row-major; overwritten.</param>
    /// <param name="width">The number of outputs per example.</param>
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
                    $"There are {outputs.Length} outputs, {targets.Length} targets and {gradient.Length} gradients. The numbers must be equal, and a multiple of {width}.",
                    nameof outputs
                )
            )

        let total =
            match loss with
            | SoftmaxCrossEntropy -> SoftmaxKernels.crossEntropy outputs targets gradient width
            | MeanSquaredError -> LossKernels.meanSquaredError outputs targets gradient
            | BinaryCrossEntropy -> LossKernels.binaryCrossEntropy outputs targets gradient
            | MeanAbsoluteError -> LossKernels.meanAbsoluteError outputs targets gradient
            | Huber delta -> LossKernels.huber delta outputs targets gradient
            | Own own -> LossKernels.ofOwn own outputs targets gradient width

        let scale = 'T.CreateTruncating(1.0 / float rows)

        Elementwise.scale gradient scale

        total / float rows
