namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Numerics
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Rules that look at a weight as a matrix.

module internal Muon =
    // The polynomial of the authors, steep at 0, so that five iterations bring every singular value near 1.
    let private a = 3.4445
    let private b = -4.7750
    let private c = 2.0315

    /// X ← X (a + b A + c A²) with A = Xᵀ X, so many times, for a matrix of no fewer rows than columns (Newton and Schulz). Both spans are
    /// as long as the matrix, which is in the first at the beginning; true if it is in the second at the end.
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
            // Both are symmetric to the last bit, so that half of each is enough.
            MatrixProduct.multiplySymmetric source (MatrixProduct.transposed columns) source layout product columns rows

            MatrixProduct.multiplySymmetric (Span<'T>.op_Implicit product) layout (Span<'T>.op_Implicit product) layout mix columns columns

            Elementwise.mix mix ('T.CreateTruncating c) (Span<'T>.op_Implicit product) ('T.CreateTruncating b)

            for i in 0 .. columns - 1 do
                mix[i * columns + i] <- mix[i * columns + i] + 'T.CreateTruncating a

            MatrixProduct.multiply source layout (Span<'T>.op_Implicit mix) layout target rows columns columns
            isOther <- not isOther

        ArrayPool<'T>.Shared.Return rented
        isOther

    /// A matrix of the same singular vectors whose singular values are near 1, in place.
    let orthogonalize
        (x: Span<'T>)
        (rows: int)
        (columns: int)
        (iterations: int64)
        : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let scale = 'T.CreateTruncating(1.0 / (sqrt (Sums.squares (Span<'T>.op_Implicit x)) + 1e-7))
        let rented = ArrayPool<'T>.Shared.Rent x.Length
        let other = Span(rented, 0, x.Length)
        Elementwise.scale x scale

        // The squares of the shorter side are the smaller matrices.
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
type internal MuonMomentumLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Keep: 'E
      Take: 'E
      LooksAhead: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let m = law.Keep * slots[0] + law.Take * g
            slots[0] <- m
            if law.LooksAhead then law.Take * g + law.Keep * m else m

/// The momentum that Muon makes orthogonal.
[<Struct; NoEquality; NoComparison>]
type internal MuonMomentum =
    { Share: float
      LooksAhead: bool }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = false

        member h.Sweep(_, pass) =
            pass.Run
                { MuonMomentumLaw.Keep = pass.Lift h.Share
                  Take = pass.Lift(1.0 - h.Share)
                  LooksAhead = h.LooksAhead }

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
                let gradient = view.Gradient
                Sweep.transform { Share = h.Momentum; LooksAhead = h.Nesterov } view
                Muon.orthogonalize gradient rows columns h.Iterations
                // A weight is inputs × units here; the authors' is units × inputs.
                let rate = 'T.CreateTruncating(h.LearningRate * sqrt (max 1.0 (float columns / float rows)))

                if h.WeightDecay = 0.0 then
                    Elementwise.scale gradient rate
                else
                    Elementwise.mix gradient rate view.Parameters ('T.CreateTruncating(h.LearningRate * h.WeightDecay))
            | _ -> ()

    interface IShapedPart with
        member _.ShapeProblem parameter =
            match parameter.Shape with
            | [ _; _ ] -> ""
            | shape ->
                let sizes = shape |> List.map string |> String.concat " × "
                $"muon is for matrices; '{parameter.Name}' has the shape [{sizes}]: give it another optimizer, in groups."

/// v ← β v + (1−β) (g² + ε);  Δ = g/√v, g where v is 0.  Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal AdafactorLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Keep: 'E
      Take: 'E
      Epsilon: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Keep * slots[0] + law.Take * (g * g + law.Epsilon)
            slots[0] <- v
            // v is 0 where g² has vanished, if not g; a NaN is not to be lost.
            g / ('E.Root v + 'E.Choose(v, 'E.Lift 0.0, 'E.Lift 1.0, 'E.Lift 0.0))

/// Adafactor for a tensor that is no matrix, before sizes are looked at.
[<Struct; NoEquality; NoComparison>]
type internal AdafactorVector =
    { Beta: float
      Epsilon: float }

    interface IRule with
        member _.Slots = [ "square_average" ]
        member _.NeedsParameters = false

        member h.Sweep(_, pass) =
            pass.Run
                { AdafactorLaw.Keep = pass.Lift h.Beta
                  Take = pass.Lift(1.0 - h.Beta)
                  Epsilon = pass.Lift h.Epsilon }

module internal Adafactor =
    /// Sums of rows and columns of g² + ε taken into their means; the sum of those of the rows.
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
            let sum = Sums.squares row + float columns * epsilon
            Elementwise.addSquares sums row ('T.CreateTruncating epsilon)
            ofRows[i] <- keep * ofRows[i] + take * 'T.CreateTruncating sum
            total <- total + Double.CreateTruncating ofRows[i]

        Elementwise.mix ofColumns keep (Span<'T>.op_Implicit sums) take
        total

    /// 1/√x; 1 where there is no such number, where no square is left of what came in.
    let private inverseRoot (x: float) = if x > 0.0 then 1.0 / sqrt x else 1.0

    /// A matrix of gradients becomes g/√(R C/ΣR), times what a rate of that matrix' root mean square says. The estimate's root is
    /// that of a row's share times that of a column, so there are as many roots as rows and columns.
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
            squares <- squares + factor * factor * Sums.squaresOfProducts row factors

        let size = sqrt (squares / float gradient.Length)
        let rate = rate / max 1.0 (size / clip)

        for i in 0 .. ofRows.Length - 1 do
            let factor = inverseRoot (Double.CreateTruncating ofRows[i] / total)
            Elementwise.scaleBy (gradient.Slice(i * columns, columns)) factors ('T.CreateTruncating(factor * rate))

        ArrayPool<'T>.Shared.Return rented

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
            let count = float (max 1 gradient.Length)
            let relative = min h.LearningRate (1.0 / sqrt (float step))
            let rate = relative * max h.Epsilon2 (sqrt (Sums.squares view.Parameters / count))

            match view.Parameter.Shape with
            | [ rows; columns ] when rows > 1 && columns > 1 ->
                Adafactor.transform gradient (slot.Slice(0, rows)) (slot.Slice(rows, columns)) beta h.Epsilon1 rate h.Clip
            | _ ->
                Sweep.transform { Beta = beta; Epsilon = h.Epsilon1 } view
                let size = sqrt (Sums.squares (Span<'T>.op_Implicit gradient) / count)
                Elementwise.scale gradient ('T.CreateTruncating(rate / max 1.0 (size / h.Clip)))

module internal MatrixRules =
    open RuleKind

    let muon =
        define
            Role.Rule
            "muon"
            (page
                "the momentum of a matrix, with all singular values near 1; for matrices only"
                "m ← μ m + (1−μ) g;  Δ = α √max(1, units/inputs) NewtonSchulz((1−μ) g + μ m) + α λ w"
                "Jordan et al. 2024, with its coefficients 3.4445, −4.7750, 2.0315"
                "KellerJordan/Muon, in full precision"
                { Rate = "outside"
                  Epsilon = "none to set; 1e-7 is added to the norm"
                  InitialState = [ "average", "0" ]
                  BiasCorrection = "none; the length has no effect"
                  WeightDecay = "decoupled, times the learning rate" }
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
              detail "decay" "λ, decoupled weight decay" ArgumentRange.nonNegative _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let adafactor =
        define
            Role.Rule
            "adafactor"
            (page
                "squared gradients as sums over rows and columns, and steps proportional to the parameters"
                "β = 1 − t^−c;  R, C of rows and columns of g² + ε₁;  U = g/√(R C/ΣR);  Δ = max(ε₂, RMS w) min(lr, 1/√t) U / max(1, RMS U/clip)"
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
                  "P32", "the learning rate is the maximum of several values" ])
            { Adafactor.LearningRate = 0.01; Exponent = 0.8; Epsilon1 = 1e-30; Epsilon2 = 1e-3; Clip = 1.0 }
            [ rate (fun (h: Adafactor) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              detail "exponent" "the exponent of the decay, β = 1 − t^−this" ArgumentRange.nonNegative _.Exponent (fun v h ->
                  { h with Exponent = v })
              detail "eps1" "ε₁, added to squared gradients" ArgumentRange.nonNegative _.Epsilon1 (fun v h -> { h with Epsilon1 = v })
              detail "eps2" "ε₂, the smallest root mean square of a tensor" ArgumentRange.nonNegative _.Epsilon2 (fun v h ->
                  { h with Epsilon2 = v })
              detail "clip" "the largest root mean square of a step" ArgumentRange.positive _.Clip (fun v h -> { h with Clip = v }) ]
