namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Rules that look at a weight as a matrix.

module internal Muon =
    // The polynomial of the authors, steep at 0, so that five iterations bring every singular value near 1.
    let private a = 3.4445
    let private b = -4.7750
    let private c = 2.0315

    let private product (x: Span<'T>) xStrides (y: Span<'T>) yStrides (target: Span<'T>) rows depth columns =
        MatrixProduct.multiply (Span<'T>.op_Implicit x) xStrides (Span<'T>.op_Implicit y) yStrides target rows depth columns

    /// X ← a X + (b A + c A²) X with A = X Xᵀ, so many times, for a matrix of no more rows than columns (Newton and Schulz).
    let private iterate
        (x: Span<'T>)
        (rows: int)
        (columns: int)
        (iterations: int64)
        : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let squares = ArrayPool<'T>.Shared.Rent(2 * rows * rows + rows * columns)
        let square = Span(squares, 0, rows * rows)
        let mix = Span(squares, rows * rows, rows * rows)
        let next = Span(squares, 2 * rows * rows, rows * columns)
        let first = 'T.CreateTruncating a
        let second = 'T.CreateTruncating b
        let third = 'T.CreateTruncating c

        for _ in 1L .. iterations do
            product x (MatrixProduct.rowMajor columns) x (MatrixProduct.transposed columns) square rows columns rows
            product square (MatrixProduct.rowMajor rows) square (MatrixProduct.rowMajor rows) mix rows rows rows

            for i in 0 .. square.Length - 1 do
                mix[i] <- second * square[i] + third * mix[i]

            product mix (MatrixProduct.rowMajor rows) x (MatrixProduct.rowMajor columns) next rows rows columns

            for i in 0 .. x.Length - 1 do
                x[i] <- first * x[i] + next[i]

        ArrayPool<'T>.Shared.Return squares

    let private transpose (source: Span<'T>) (target: Span<'T>) (rows: int) (columns: int) =
        for i in 0 .. rows - 1 do
            for j in 0 .. columns - 1 do
                target[j * rows + i] <- source[i * columns + j]

    /// A matrix of the same singular vectors whose singular values are near 1, in place.
    let orthogonalize
        (x: Span<'T>)
        (rows: int)
        (columns: int)
        (iterations: int64)
        : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let scale = 'T.CreateTruncating(1.0 / (sqrt (Sums.squares (Span<'T>.op_Implicit x)) + 1e-7))
        Elementwise.scale x scale

        if rows > columns then
            let turned = ArrayPool<'T>.Shared.Rent x.Length
            let other = Span(turned, 0, x.Length)
            transpose x other rows columns
            iterate other columns rows iterations
            transpose other x columns rows
            ArrayPool<'T>.Shared.Return turned
        else
            iterate x rows columns iterations

/// <summary>A matrix's momentum with all its singular values brought near 1. For matrices alone: others need another optimizer.</summary>
type Muon =
    {
        /// <summary>α, at least 0. Default 0.02.</summary>
        LearningRate: float
        /// <summary>μ in [0, 1). Default 0.95.</summary>
        Momentum: float
        /// <summary>Looks one step ahead: (1−μ) g + μ m. Default true.</summary>
        Nesterov: bool
        /// <summary>Of Newton and Schulz, at least 1. Default 5.</summary>
        Iterations: int64
        /// <summary>λ, at least 0: decoupled, times the rate. Default 0.</summary>
        WeightDecay: float
    }

    interface ITensorRule with
        member _.Slots = [ "average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Transform(_, view: TensorView<'T>) =
            match view.Parameter.Shape with
            | [ rows; columns ] ->
                let take = 'T.CreateTruncating(1.0 - h.Momentum)
                let keep = 'T.CreateTruncating h.Momentum
                let average = view.Slot 0
                let gradient = view.Gradient

                for i in 0 .. gradient.Length - 1 do
                    let g = gradient[i]
                    let m = keep * average[i] + take * g
                    average[i] <- m
                    gradient[i] <- if h.Nesterov then take * g + keep * m else m

                Muon.orthogonalize gradient rows columns h.Iterations
                // A weight is inputs × units here; the authors' is units × inputs.
                let rate = 'T.CreateTruncating(h.LearningRate * sqrt (max 1.0 (float columns / float rows)))

                if h.WeightDecay = 0.0 then
                    Elementwise.scale gradient rate
                else
                    let shrink = 'T.CreateTruncating(h.LearningRate * h.WeightDecay)

                    for i in 0 .. gradient.Length - 1 do
                        gradient[i] <- rate * gradient[i] + shrink * view.Parameters[i]
            | _ -> ()

    interface IShapedPart with
        member _.ShapeProblem parameter =
            match parameter.Shape with
            | [ _; _ ] -> ""
            | shape ->
                let sizes = shape |> List.map string |> String.concat " × "
                $"muon is for matrices; '{parameter.Name}' has the shape [{sizes}]: give it another optimizer, in groups."

/// <summary>Adam without a first mean, its squares kept as sums of rows and of columns, its steps in proportion to the parameters.</summary>
type Adafactor =
    {
        /// <summary>The largest relative rate, at least 0: ρ = min(this, 1/√t). Default 0.01.</summary>
        LearningRate: float
        /// <summary>β_t = 1 − t^−this, at least 0. Default 0.8.</summary>
        Exponent: float
        /// <summary>Added to squared gradients, at least 0. Default 1e-30.</summary>
        Epsilon1: float
        /// <summary>The least root mean square that a tensor is taken to have, at least 0. Default 0.001.</summary>
        Epsilon2: float
        /// <summary>The largest root mean square of a step before its rate, above 0. Default 1.</summary>
        Clip: float
    }

    interface ITensorRule with
        // For a matrix, its first numbers are the sums of the rows, and then those of the columns.
        member _.Slots = [ "square_average" ]
        member _.NeedsParameters = true

        member h.Transform(step, view: TensorView<'T>) =
            let gradient = view.Gradient
            let slot = view.Slot 0
            let beta = 1.0 - Math.Pow(float step, -h.Exponent)
            let keep = 'T.CreateTruncating beta
            let take = 'T.CreateTruncating(1.0 - beta)
            let epsilon = 'T.CreateTruncating h.Epsilon1
            let count = float (max 1 gradient.Length)

            match view.Parameter.Shape with
            | [ rows; columns ] when rows > 1 && columns > 1 ->
                let ofRows = slot.Slice(0, rows)
                let ofColumns = slot.Slice(rows, columns)
                let mutable total = 0.0

                for i in 0 .. rows - 1 do
                    let mutable sum = 'T.Zero

                    for j in 0 .. columns - 1 do
                        let g = gradient[i * columns + j]
                        sum <- sum + (g * g + epsilon)

                    ofRows[i] <- keep * ofRows[i] + take * sum
                    total <- total + Double.CreateTruncating ofRows[i]

                for j in 0 .. columns - 1 do
                    let mutable sum = 'T.Zero

                    for i in 0 .. rows - 1 do
                        let g = gradient[i * columns + j]
                        sum <- sum + (g * g + epsilon)

                    ofColumns[j] <- keep * ofColumns[j] + take * sum

                for i in 0 .. rows - 1 do
                    for j in 0 .. columns - 1 do
                        let at = i * columns + j
                        let estimate = Double.CreateTruncating ofRows[i] / total * Double.CreateTruncating ofColumns[j]

                        if estimate > 0.0 then
                            gradient[at] <- 'T.CreateTruncating(Double.CreateTruncating gradient[at] / sqrt estimate)
            | _ ->
                for i in 0 .. gradient.Length - 1 do
                    let g = gradient[i]
                    let v = keep * slot[i] + take * (g * g + epsilon)
                    slot[i] <- v

                    if not ('T.IsZero v) then
                        gradient[i] <- g / 'T.Sqrt v

            let size = sqrt (Sums.squares (Span<'T>.op_Implicit gradient) / count)
            let relative = min h.LearningRate (1.0 / sqrt (float step))
            let rate = relative * max h.Epsilon2 (sqrt (Sums.squares view.Parameters / count))
            Elementwise.scale gradient ('T.CreateTruncating(rate / max 1.0 (size / h.Clip)))

module internal MatrixRules =
    open RuleKind

    let muon =
        define
            Role.Rule
            "muon"
            (page
                "a matrix's momentum with all its singular values brought near 1; for matrices alone"
                "m ← μ m + (1−μ) g;  Δ = α √max(1, units/inputs) NewtonSchulz((1−μ) g + μ m) + α λ w"
                "Jordan et al. 2024, with its coefficients 3.4445, −4.7750, 2.0315"
                "KellerJordan/Muon, in full precision"
                [ "P23", "a matrix is not its elements"
                  "P9", "1e-7 is added to the norm"
                  "P5", "it turns with the rows and the columns of a matrix, not with its elements" ])
            { Muon.LearningRate = 0.02; Momentum = 0.95; Nesterov = true; Iterations = 5L; WeightDecay = 0.0 }
            [ rate (fun (h: Muon) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "momentum" "μ, of the mean of gradients" Range.belowOne _.Momentum (fun v h -> { h with Momentum = v })
              flag "nesterov" "look one step ahead" _.Nesterov (fun v h -> { h with Nesterov = v })
              whole "iterations" "of Newton and Schulz" Range.counts true _.Iterations (fun v h -> { h with Iterations = v })
              detail "decay" "λ, decoupled weight decay" Range.nonNegative _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let adafactor =
        define
            Role.Rule
            "adafactor"
            (page
                "squares kept as sums of rows and columns, steps in proportion to the parameters"
                "β = 1 − t^−c;  R, C of rows and columns of g² + ε₁;  U = g/√(R C/ΣR);  Δ = max(ε₂, RMS w) min(lr, 1/√t) U / max(1, RMS U/clip)"
                "Shazeer & Stern 2018, algorithms 4 to 6"
                "torch.optim.Adafactor, which applies ε₁ at the end"
                [ "P23", "rows and columns share their sums"
                  "P5", "each element has a rate of its own"
                  "P22", "β counts the steps"
                  "P32", "the rate is the largest of several" ])
            { Adafactor.LearningRate = 0.01; Exponent = 0.8; Epsilon1 = 1e-30; Epsilon2 = 1e-3; Clip = 1.0 }
            [ rate (fun (h: Adafactor) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              detail "exponent" "of the decay, β = 1 − t^−this" Range.nonNegative _.Exponent (fun v h -> { h with Exponent = v })
              detail "eps1" "ε₁, added to squared gradients" Range.nonNegative _.Epsilon1 (fun v h -> { h with Epsilon1 = v })
              detail "eps2" "ε₂, the least size of a tensor" Range.nonNegative _.Epsilon2 (fun v h -> { h with Epsilon2 = v })
              detail "clip" "the largest size of a step" Range.positive _.Clip (fun v h -> { h with Clip = v }) ]
