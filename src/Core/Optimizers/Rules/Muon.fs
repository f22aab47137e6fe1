namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Numerics
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

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

/// Slots: m.
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
    { [<Rate(0.02)>]
      LearningRate: float
      [<Decay("momentum", 0.95, "μ, the decay of the mean of gradients")>]
      Momentum: float
      [<Flag("nesterov", true, "Nesterov's look-ahead")>]
      Nesterov: bool
      [<Whole("iterations", 5L, "the number of Newton-Schulz iterations", Technical = true)>]
      Iterations: int64
      [<WeightDecay(0.0, "λ, decoupled weight decay")>]
      WeightDecay: float }

    interface ITensorRule with
        member _.Slots = [ "average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Transform(_, tensor: WholeTensor<'T>) =
            match tensor.Parameter.Shape with
            | [ rows; columns ] ->
                let gradient = tensor.Gradient
                UpdateKernel.transform { Share = h.Momentum; LooksAhead = h.Nesterov } tensor
                Muon.orthogonalize gradient rows columns h.Iterations
                let units, inputs = if tensor.Parameter.UnitsFirst then rows, columns else columns, rows
                let rate = 'T.CreateTruncating(h.LearningRate * sqrt (max 1.0 (float units / float inputs)))

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

    interface IDescribed<Muon> with
        static member Description =
            { Name = "muon"
              Summary = "the momentum of a matrix, with all singular values near 1; for matrices only"
              Formula = "m ← μ m + (1−μ) g;  Δ = α √max(1, units/inputs) NewtonSchulz((1−μ) g + μ m) + α λ w"
              Source = "Jordan et al. 2024, with its coefficients 3.4445, −4.7750, 2.0315"
              Traits = []
              Exempt =
                [ "P23", "it uses whole matrices"
                  "P9", "1e-7 is added to the norm"
                  "P5", "it commutes with rotations of rows and of columns, not of all elements" ]
              Role =
                Role.Rule
                    { Reproduces = "KellerJordan/Muon, in full precision"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.None "1e-7 is added to the norm"
                      InitialState = [ "average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None "the step does not depend on the length of the mean"
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate"
                      Learns =
                        { Optimizer = "{ \"*.bias\": adam(lr=0.001), \"*\": muon(lr=0.005) }"
                          Accuracy = 0.9804
                          Note = "for matrices only; biases need another rule" } } }
