namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Parts of chains: in front of a rule they change gradients, behind it they change what is taken away from the parameters.

/// Δ = g.
[<Struct; NoEquality; NoComparison>]
type internal IdentityLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member _.Delta(g, _, _) = g

/// <summary>Nothing: Δ = g.</summary>
type Identity() =
    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Sweep(_, pass) = pass.Run(IdentityLaw())

/// Δ = 0 − g.
[<Struct; NoEquality; NoComparison>]
type internal NegateLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Zero: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, _) = law.Zero - g

/// <summary>The gradient turned round, so that what follows climbs; decay behind it keeps its sign.</summary>
type Maximize() =
    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Sweep(_, pass) = pass.Run { NegateLaw.Zero = pass.Lift 0.0 }

/// Δ = min(max(g, −c), c).
[<Struct; NoEquality; NoComparison>]
type internal ClipValueLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Lower: 'E
      Upper: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, _) = Element.lesser ('E.Greater(g, law.Lower)) law.Upper

/// <summary>Every element kept within ±limit.</summary>
type ClipValue =
    {
        /// <summary>The limit, above 0.</summary>
        Limit: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member h.Sweep(_, pass) = pass.Run { ClipValueLaw.Lower = pass.Lift -h.Limit; Upper = pass.Lift h.Limit }

module internal Clip =
    /// Where a length is above the limit, the factor that brings it there; 1 otherwise, for NaN too.
    let factor (limit: float) (length: float) = if length > limit then limit / length else 1.0

/// <summary>Each tensor's gradient shortened to the limit where it is longer.</summary>
type ClipNorm =
    {
        /// <summary>The largest norm, above 0.</summary>
        Limit: float
    }

    interface IObservingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Memory _ = []
        member _.Numbers = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Observe(_, view) = view.Sums[0] <- view.Sums[0] + Sums.squares view.Gradient

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                decision.Decide(k, 0, Clip.factor h.Limit (sqrt (decision.Sum(k, 0))))

            true

        member _.Sweep(_, pass) = pass.Run { ScaleLaw.Factor = pass.Lift(pass.Number 0) }

/// <summary>The gradient of all tensors together shortened to the limit where it is longer.</summary>
type ClipGlobalNorm =
    {
        /// <summary>The largest norm, above 0.</summary>
        Limit: float
    }

    interface IObservingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Memory _ = [ "norm" ]
        member _.Numbers = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Observe(_, view) = view.Sums[0] <- view.Sums[0] + Sums.squares view.Gradient

        member h.Decide(_, decision) =
            let length = sqrt (decision.Total 0)
            // For those who watch: the norm before it was clipped.
            decision[0] <- length
            decision.DecideAll(0, Clip.factor h.Limit length)
            true

        member _.Sweep(_, pass) = pass.Run { ScaleLaw.Factor = pass.Lift(pass.Number 0) }

module internal Units =
    /// How many units a tensor has whose elements are to be taken together: the columns of a matrix, otherwise one.
    let count (parameter: Parameter) =
        match parameter.Shape with
        | []
        | [ _ ] -> 1
        | shape -> List.last shape

/// <summary>The gradient of each unit kept within a share of the unit's own norm.</summary>
type ClipAdaptive =
    {
        /// <summary>The largest ‖g‖ / ‖w‖ of a unit, above 0. Default 0.01.</summary>
        Ratio: float
        /// <summary>The least norm that a unit is taken to have, above 0. Default 0.001.</summary>
        Epsilon: float
    }

    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = true

        member h.Transform(_, view: TensorView<'T>) =
            let gradient = view.Gradient
            let parameters = view.Parameters
            let units = Units.count view.Parameter

            for unit in 0 .. units - 1 do
                let mutable squares = 0.0
                let mutable weights = 0.0
                let mutable i = unit

                while i < gradient.Length do
                    let g = Double.CreateTruncating gradient[i]
                    let w = Double.CreateTruncating parameters[i]
                    squares <- squares + g * g
                    weights <- weights + w * w
                    i <- i + units

                let factor = 'T.CreateTruncating(Clip.factor (h.Ratio * max h.Epsilon (sqrt weights)) (sqrt squares))
                i <- unit

                while i < gradient.Length do
                    gradient[i] <- gradient[i] * factor
                    i <- i + units

/// <summary>From the gradient of each unit of a matrix its mean is taken away; vectors stay.</summary>
type Centralize() =
    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member _.Transform(_, view: TensorView<'T>) =
            let gradient = view.Gradient

            match view.Parameter.Shape with
            | []
            | [ _ ] -> ()
            | shape ->
                let units = List.last shape
                let length = float (gradient.Length / max 1 units)

                for unit in 0 .. units - 1 do
                    let mutable sum = 0.0
                    let mutable i = unit

                    while i < gradient.Length do
                        sum <- sum + Double.CreateTruncating gradient[i]
                        i <- i + units

                    let mean = 'T.CreateTruncating(sum / length)
                    i <- unit

                    while i < gradient.Length do
                        gradient[i] <- gradient[i] - mean
                        i <- i + units

/// <summary>Normal noise added to gradients, the same for a seed, a step and a parameter whatever was drawn before.</summary>
type Noise =
    {
        /// <summary>The standard deviation, at least 0.</summary>
        Deviation: float
        /// <summary>Which noise. Default 0.</summary>
        Seed: int64
    }

    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member h.Transform(step, view: TensorView<'T>) =
            let key =
                Random.subkey (Random.subkey (Random.key (int h.Seed) "noise") (uint64 step)) (uint64 view.Parameter.Offset)

            let gradient = view.Gradient

            // Box and Muller 1958.
            for i in 0 .. gradient.Length - 1 do
                let radius = sqrt (-2.0 * log (1.0 - Random.uniformAt key (2UL * uint64 i)))
                let angle = 2.0 * Math.PI * Random.uniformAt key (2UL * uint64 i + 1UL)
                gradient[i] <- gradient[i] + 'T.CreateTruncating(h.Deviation * radius * cos angle)

/// Δ = g + λ w, or g + λ sign w.
[<Struct; NoEquality; NoComparison>]
type internal DecayLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Factor: 'E
      OfSign: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, w, _) = g + law.Factor * (if law.OfSign then Element.sign w else w)

/// <summary>λ w added: L2 regularisation in front of a rule, decoupled decay (without the rate) behind it.</summary>
type WeightDecay =
    {
        /// <summary>λ, at least 0.</summary>
        Factor: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member h.Sweep(_, pass) = pass.Run { DecayLaw.Factor = pass.Lift h.Factor; OfSign = false }

/// <summary>λ sign w added: L1 regularisation in front of a rule.</summary>
type SignDecay =
    {
        /// <summary>λ, at least 0.</summary>
        Factor: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member h.Sweep(_, pass) = pass.Run { DecayLaw.Factor = pass.Lift h.Factor; OfSign = true }

/// <summary>Everything times a factor, which may follow a schedule.</summary>
type Scale =
    {
        /// <summary>The factor, at least 0.</summary>
        Factor: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member h.Sweep(_, pass) = pass.Run { ScaleLaw.Factor = pass.Lift h.Factor }

/// a ← a + g;  Δ = a / k, and a ← 0 where it gives out.  Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AccumulateLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Share: 'E
      Zero: 'E
      GivesOut: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let sum = slots[0] + g
            slots[0] <- if law.GivesOut then law.Zero else sum
            sum * law.Share

/// <summary>The mean of k gradients at every k-th step; in between all parts behind it rest, and their steps are not counted.</summary>
type Accumulate =
    {
        /// <summary>k, at least 1.</summary>
        Steps: int64
    }

    interface IPreparingRule with
        member _.Slots = [ "sum" ]
        member _.NeedsParameters = false
        // Counted here and not by steps, so that a k that is changed on the way gives means too.
        member _.Memory _ = [ "gathered" ]
        member _.Numbers = 1

        member h.Prepare(_, decision) =
            let gathered = decision[0] + 1.0
            let givesOut = gathered >= float h.Steps
            decision.DecideAll(0, (if givesOut then 1.0 / gathered else 0.0))
            decision[0] <- if givesOut then 0.0 else gathered
            givesOut

        member h.Sweep(_, pass) =
            let share = pass.Number 0
            pass.Run { AccumulateLaw.Share = pass.Lift share; Zero = pass.Lift 0.0; GivesOut = (share > 0.0) }

    interface IGate with
        member _.MayThrow _ = false

/// <summary>Parameters that stay as they are while it is on; the parts behind it rest and keep their state.</summary>
type Freeze =
    {
        /// <summary>Default true; false thaws.</summary>
        On: bool
    }

    interface IPreparingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Memory _ = []
        member _.Numbers = 0
        member h.Prepare(_, _) = not h.On
        member _.Sweep(_, pass) = pass.Run(IdentityLaw())

    interface IGate with
        member _.MayThrow _ = false

/// <summary>More steps in a row than allowed had gradients that are not finite.</summary>
type NonFiniteGradientException(count: int64) =
    inherit ArithmeticException($"{count} gradients in a row were not finite.")
    /// <summary>How many.</summary>
    member _.Count = count

/// <summary>Steps whose gradient is not finite are left out: nothing behind it sees them.</summary>
type SkipNonFinite =
    {
        /// <summary>After more such steps in a row, an error; 0, the default, is never.</summary>
        Limit: int64
    }

    interface IObservingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Memory _ = [ "skipped"; "in_a_row" ]
        member _.Numbers = 0
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Observe(_, view) = view.Sums[0] <- view.Sums[0] + Sums.finite view.Gradient

        member h.Decide(_, decision) =
            if Double.IsNaN(decision.Total 0) then
                decision[0] <- decision[0] + 1.0
                decision[1] <- decision[1] + 1.0

                if h.Limit > 0L && decision[1] > float h.Limit then
                    raise (NonFiniteGradientException(int64 decision[1]))

                false
            else
                decision[1] <- 0.0
                true

        member _.Sweep(_, pass) = pass.Run(IdentityLaw())

    interface IGate with
        member h.MayThrow decision = h.Limit > 0L && decision[1] >= float h.Limit

/// fast = w − Δ;  at every k-th step: slow ← slow + α (fast − slow), Δ = w − slow.  Slots: slow.
[<Struct; NoEquality; NoComparison>]
type internal LookaheadLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Share: 'E
      IsFirst: bool
      Synchronizes: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(delta, w, slots) =
            let slow = if law.IsFirst then w else slots[0]

            if law.Synchronizes then
                let next = slow + law.Share * (w - delta - slow)
                slots[0] <- next
                w - next
            else
                slots[0] <- slow
                delta

/// <summary>Behind a rule: slow weights that every k steps go a share of the way to the fast ones, which then start from there.</summary>
type Lookahead =
    {
        /// <summary>k, at least 1. Default 5.</summary>
        Steps: int64
        /// <summary>α in (0, 1]. Default 0.5.</summary>
        Share: float
    }

    interface IRule with
        member _.Slots = [ "slow" ]
        member _.NeedsParameters = true

        member h.Sweep(step, pass) =
            pass.Run
                { LookaheadLaw.Share = pass.Lift h.Share
                  IsFirst = (step = 1L)
                  Synchronizes = (step % h.Steps = 0L) }

/// a ← keep a + take (w − Δ), or a ← a + take (w − Δ − a);  Δ unchanged.  Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AverageLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Keep: 'E
      Take: 'E
      Replaces: bool
      Stays: bool
      IsMean: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(delta, w, slots) =
            let next = w - delta

            if law.Replaces then
                slots[0] <- next
            elif law.IsMean then
                slots[0] <- slots[0] + law.Take * (next - slots[0])
            elif not law.Stays then
                slots[0] <- law.Keep * slots[0] + law.Take * next

            delta

/// <summary>Behind a rule: the exponential moving average of the parameters, to be read from the state; Δ stays as it is.</summary>
type ParameterAverage =
    {
        /// <summary>β in (0, 1). Default 0.999.</summary>
        Decay: float
        /// <summary>Corrected for its start at zero, as Adam's means are; otherwise it starts at the first parameters. Default true.</summary>
        Debiased: bool
    }

    interface IPreparingRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true
        member _.Memory _ = [ "weight" ]
        member _.Numbers = 0

        // What all parameters together weigh: 1 − βᵗ, and right for a β that changes too.
        member h.Prepare(_, decision) =
            decision[0] <- h.Decay * decision[0] + (1.0 - h.Decay)
            true

        member h.Sweep(step, pass) =
            pass.Run
                { AverageLaw.Keep = pass.Lift h.Decay
                  Take = pass.Lift(1.0 - h.Decay)
                  Replaces = (step = 1L && not h.Debiased)
                  Stays = false
                  IsMean = false }

    interface IAveraging with
        member _.AverageSlot = 0
        member h.Scale numbers = if h.Debiased then 1.0 / numbers[0] else 1.0

/// <summary>Behind a rule: the arithmetic mean of the parameters from a step on, at every so many steps (Polyak; SWA).</summary>
type StochasticAverage =
    {
        /// <summary>The first step that counts, at least 1. Default 1; before it the average is the newest parameters.</summary>
        Start: int64
        /// <summary>Every how many steps, at least 1. Default 1.</summary>
        Every: int64
    }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true

        member h.Sweep(step, pass) =
            let counts = step >= h.Start && (step - h.Start) % h.Every = 0L
            let number = (step - h.Start) / h.Every + 1L

            pass.Run
                { AverageLaw.Keep = pass.Lift 0.0
                  Take = pass.Lift(1.0 / float (max 1L number))
                  Replaces = (step < h.Start || step = h.Start)
                  Stays = not counts
                  IsMean = counts }

    interface IAveraging with
        member _.AverageSlot = 0
        member _.Scale _ = 1.0

module internal Transformations =
    open RuleKind

    let private part name summary formula source exempt defaults arguments =
        define Role.Transformation name (page summary formula source "" exempt) defaults arguments

    let private limit get set = number "limit" "the largest allowed" Range.positive get set

    let identity = part "identity" "nothing" "Δ = g" "" [] (Identity()) []

    let maximize =
        part "maximize" "the gradient turned round" "Δ = −g" "" [ "P31", "it climbs" ] (Maximize()) []

    let clipValue =
        part
            "clip_value"
            "every element kept within ±limit"
            "Δ = min(max(g, −c), c)"
            ""
            [ "P5", "it looks at elements"; "P9", "the limit has a unit" ]
            { ClipValue.Limit = 1.0 }
            [ limit (fun (h: ClipValue) -> h.Limit) (fun v h -> { h with Limit = v }) ]

    let clipNorm =
        part
            "clip_norm"
            "each tensor's gradient shortened to the limit"
            "Δ = g min(1, c/‖g‖)"
            "Pascanu, Mikolov & Bengio 2013, algorithm 1"
            [ "P23", "norms go over whole tensors"; "P9", "the limit has a unit" ]
            { ClipNorm.Limit = 1.0 }
            [ limit (fun (h: ClipNorm) -> h.Limit) (fun v h -> { h with Limit = v }) ]

    let clipGlobalNorm =
        part
            "clip_global_norm"
            "the gradient of all tensors together shortened to the limit"
            "Δ = g min(1, c/‖g‖), ‖g‖ over all tensors"
            "Pascanu, Mikolov & Bengio 2013, algorithm 1"
            [ "P23", "the norm goes over all tensors"; "P9", "the limit has a unit" ]
            { ClipGlobalNorm.Limit = 1.0 }
            [ limit (fun (h: ClipGlobalNorm) -> h.Limit) (fun v h -> { h with Limit = v }) ]

    let clipAdaptive =
        part
            "clip_adaptive"
            "each unit's gradient kept within a share of the unit's norm"
            "Δ = g min(1, ratio max(‖w‖, ε)/‖g‖) for each column of a matrix; a vector is one unit"
            "Brock et al. 2021, eq. 3"
            [ "P23", "norms go over units"; "P9", "the weights have a scale" ]
            { ClipAdaptive.Ratio = 0.01; Epsilon = 1e-3 }
            [ number "ratio" "the largest ‖g‖ / ‖w‖ of a unit" Range.positive (fun (h: ClipAdaptive) -> h.Ratio) (fun v h ->
                  { h with Ratio = v })
              detail "eps" "the least norm that a unit is taken to have" Range.positive _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let centralize =
        part
            "centralize"
            "from each unit's gradient its mean is taken away"
            "Δ = g − mean of its column; vectors stay"
            "Yong et al. 2020, eq. 1"
            [ "P23", "means go over units"; "P31", "it may be 0" ]
            (Centralize())
            []

    let noise =
        part
            "noise"
            "normal noise added to gradients"
            "Δ = g + N(0, σ²)"
            "Neelakantan et al. 2015"
            [ "P5", "noise does not turn with the gradient"
              "P10", "noise does not turn with the gradient"
              "P21", "noise is not 0"
              "P22", "each step has noise of its own"
              "P23", "noise depends on the place"
              "P9", "noise has a scale"
              "P31", "noise may climb" ]
            { Noise.Deviation = 0.01; Seed = 0L }
            [ number "deviation" "σ" Range.nonNegative (fun (h: Noise) -> h.Deviation) (fun v h -> { h with Deviation = v })
              whole "seed" "which noise" { Range.countsOrNone with Upper = float Int32.MaxValue } true _.Seed (fun v h ->
                  { h with Seed = v }) ]

    let private factor get set = number "factor" "λ" Range.nonNegative get set

    let decay =
        part
            "decay"
            "λ w added to the gradient: L2"
            "Δ = g + λ w"
            "Krogh & Hertz 1991"
            [ "P31", "decay may climb"; "P9", "the weights have a scale" ]
            { WeightDecay.Factor = 0.0 }
            [ factor (fun (h: WeightDecay) -> h.Factor) (fun v h -> { h with Factor = v }) ]

    let decoupled =
        part
            "decoupled"
            "λ w added behind a rule: decoupled weight decay, without the rate"
            "Δ ← Δ + λ w"
            "Loshchilov & Hutter 2019"
            [ "P31", "decay may climb"; "P9", "the weights have a scale" ]
            { WeightDecay.Factor = 0.0 }
            [ factor (fun (h: WeightDecay) -> h.Factor) (fun v h -> { h with Factor = v }) ]

    let l1 =
        part
            "l1"
            "λ sign w added to the gradient: L1"
            "Δ = g + λ sign w"
            "Tibshirani 1996"
            [ "P31", "decay may climb"; "P9", "λ has a unit"; "P5", "each element has a sign of its own" ]
            { SignDecay.Factor = 0.0 }
            [ factor (fun (h: SignDecay) -> h.Factor) (fun v h -> { h with Factor = v }) ]

    let scale =
        part
            "scale"
            "everything times a factor, or a schedule"
            "Δ = λ g"
            ""
            []
            { Scale.Factor = 1.0 }
            [ factor (fun (h: Scale) -> h.Factor) (fun v h -> { h with Factor = v }) ]

    let accumulate =
        part
            "accumulate"
            "the mean of k gradients at every k-th step"
            "a ← a + g;  Δ = a/k at every k-th step, else all behind it rests"
            ""
            [ "P31", "it may rest"; "P22", "it counts its steps" ]
            { Accumulate.Steps = 1L }
            [ whole "k" "how many gradients make one" Range.counts false (fun (h: Accumulate) -> h.Steps) (fun v h -> { h with Steps = v }) ]

    let freeze =
        part
            "freeze"
            "parameters that stay as they are, until it is off"
            "Δ = 0"
            ""
            [ "P31", "it stands still" ]
            { Freeze.On = true }
            [ flag "on" "whether to stand still" (fun (h: Freeze) -> h.On) (fun v h -> { h with On = v }) ]

    let skipNonFinite =
        part
            "skip_non_finite"
            "steps whose gradient is not finite are left out"
            "Δ = g if all of g is finite, else all behind it rests"
            ""
            [ "P23", "it looks at all tensors" ]
            { SkipNonFinite.Limit = 0L }
            [ whole
                  "limit"
                  "after more in a row, an error; 0 is never"
                  Range.countsOrNone
                  false
                  (fun (h: SkipNonFinite) -> h.Limit)
                  (fun v h -> { h with Limit = v }) ]

    let lookahead =
        part
            "lookahead"
            "slow weights that go a share of the way to the fast ones every k steps"
            "at every k-th step: φ ← φ + α (w − Δ − φ), Δ = w − φ"
            "Zhang et al. 2019, algorithm 1"
            [ "P22", "it counts its steps" ]
            { Lookahead.Steps = 5L; Share = 0.5 }
            [ whole "k" "steps between" Range.counts false (fun (h: Lookahead) -> h.Steps) (fun v h -> { h with Steps = v })
              number "alpha" "α, the share of the way" Range.aboveZeroToOne _.Share (fun v h -> { h with Share = v }) ]

    let ema =
        part
            "ema"
            "the exponential moving average of the parameters, to be read; nothing is changed"
            "a ← β a + (1−β) (w − Δ);  read a/(1−βᵗ)"
            "Polyak & Juditsky 1992; Kingma & Ba 2015, section 7.2"
            []
            { ParameterAverage.Decay = 0.999; Debiased = true }
            [ RuleKind.decay "decay" "β, of the average" (fun (h: ParameterAverage) -> h.Decay) (fun v h -> { h with Decay = v })
              flag "debiased" "correct it for its start at zero" _.Debiased (fun v h -> { h with Debiased = v }) ]

    let swa =
        part
            "swa"
            "the mean of the parameters from a step on, to be read; nothing is changed"
            "a ← a + (w − Δ − a)/n, n counting the steps from start, every so many"
            "Polyak & Juditsky 1992; Izmailov et al. 2018, algorithm 1"
            []
            { StochasticAverage.Start = 1L; Every = 1L }
            [ whole "start" "the first step that counts" Range.counts false (fun (h: StochasticAverage) -> h.Start) (fun v h ->
                  { h with Start = v })
              whole "every" "every how many steps" Range.counts true _.Every (fun v h -> { h with Every = v }) ]

    let all =
        [ identity.Kind
          clipValue.Kind
          clipNorm.Kind
          clipGlobalNorm.Kind
          clipAdaptive.Kind
          centralize.Kind
          noise.Kind
          decay.Kind
          decoupled.Kind
          l1.Kind
          scale.Kind
          accumulate.Kind
          skipNonFinite.Kind
          freeze.Kind
          maximize.Kind
          lookahead.Kind
          ema.Kind
          swa.Kind ]
