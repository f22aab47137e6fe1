namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Adam with Nesterov momentum.

/// Δ = (a g + b v) / (√(s/c₂) + ε).  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal NAdamUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { OfGradient: 'E
      OfAverage: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Correction2: 'E
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay1.Mean(slots[0], g)
            let s = update.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s

            (update.OfGradient * g + update.OfAverage * v)
            / 'E.RootDivisor('E.Root(s * update.Correction2) + update.Epsilon)

/// <summary>Adam with Nesterov momentum and a momentum warm-up: μ_t = β₁ (1 − ½ 0.96^(t ψ)).</summary>
type NAdam =
    {
        /// <summary>α, at least 0. Default 0.002.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>ψ, at least 0: the speed at which μ_t approaches β₁. Default 0.004.</summary>
        MomentumDecay: float
        /// <summary>True to use μ_t twice in the weight of the mean, as PyTorch did before version 2. Default false.</summary>
        Legacy: bool
    }

    member private h.MomentumAt(step: int64) = h.Beta1 * (1.0 - 0.5 * Math.Pow(0.96, float step * h.MomentumDecay))

    interface IPreparingRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false
        member _.Scalars _ = [ "momentum_product" ]
        member _.Coefficients = 2

        member h.Prepare(step, decision) =
            let now = h.MomentumAt step
            let next = h.MomentumAt(step + 1L)
            let product = (if step = 1L then 1.0 else decision[0]) * now
            decision[0] <- product
            decision.DecideAll(0, h.LearningRate * (1.0 - now) / (1.0 - product))
            let weight = if h.Legacy then product * now * next else product * next
            decision.DecideAll(1, h.LearningRate * next / (1.0 - weight))
            true

        member h.Update(step, loop) =
            loop.Run
                { NAdamUpdate.OfGradient = loop.Lift(loop.Coefficient 0)
                  OfAverage = loop.Lift(loop.Coefficient 1)
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  Correction2 = loop.Lift(1.0 / Moments.weight h.Beta2 step)
                  Epsilon = loop.Lift h.Epsilon }

/// Slots: m, v (mean of differences), n (mean of squares), p (the previous gradient).
[<Struct; NoEquality; NoComparison>]
type internal AdanUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      CorrectedRate2: 'E
      Beta2: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Decay3: Decay<'E>
      Correction3: 'E
      Epsilon: 'E
      IsFirst: bool
      Zero: 'E
      Shrink: 'E
      Share: 'E
      Decays: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let difference = if update.IsFirst then update.Zero else g - slots[3]
            let m = update.Decay1.Mean(slots[0], g)
            let v = update.Decay2.Mean(slots[1], difference)
            let ahead = g + update.Beta2 * difference
            let n = update.Decay3.Mean(slots[2], ahead * ahead)
            slots[0] <- m
            slots[1] <- v
            slots[2] <- n
            slots[3] <- g

            let u =
                (update.CorrectedRate * m + update.CorrectedRate2 * v)
                / 'E.RootDivisor('E.Root(n * update.Correction3) + update.Epsilon)

            if update.Decays then (u + update.Shrink * w) * update.Share else u

/// <summary>Adaptive Nesterov momentum: means of gradients, of their differences, and of squared look-ahead gradients.</summary>
type Adan =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1), the decay of the mean of gradients. Default 0.98.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1), the decay of the mean of differences. Default 0.92.</summary>
        Beta2: float
        /// <summary>β₃ in [0, 1), the decay of the mean of squares. Default 0.99.</summary>
        Beta3: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0: proximal weight decay, w' = (w − u) / (1 + α λ). Default 0.</summary>
        WeightDecay: float
    }

    interface IRule with
        member _.Slots = [ "average"; "difference_average"; "square_average"; "previous_gradient" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Update(step, loop) =
            let shrink = h.LearningRate * h.WeightDecay

            loop.Run
                { AdanUpdate.CorrectedRate = loop.Lift(h.LearningRate / Moments.weight h.Beta1 step)
                  CorrectedRate2 = loop.Lift(h.LearningRate * h.Beta2 / Moments.weight h.Beta2 step)
                  Beta2 = loop.Lift h.Beta2
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  Decay3 = loop.Decay h.Beta3
                  Correction3 = loop.Lift(1.0 / Moments.weight h.Beta3 step)
                  Epsilon = loop.Lift h.Epsilon
                  IsFirst = (step = 1L)
                  Zero = loop.Lift 0.0
                  Shrink = loop.Lift shrink
                  Share = loop.Lift(1.0 / (1.0 + shrink))
                  Decays = (h.WeightDecay <> 0.0) }

module internal AdamNesterovRules =
    open RuleKind
    open Moments

    let nAdam =
        define
            Role.Rule
            "nadam"
            (documentation
                "Adam with Nesterov's look-ahead"
                "Δ = α ((1−μ_t)/(1−Πμ) g + μ_{t+1}/(1−Πμ μ_{t+1}) v) / (√ŝ + ε), μ_t = β₁ (1 − ½ 0.96^{tψ})"
                "Dozat 2016, algorithm 2"
                "torch.optim.NAdam since PyTorch 2; earlier versions with legacy=true"
                { Rate = "outside the slots"
                  Epsilon = "outside the corrected root"
                  InitialState = [ "average", "0"; "square_average", "0"; "momentum_product", "1" ]
                  BiasCorrection = "both means; the mean of gradients by the product of all μ"
                  WeightDecay = "none" }
                [ clock; own ])
            { NAdam.LearningRate = 2e-3
              Beta1 = 0.9
              Beta2 = 0.999
              Epsilon = 1e-8
              MomentumDecay = 0.004
              Legacy = false }
            [ rate (fun (h: NAdam) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              detail
                  "momentum_decay"
                  "ψ, the speed at which the momentum approaches β₁"
                  ArgumentRange.nonNegative
                  _.MomentumDecay
                  (fun v h -> { h with MomentumDecay = v })
              flag "legacy" "the earlier formula of PyTorch, with μ_t twice" _.Legacy (fun v h -> { h with Legacy = v }) ]

    let adan =
        define
            Role.Rule
            "adan"
            (documentation
                "means of gradients, of their differences, and of the squares of the extrapolated gradients"
                "d = g − p;  v₁, v₂, n are the means of g, d, (g + β₂ d)²;  u = α (v̂₁ + β₂ v̂₂) / (√n̂ + ε);  w' = (w − u)/(1 + αλ)"
                "Xie et al. 2022, algorithm 1, with the authors' corrections"
                "sail-sg/Adan"
                { Rate = "outside the slots"
                  Epsilon = "outside the corrected root"
                  InitialState =
                    [ "average", "0"
                      "difference_average", "0"
                      "square_average", "0"
                      "previous_gradient", "the first gradient" ]
                  BiasCorrection = "all three means"
                  WeightDecay = "proximal: w' = (w − u) / (1 + α λ)" }
                [ clock; own; "P32", "with decay, the step is also divided by 1 + αλ" ])
            { Adan.LearningRate = 1e-3
              Beta1 = 0.98
              Beta2 = 0.92
              Beta3 = 0.99
              Epsilon = 1e-8
              WeightDecay = 0.0 }
            [ rate (fun (h: Adan) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, the decay of the mean of differences" _.Beta2 (fun v h -> { h with Beta2 = v })
              decay "beta3" "β₃, the decay of the mean of squares" _.Beta3 (fun v h -> { h with Beta3 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              weightDecay "decay" "λ, proximal weight decay" true _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]
