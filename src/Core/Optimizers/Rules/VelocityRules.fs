namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates
open CuteDl.Core.Optimizers

// Rules whose step follows the gradient or a velocity.

/// <summary>Gradient descent: Δ = α g.</summary>
type Fixed =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member h.Update(_, loop) = loop.Run { FixedUpdate.Rate = loop.Lift h.LearningRate }

/// <summary>Momentum, with the learning rate inside the velocity: v ← γ v + α g, Δ = v.</summary>
type Momentum =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ in [0, 1). Default 0.9.</summary>
        Decay: float
    }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { MomentumUpdate.Rate = loop.Lift h.LearningRate; Decay = loop.Lift h.Decay }

/// v ← γ v + α g;  Δ = γ v + α g.  Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal NesterovUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let pull = update.Rate * g
            let v = update.Decay * slots[0] + pull
            slots[0] <- v
            update.Decay * v + pull

/// <summary>Nesterov momentum, with the learning rate inside the velocity: v ← γ v + α g, Δ = γ v + α g.</summary>
type Nesterov =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>γ in [0, 1). Default 0.9.</summary>
        Decay: float
    }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { NesterovUpdate.Rate = loop.Lift h.LearningRate; Decay = loop.Lift h.Decay }

/// v ← μ v + τ' g;  Δ = α (v + ahead (μ v + g − v)).  Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal SgdUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Momentum: 'E
      Take: 'E
      LooksAhead: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Momentum * slots[0] + update.Take * g
            slots[0] <- v
            update.Rate * (if update.LooksAhead then g + update.Momentum * v else v)

/// <summary>
/// Momentum, with the learning rate outside the velocity, as in PyTorch: v ← μ v + (1−τ) g, Δ = α v. At the first step, v = g.
/// </summary>
type Sgd =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>μ in [0, 1). Default 0: Δ = α g.</summary>
        Momentum: float
        /// <summary>τ in [0, 1]. Default 0.</summary>
        Dampening: float
        /// <summary>True to use Δ = α (g + μ v) instead of α v. Default false; needs μ &gt; 0 and τ = 0.</summary>
        Nesterov: bool
    }

    interface IRule with
        member h.Slots = if h.Momentum = 0.0 then [] else [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            if h.Momentum = 0.0 then
                loop.Run { FixedUpdate.Rate = loop.Lift h.LearningRate }
            else
                loop.Run
                    { SgdUpdate.Rate = loop.Lift h.LearningRate
                      Momentum = loop.Lift h.Momentum
                      Take = loop.Lift(if step = 1L then 1.0 else 1.0 - h.Dampening)
                      LooksAhead = h.Nesterov }

    interface ICheckedPart with
        member h.Problem =
            if h.Nesterov && (h.Momentum = 0.0 || h.Dampening <> 0.0) then
                let number = NumberText.ofFloat
                $"nesterov=true needs momentum above 0 and dampening=0, not momentum={number h.Momentum} and dampening={number h.Dampening}."
            else
                ""

/// Δ = η g + λ η w;  a ← a + μ (w − Δ − a).  Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AsgdUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Shrink: 'E
      Share: 'E
      Replaces: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let delta = update.Shrink * w + update.Rate * g
            let next = w - delta
            let average = slots[0]
            slots[0] <- if update.Replaces then next else average + update.Share * (next - average)
            delta

/// <summary>A falling learning rate η and the average of the parameters from a step on (Polyak and Juditsky 1992), as in PyTorch.</summary>
type Asgd =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>λ, at least 0: for the decay of the learning rate, and for the weight decay λ η w. Default 0.0001.</summary>
        Lambda: float
        /// <summary>The exponent in the decay of the learning rate, at least 0. Default 0.75.</summary>
        Power: float
        /// <summary>The step at which averaging starts, at least 0. Default 1000000.</summary>
        Start: float
    }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true

        member h.Update(step, loop) =
            let before = float (step - 1L)
            let rate = h.LearningRate / Math.Pow(1.0 + h.Lambda * h.LearningRate * before, h.Power)
            let share = 1.0 / max 1.0 (before - h.Start)

            loop.Run
                { AsgdUpdate.Rate = loop.Lift rate
                  Shrink = loop.Lift(h.Lambda * rate)
                  Share = loop.Lift share
                  Replaces = (share = 1.0) }

    interface IAveraging with
        member _.AverageSlot = 0
        member _.Scale _ = 1.0

module internal VelocityRules =
    open RuleKind

    let private rotation = "P9", "Δ is proportional to the gradient"

    let fixedRate =
        define
            Role.Rule
            "fixed"
            (documentation
                "the gradient times a fixed learning rate"
                "Δ = α g"
                "Robbins & Monro 1951"
                "torch.optim.SGD(lr), optax.sgd, keras SGD"
                { Rate = "outside the slots"
                  Epsilon = "none"
                  InitialState = []
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ rotation ])
            { Fixed.LearningRate = 0.01 }
            [ rate (fun (h: Fixed) -> h.LearningRate) (fun v h -> { h with LearningRate = v }) ]

    let momentum =
        define
            Role.Rule
            "momentum"
            (documentation
                "a velocity that includes the learning rate"
                "v ← γ v + α g;  Δ = v"
                "Polyak 1964, eq. 9"
                "keras SGD(momentum); PyTorch and Optax have the learning rate outside, which is equal at constant α"
                { Rate = "inside the velocity"
                  Epsilon = "none"
                  InitialState = [ "velocity", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ rotation ])
            { Momentum.LearningRate = 1e-4; Decay = 0.9 }
            [ rate (fun (h: Momentum) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "decay" "γ, the share of the velocity that is kept" _.Decay (fun v h -> { h with Decay = v }) ]

    let nesterov =
        define
            Role.Rule
            "nesterov"
            (documentation
                "Nesterov's look-ahead velocity, which includes the learning rate"
                "v ← γ v + α g;  Δ = γ v + α g"
                "Sutskever et al. 2013, eqs. 3-4; the parameters are the look-ahead point"
                "keras SGD(nesterov=True); torch.optim.SGD(momentum, nesterov=True) at constant α"
                { Rate = "inside the velocity"
                  Epsilon = "none"
                  InitialState = [ "velocity", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ rotation ])
            { Nesterov.LearningRate = 0.01; Decay = 0.9 }
            [ rate (fun (h: Nesterov) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "decay" "γ, the share of the velocity that is kept" _.Decay (fun v h -> { h with Decay = v }) ]

    let sgd =
        define
            Role.Rule
            "sgd"
            (documentation
                "a velocity times the learning rate"
                "v ← g at the first step, then v ← μ v + (1−τ) g;  Δ = α v, or α (g + μ v) with nesterov"
                "Polyak 1964, eq. 9; Sutskever et al. 2013"
                "torch.optim.SGD(lr, momentum, dampening, nesterov)"
                { Rate = "outside the slots"
                  Epsilon = "none"
                  InitialState = [ "velocity", "0" ]
                  BiasCorrection = "none; the first gradient is not dampened"
                  WeightDecay = "none" }
                [ rotation; "P22", "with dampening, the first gradient is not dampened" ])
            { Sgd.LearningRate = 0.01; Momentum = 0.0; Dampening = 0.0; Nesterov = false }
            [ rate (fun (h: Sgd) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "momentum" "μ, the share of the velocity that is kept" ArgumentRange.belowOne _.Momentum (fun v h ->
                  { h with Momentum = v })
              detail
                  "dampening"
                  "τ, the share of the gradient that is not added to the velocity"
                  ArgumentRange.fromZeroToOne
                  _.Dampening
                  (fun v h -> { h with Dampening = v })
              flag "nesterov" "Nesterov's look-ahead" _.Nesterov (fun v h -> { h with Nesterov = v }) ]

    let asgd =
        define
            Role.Rule
            "asgd"
            (documentation
                "a falling learning rate, and the average of the parameters"
                "η = α / (1 + λ α (t−1))^κ;  Δ = η g + λ η w;  a ← a + μ (w − Δ − a) with μ = 1 / max(1, t−1−t₀)"
                "Polyak & Juditsky 1992"
                "torch.optim.ASGD (its single-tensor form)"
                { Rate = "outside, falling: η = α / (1 + λ α (t−1))^κ"
                  Epsilon = "none"
                  InitialState = [ "average", "the parameters" ]
                  BiasCorrection = "none"
                  WeightDecay = "decoupled, times the falling learning rate" }
                [ rotation
                  "P22", "the learning rate depends on the number of steps"
                  "P32", "the learning rate determines its own decrease" ])
            { Asgd.LearningRate = 0.01; Lambda = 1e-4; Power = 0.75; Start = 1e6 }
            [ rate (fun (h: Asgd) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              weightDecay "lambd" "λ, for the decrease of the learning rate and for weight decay" true _.Lambda (fun v h ->
                  { h with Lambda = v })
              detail "alpha" "κ, the exponent of the decrease of the learning rate" ArgumentRange.nonNegative _.Power (fun v h ->
                  { h with Power = v })
              detail "t0" "t₀, the step after which averaging begins" ArgumentRange.nonNegative _.Start (fun v h -> { h with Start = v }) ]
