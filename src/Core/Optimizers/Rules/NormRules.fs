namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Rules whose step depends on the norms of a tensor.

/// v ← μ v + κ (g + λ w);  Δ = v.  Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal LarsUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Momentum: 'E
      WeightDecay: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let v = update.Momentum * slots[0] + update.Rate * (g + update.WeightDecay * w)
            slots[0] <- v
            v

/// <summary>Momentum with a learning rate for each tensor, proportional to ‖w‖ / ‖g‖.</summary>
type Lars =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>μ in [0, 1). Default 0.9.</summary>
        Momentum: float
        /// <summary>λ, at least 0: L2 weight decay. Default 0.</summary>
        WeightDecay: float
        /// <summary>The trust coefficient, above 0. Default 0.001.</summary>
        Trust: float
        /// <summary>ε, at least 0. Default 0.</summary>
        Epsilon: float
    }

    interface IReducingRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = true
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true

        member _.Reduce(_, slice) =
            slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient
            slice.Sums[1] <- slice.Sums[1] + Reductions.squares slice.Parameters

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let weights = sqrt (decision.Sum(k, 1))
                let length = sqrt (decision.Sum(k, 0)) + h.WeightDecay * weights
                // A tensor or a gradient of zeros has no scale yet.
                let ratio = if weights = 0.0 || length = 0.0 then 1.0 else h.Trust * weights / (length + h.Epsilon)
                decision.Decide(k, 0, h.LearningRate * ratio)

            true

        member h.Update(_, loop) =
            loop.Run
                { LarsUpdate.Rate = loop.LiftFinite(loop.Coefficient 0)
                  Momentum = loop.Lift h.Momentum
                  WeightDecay = loop.Lift h.WeightDecay }

/// <summary>Δ = factor · g, with one factor for the tensor.</summary>
[<Struct; NoEquality; NoComparison>]
type internal ScaleUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Factor: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, _) = update.Factor * g

/// The gradient is a direction r: Δ = α ‖w‖ / ‖r‖ r.
type internal TrustRatio =
    { LearningRate: float }

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true

        member _.Reduce(_, slice) =
            slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient
            slice.Sums[1] <- slice.Sums[1] + Reductions.squares slice.Parameters

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let length = sqrt (decision.Sum(k, 0))
                let weights = sqrt (decision.Sum(k, 1))
                let ratio = if weights = 0.0 || length = 0.0 then 1.0 else weights / length
                decision.Decide(k, 0, h.LearningRate * ratio)

            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.LiftFinite(loop.Coefficient 0) }

/// <summary>Adam's direction r with weight decay, scaled by the trust ratio ‖w‖ / ‖r‖ of the tensor.</summary>
type Lamb =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-6.</summary>
        Epsilon: float
        /// <summary>λ, at least 0. Default 0.</summary>
        WeightDecay: float
    }

    interface ICompositeRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = true

        member h.Parts =
            [| { AdamW.LearningRate = 1.0
                 Beta1 = h.Beta1
                 Beta2 = h.Beta2
                 Epsilon = h.Epsilon
                 WeightDecay = h.WeightDecay }
               { TrustRatio.LearningRate = h.LearningRate } |]

/// m ← β₁ m + g/(√v + ε) + λ w;  Δ = α m.  Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal NovoGradUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Beta1: 'E
      Share: 'E
      WeightDecay: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let m = update.Beta1 * slots[0] + (update.Share * g + update.WeightDecay * w)
            slots[0] <- m
            update.Rate * m

/// <summary>Momentum of gradients, each divided by the root of a decaying mean of its tensor's squared norm.</summary>
type NovoGrad =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.95.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1), the decay of the mean of squared norms. Default 0.98.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0. Default 0.</summary>
        WeightDecay: float
    }

    interface IReducingRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true
        member _.Scalars tensors = [ for k in 0 .. tensors - 1 -> $"square_norm.{k}" ]
        member _.Coefficients = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, slice) = slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient

        member h.Decide(step, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let square = decision.Sum(k, 0)

                let mean = if step = 1L then square else h.Beta2 * decision[k] + (1.0 - h.Beta2) * square

                decision[k] <- mean
                let divisor = sqrt mean + h.Epsilon
                decision.Decide(k, 0, (if divisor = 0.0 then 0.0 else 1.0 / divisor))

            true

        member h.Update(_, loop) =
            loop.Run
                { NovoGradUpdate.Rate = loop.Lift h.LearningRate
                  Beta1 = loop.Lift h.Beta1
                  Share = loop.LiftFinite(loop.Coefficient 0)
                  WeightDecay = loop.Lift h.WeightDecay }

module internal NormRules =
    open RuleKind

    let private whole = "P23", "norms are of whole tensors"

    let lars =
        define
            Role.Rule
            "lars"
            (documentation
                "momentum with a learning rate for each tensor, proportional to ‖w‖ / ‖g‖"
                "κ = trust ‖w‖ / (‖g‖ + λ ‖w‖ + ε);  v ← μ v + α κ (g + λ w);  Δ = v"
                "You, Gitman & Ginsburg 2017, algorithm 1"
                "optax.lars without decay; with decay, Optax uses ‖g + λ w‖"
                { Rate = "inside the velocity, times the trust ratio of the tensor"
                  Epsilon = "added to the norms; there is no root"
                  InitialState = [ "velocity", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "L2: in the velocity, and in the norms" }
                [ whole; "P9", "with decay, or at w = 0, its learning rate has a scale" ])
            { Lars.LearningRate = 0.01; Momentum = 0.9; WeightDecay = 0.0; Trust = 0.001; Epsilon = 0.0 }
            [ rate (fun (h: Lars) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "momentum" "μ, the share of the velocity that is kept" ArgumentRange.belowOne _.Momentum (fun v h ->
                  { h with Momentum = v })
              weightDecay "decay" "λ, L2" true _.WeightDecay (fun v h -> { h with WeightDecay = v })
              detail "trust" "the trust coefficient" ArgumentRange.positive _.Trust (fun v h -> { h with Trust = v })
              detail "eps" "ε, added to the norms" ArgumentRange.nonNegative _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let lamb =
        define
            Role.Rule
            "lamb"
            (documentation
                "Adam's direction, scaled by the trust ratio of the tensor"
                "r = v̂ / (√ŝ + ε) + λ w;  Δ = α ‖w‖/‖r‖ r"
                "You et al. 2020, algorithm 2"
                "optax.lamb"
                { Rate = "outside, times the trust ratio of the tensor"
                  Epsilon = "outside the corrected root"
                  InitialState = [ "average", "0"; "square_average", "0" ]
                  BiasCorrection = "both means"
                  WeightDecay = "decoupled, multiplied by the learning rate and the trust ratio; the norm of the trust ratio includes it" }
                [ whole
                  "P5", "each element has its own effective learning rate"
                  "P22", "the bias corrections depend on the number of steps" ])
            { Lamb.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-6; WeightDecay = 0.0 }
            [ rate (fun (h: Lamb) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "beta1" "β₁, the decay of the mean of gradients" _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, the decay of the mean of squared gradients" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              weightDecay "decay" "λ, decoupled weight decay" true _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let novoGrad =
        define
            Role.Rule
            "novograd"
            (documentation
                "a velocity of gradients, each divided by the averaged gradient norm of its tensor"
                "v ← ‖g‖² at the first step, then v ← β₂ v + (1−β₂) ‖g‖²;  m ← β₁ m + g/(√v + ε) + λ w;  Δ = α m"
                "Ginsburg et al. 2019, algorithm 1"
                "optax.novograd"
                { Rate = "outside the slots"
                  Epsilon = "outside the root"
                  InitialState = [ "average", "0"; "square_norm", "the first squared norm" ]
                  BiasCorrection = "none; the first squared norm is not averaged"
                  WeightDecay = "inside the velocity, next to the divided gradient" }
                [ whole; "P22", "the first norm is not averaged" ])
            { NovoGrad.LearningRate = 0.01; Beta1 = 0.95; Beta2 = 0.98; Epsilon = 1e-8; WeightDecay = 0.0 }
            [ rate (fun (h: NovoGrad) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "beta1" "β₁, the share of the velocity that is kept" ArgumentRange.belowOne _.Beta1 (fun v h -> { h with Beta1 = v })
              number "beta2" "β₂, the decay of the mean of squared norms" ArgumentRange.belowOne _.Beta2 (fun v h -> { h with Beta2 = v })
              detail "eps" "ε, added to the root" ArgumentRange.nonNegative _.Epsilon (fun v h -> { h with Epsilon = v })
              weightDecay "decay" "λ, weight decay inside the velocity" true _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]
