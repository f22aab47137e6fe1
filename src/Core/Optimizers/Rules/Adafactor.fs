namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Numerics
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: v.
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
    { [<Rate(0.01, Shared = false, Summary = "the upper limit of the relative learning rate")>]
      LearningRate: float
      [<Number("exponent", 0.8, "the exponent of the decay β", AtLeast = 0.0, Technical = true)>]
      Exponent: float
      [<Number("eps1", 1e-30, "ε₁, added to squared gradients", AtLeast = 0.0, Technical = true, GradientPower = 2.0)>]
      Epsilon1: float
      [<Number("eps2", 1e-3, "ε₂, the smallest root mean square of a tensor", AtLeast = 0.0, Technical = true)>]
      Epsilon2: float
      [<Number("clip",
               1.0,
               "the largest root mean square of U, the gradient divided by its estimated root mean square",
               Above = 0.0,
               Technical = true)>]
      Clip: float }

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

    interface IDescribed<Adafactor> with
        static member Description =
            { Name = "adafactor"
              Summary = "squared gradients as sums over rows and columns, and steps proportional to the parameters"
              Formula =
                "β = 1 − t^−exponent;  R, C are the means of row sums and column sums of g² + ε₁;  U = g/√(R C/ΣR);  Δ = max(ε₂, RMS w) min(lr, 1/√t) U / max(1, RMS U/clip)"
              Source = "Shazeer & Stern 2018, algorithms 4 to 6"
              Traits = []
              Exempt =
                [ "P23", "the elements of a row or column share a sum"
                  Exemption.ownRates
                  "P22", "β depends on the number of steps"
                  "P32", "lr is an upper limit, not a factor" ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.Adafactor, which applies ε₁ at the end"
                      Rate = RatePlace.Outside "relative: at most 1/√t, times the root mean square of the tensor"
                      Epsilon = EpsilonPlace.Inside "the root (eps1, added to g²); eps2 is the smallest root mean square of a tensor"
                      InitialState = [ "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None "β is 0 at the first step"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "adafactor(lr=0.03)"; Accuracy = 0.9734; Note = "" } } }
