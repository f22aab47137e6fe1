namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Numerics
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Rules that treat a weight as a matrix.

module internal Muon =
    // The authors' polynomial is steep at 0, so that five iterations move every singular value close to 1.
    let private a = 3.4445
    let private b = -4.7750
    let private c = 2.0315

    /// Iterates X ← X (a + b A + c A²) with A = Xᵀ X for a matrix with at least as many rows as columns (Newton and Schulz). Both spans are
    /// as long as the matrix, which starts in the first. Returns true if it ends in the second.
    let private iterate
        (x: Span<'T>)
        (other: Span<'T>)
        (rows: int)
        (columns: int)
        (iterations: int64)
        : bool when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let square = columns * columns
        let rented = ArrayPool<'T>.Shared.Rent(2 * square)
        let product = Span(rented, 0, square)
        let mix = Span(rented, square, square)
        let layout = MatrixProduct.rowMajor columns
        let mutable isOther = false

        for _ in 1L .. iterations do
            let source = Span<'T>.op_Implicit(if isOther then other else x)
            let target = if isOther then x else other
            // Both are exactly symmetric, so half of each is enough.
            MatrixProduct.multiplySymmetric source (MatrixProduct.transposed columns) source layout product columns rows

            MatrixProduct.multiplySymmetric (Span<'T>.op_Implicit product) layout (Span<'T>.op_Implicit product) layout mix columns columns

            Elementwise.mix mix ('T.CreateTruncating c) (Span<'T>.op_Implicit product) ('T.CreateTruncating b)

            for i in 0 .. columns - 1 do
                mix[i * columns + i] <- mix[i * columns + i] + 'T.CreateTruncating a

            MatrixProduct.multiply source layout (Span<'T>.op_Implicit mix) layout target rows columns columns
            isOther <- not isOther

        ArrayPool<'T>.Shared.Return rented
        isOther

    /// Moves all singular values of a matrix close to 1, in place. The singular vectors do not change.
    let orthogonalize
        (x: Span<'T>)
        (rows: int)
        (columns: int)
        (iterations: int64)
        : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let scale = 'T.CreateTruncating(1.0 / (sqrt (Reductions.squares (Span<'T>.op_Implicit x)) + 1e-7))
        let rented = ArrayPool<'T>.Shared.Rent x.Length
        let other = Span(rented, 0, x.Length)
        Elementwise.scale x scale

        // Transposed if Xᵀ X is smaller then.
        if rows < columns then
            MatrixProduct.transpose (Span<'T>.op_Implicit x) other rows columns

            if iterate other x columns rows iterations then
                x.CopyTo other

            MatrixProduct.transpose (Span<'T>.op_Implicit other) x columns rows
        elif iterate x other rows columns iterations then
            other.CopyTo x

        ArrayPool<'T>.Shared.Return rented

/// m ← μ m + (1−μ) g;  Δ = (1−μ) g + μ m, or m.  Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal MuonMomentumUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Keep: 'E
      Take: 'E
      LooksAhead: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let m = update.Keep * slots[0] + update.Take * g
            slots[0] <- m
            if update.LooksAhead then update.Take * g + update.Keep * m else m

/// The momentum before orthogonalization: (1−μ) g + μ m, or m.
[<Struct; NoEquality; NoComparison>]
type internal MuonMomentum =
    { Share: float
      LooksAhead: bool }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run
                { MuonMomentumUpdate.Keep = loop.Lift h.Share
                  Take = loop.Lift(1.0 - h.Share)
                  LooksAhead = h.LooksAhead }

/// <summary>
/// The momentum of a matrix, with all singular values moved close to 1. Works only on matrices; other tensors need another optimizer.
/// </summary>
type Muon =
    {
        /// <summary>α, at least 0. Default 0.02.</summary>
        LearningRate: float
        /// <summary>μ in [0, 1). Default 0.95.</summary>
        Momentum: float
        /// <summary>True to use Nesterov momentum, (1−μ) g + μ m. Default true.</summary>
        Nesterov: bool
        /// <summary>The number of Newton-Schulz iterations, at least 1. Default 5.</summary>
        Iterations: int64
        /// <summary>λ, at least 0: decoupled weight decay, multiplied by the learning rate. Default 0.</summary>
        WeightDecay: float
    }

    interface ITensorRule with
        member _.Slots = [ "average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Transform(_, tensor: WholeTensor<'T>) =
            match tensor.Parameter.Shape with
            | [ rows; columns ] ->
                let gradient = tensor.Gradient
                UpdateKernel.transform { Share = h.Momentum; LooksAhead = h.Nesterov } tensor
                Muon.orthogonalize gradient rows columns h.Iterations
                // A weight is inputs × units here; the authors use units × inputs.
                let rate = 'T.CreateTruncating(h.LearningRate * sqrt (max 1.0 (float columns / float rows)))

                if h.WeightDecay = 0.0 then
                    Elementwise.scale gradient rate
                else
                    Elementwise.mix gradient rate tensor.Parameters ('T.CreateTruncating(h.LearningRate * h.WeightDecay))
            | _ -> ()

    interface IShapedPart with
        member _.ShapeProblem parameter =
            match parameter.Shape with
            | [ _; _ ] -> ""
            | shape ->
                let sizes = shape |> List.map string |> String.concat " × "
                $"muon works only on matrices, but '{parameter.Name}' has the shape [{sizes}]. Give it another optimizer in a group."

/// v ← β v + (1−β) (g² + ε);  Δ = g/√v, or g if v is 0.  Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal AdafactorUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Keep: 'E
      Take: 'E
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Keep * slots[0] + update.Take * (g * g + update.Epsilon)
            slots[0] <- v
            // v is 0 where g² underflows, although g is not 0. NaN must pass through.
            g / ('E.Root v + 'E.Choose(v, 'E.Lift 0.0, 'E.Lift 1.0, 'E.Lift 0.0))

/// Adafactor for a tensor that is not a matrix, before clipping and scaling.
[<Struct; NoEquality; NoComparison>]
type internal AdafactorVector =
    { Beta: float
      Epsilon: float }

    interface IRule with
        member _.Slots = [ "square_average" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run
                { AdafactorUpdate.Keep = loop.Lift h.Beta
                  Take = loop.Lift(1.0 - h.Beta)
                  Epsilon = loop.Lift h.Epsilon }

module internal Adafactor =
    /// Updates the means of the row sums and column sums of g² + ε. Returns the total of the row means.
    let private takeSums
        (gradient: ReadOnlySpan<'T>)
        (ofRows: Span<'T>)
        (ofColumns: Span<'T>)
        (sums: Span<'T>)
        (beta: float)
        (epsilon: float)
        : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let columns = ofColumns.Length
        let keep = 'T.CreateTruncating beta
        let take = 'T.CreateTruncating(1.0 - beta)
        let mutable total = 0.0
        sums.Clear()

        for i in 0 .. ofRows.Length - 1 do
            let row = gradient.Slice(i * columns, columns)
            let sum = Reductions.squares row + float columns * epsilon
            Elementwise.addSquares sums row ('T.CreateTruncating epsilon)
            ofRows[i] <- keep * ofRows[i] + take * 'T.CreateTruncating sum
            total <- total + Double.CreateTruncating ofRows[i]

        Elementwise.mix ofColumns keep (Span<'T>.op_Implicit sums) take
        total

    /// Returns 1/√x, or 1 if x is 0 because all squares underflowed.
    let private inverseRoot (x: float) = if x > 0.0 then 1.0 / sqrt x else 1.0

    /// Replaces a matrix of gradients by g/√(R C/ΣR), times a rate from the root mean square of that matrix. The root of the estimate is
    /// the root of a row's share times the root of a column. So one root per row and per column is enough.
    let transform
        (gradient: Span<'T>)
        (ofRows: Span<'T>)
        (ofColumns: Span<'T>)
        (beta: float)
        (epsilon: float)
        (rate: float)
        (clip: float)
        : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let columns = ofColumns.Length
        let rented = ArrayPool<'T>.Shared.Rent columns
        let factors = Span(rented, 0, columns)
        let total = takeSums (Span<'T>.op_Implicit gradient) ofRows ofColumns factors beta epsilon

        for j in 0 .. columns - 1 do
            factors[j] <- 'T.CreateTruncating(inverseRoot (Double.CreateTruncating ofColumns[j]))

        let factors = Span<'T>.op_Implicit factors
        let mutable squares = 0.0

        for i in 0 .. ofRows.Length - 1 do
            let row = Span<'T>.op_Implicit(gradient.Slice(i * columns, columns))
            let factor = inverseRoot (Double.CreateTruncating ofRows[i] / total)
            squares <- squares + factor * factor * Reductions.squaresOfProducts row factors

        let size = sqrt (squares / float gradient.Length)
        let rate = rate / max 1.0 (size / clip)

        for i in 0 .. ofRows.Length - 1 do
            let factor = inverseRoot (Double.CreateTruncating ofRows[i] / total)
            Elementwise.scaleBy (gradient.Slice(i * columns, columns)) factors ('T.CreateTruncating(factor * rate))

        ArrayPool<'T>.Shared.Return rented

/// <summary>Adam without a mean of gradients. Squares are stored as row sums and column sums, and steps are proportional to the parameters.</summary>
type Adafactor =
    {
        /// <summary>The upper limit of the relative learning rate ρ = min(this, 1/√t), at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>c in β_t = 1 − t^−c, at least 0. Default 0.8.</summary>
        Exponent: float
        /// <summary>ε₁, at least 0, added to squared gradients. Default 1e-30.</summary>
        Epsilon1: float
        /// <summary>ε₂, at least 0: the lower bound of a tensor's root mean square. Default 0.001.</summary>
        Epsilon2: float
        /// <summary>The upper limit of a step's root mean square before the learning rate, above 0. Default 1.</summary>
        Clip: float
    }

    interface ITensorRule with
        // For a matrix, the slot starts with the row sums, followed by the column sums.
        member _.Slots = [ "square_average" ]
        member _.NeedsParameters = true

        member h.Transform(step, tensor: WholeTensor<'T>) =
            let gradient = tensor.Gradient
            let slot = tensor.Slot 0
            let beta = 1.0 - Math.Pow(float step, -h.Exponent)
            let count = float (max 1 gradient.Length)
            let relative = min h.LearningRate (1.0 / sqrt (float step))
            let rate = relative * max h.Epsilon2 (sqrt (Reductions.squares tensor.Parameters / count))

            match tensor.Parameter.Shape with
            | [ rows; columns ] when rows > 1 && columns > 1 ->
                Adafactor.transform gradient (slot.Slice(0, rows)) (slot.Slice(rows, columns)) beta h.Epsilon1 rate h.Clip
            | _ ->
                UpdateKernel.transform { Beta = beta; Epsilon = h.Epsilon1 } tensor
                let size = sqrt (Reductions.squares (Span<'T>.op_Implicit gradient) / count)
                Elementwise.scale gradient ('T.CreateTruncating(rate / max 1.0 (size / h.Clip)))

module internal MatrixRules =
    open RuleKind

    let muon =
        define
            Role.Rule
            "muon"
            (documentation
                "the momentum of a matrix, with all singular values near 1; for matrices only"
                "m ← μ m + (1−μ) g;  Δ = α √max(1, units/inputs) NewtonSchulz((1−μ) g + μ m) + α λ w"
                "Jordan et al. 2024, with its coefficients 3.4445, −4.7750, 2.0315"
                "KellerJordan/Muon, in full precision"
                { Rate = "outside the slots"
                  Epsilon = "none to set; 1e-7 is added to the norm"
                  InitialState = [ "average", "0" ]
                  BiasCorrection = "none; the step does not depend on the length of the mean"
                  WeightDecay = "decoupled, multiplied by the learning rate" }
                [ "P23", "it uses whole matrices"
                  "P9", "1e-7 is added to the norm"
                  "P5", "it commutes with rotations of rows and of columns, not of all elements" ])
            { Muon.LearningRate = 0.02; Momentum = 0.95; Nesterov = true; Iterations = 5L; WeightDecay = 0.0 }
            [ rate (fun (h: Muon) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "momentum" "μ, the decay of the mean of gradients" ArgumentRange.belowOne _.Momentum (fun v h ->
                  { h with Momentum = v })
              flag "nesterov" "Nesterov's look-ahead" _.Nesterov (fun v h -> { h with Nesterov = v })
              whole "iterations" "the number of Newton-Schulz iterations" ArgumentRange.counts true _.Iterations (fun v h ->
                  { h with Iterations = v })
              weightDecay "decay" "λ, decoupled weight decay" true _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let adafactor =
        define
            Role.Rule
            "adafactor"
            (documentation
                "squared gradients as sums over rows and columns, and steps proportional to the parameters"
                "β = 1 − t^−exponent;  R, C are the means of row sums and column sums of g² + ε₁;  U = g/√(R C/ΣR);  Δ = max(ε₂, RMS w) min(lr, 1/√t) U / max(1, RMS U/clip)"
                "Shazeer & Stern 2018, algorithms 4 to 6"
                "torch.optim.Adafactor, which applies ε₁ at the end"
                { Rate = "outside and relative: at most 1/√t, times the root mean square of the tensor"
                  Epsilon = "inside the root (eps1, added to g²); eps2 is the smallest root mean square of a tensor"
                  InitialState = [ "square_average", "0" ]
                  BiasCorrection = "none; β is 0 at the first step"
                  WeightDecay = "none" }
                [ "P23", "the elements of a row or column share a sum"
                  "P5", "each element has its own effective learning rate"
                  "P22", "β depends on the number of steps"
                  "P32", "lr is an upper limit, not a factor" ])
            { Adafactor.LearningRate = 0.01; Exponent = 0.8; Epsilon1 = 1e-30; Epsilon2 = 1e-3; Clip = 1.0 }
            [ rate (fun (h: Adafactor) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              detail "exponent" "the exponent of the decay β" ArgumentRange.nonNegative _.Exponent (fun v h ->
                  { h with Exponent = v })
              detail "eps1" "ε₁, added to squared gradients" ArgumentRange.nonNegative _.Epsilon1 (fun v h -> { h with Epsilon1 = v })
              detail "eps2" "ε₂, the smallest root mean square of a tensor" ArgumentRange.nonNegative _.Epsilon2 (fun v h ->
                  { h with Epsilon2 = v })
              detail "clip" "the largest root mean square of U, the gradient divided by its estimated root mean square" ArgumentRange.positive _.Clip (fun v h -> { h with Clip = v }) ]
