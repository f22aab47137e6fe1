namespace CuteDl.Core.Networks

open System
open System.Buffers
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Numerics.Arithmetic

/// <summary>Computes the loss of one example, and writes its gradient with respect to the outputs.</summary>
/// <param name="outputs">The outputs of the example.</param>
/// <param name="targets">Its targets, as many.</param>
/// <param name="gradient">Receives the derivative with respect to each output.</param>
/// <returns>The loss of the example.</returns>
type ExampleLoss = delegate of outputs: ReadOnlySpan<float> * targets: ReadOnlySpan<float> * gradient: Span<float> -> float

/// <summary>A loss of one's own. Two are equal if their names are, because functions cannot be compared.</summary>
/// <param name="name">The name: small letters, digits and hyphens, beginning with a letter.</param>
/// <param name="valueAndGradient">The loss of one example. It is computed in double precision, and must not keep the spans.</param>
/// <exception cref="T:System.ArgumentException">The name has other characters.</exception>
[<Sealed>]
type OwnLoss(name: string, valueAndGradient: ExampleLoss) =
    do
        let isAllowed (c: char) = Char.IsAsciiLetterLower c || Char.IsAsciiDigit c || c = '-'

        if name = "" || not (Char.IsAsciiLetterLower name[0] && Seq.forall isAllowed name) then
            raise (
                ArgumentException(
                    $"The name of a loss is {Quotation.quote name}. It must begin with a small letter, and have only small letters, digits and hyphens.",
                    nameof name
                )
            )

    /// <summary>The name.</summary>
    member _.Name = name

    member internal _.ValueAndGradient = valueAndGradient

    override _.Equals(other: obj) =
        match other with
        | :? OwnLoss as other -> name = other.Name
        | _ -> false

    override _.GetHashCode() = hash name

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

    /// Turns g = eᶻ, whose largest value is 1, into the gradient g Σy/Σg − y of each example. Returns Σ (Σy) ln Σg.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
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
            // Computes ln(1 + e⁻ᶻ) without overflow: see Mächler 2012, "Accurately computing log(1 − exp(−|a|))".
            let e = 'T.Exp(-('T.Abs z))
            let linear = 'T.Max(z, 'T.Zero) - z * targets[i]
            let sigmoid = (if 'T.op_GreaterThanOrEqual (z, 'T.Zero) then 'T.One else e) / ('T.One + e)
            gradient[i] <- sigmoid - targets[i]
            total <- total + Double.CreateTruncating linear + logOnePlus (Double.CreateTruncating e)

        total

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

    let private meanAbsoluteError
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

    let private huber
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

    let private ofOwn
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
            | SoftmaxCrossEntropy -> softmaxCrossEntropy outputs targets gradient width
            | MeanSquaredError -> meanSquaredError outputs targets gradient
            | BinaryCrossEntropy -> binaryCrossEntropy outputs targets gradient
            | MeanAbsoluteError -> meanAbsoluteError outputs targets gradient
            | Huber delta -> huber delta outputs targets gradient
            | Own own -> ofOwn own outputs targets gradient width

        let scale = 'T.CreateTruncating(1.0 / float rows)

        Elementwise.scale gradient scale

        total / float rows
