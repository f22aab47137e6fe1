namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// <summary>Adam's direction r with weight decay, scaled by the trust ratio ‖w‖ / ‖r‖ of the tensor.</summary>
type Lamb =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Epsilon(1e-6)>]
      Epsilon: float
      [<WeightDecay(0.0, "λ, decoupled weight decay")>]
      WeightDecay: float }

    interface ICompositeRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = true

        member h.Parts = [| LambDirection h; LambRatio h |]

    interface IDescribed<Lamb> with
        static member Description =
            { Name = "lamb"
              Summary = "Adam's direction, scaled by the trust ratio of the tensor"
              Formula = "r = v̂ / (√ŝ + ε) + λ w;  Δ = α ‖w‖/‖r‖ r"
              Source = "You et al. 2020, algorithm 2"
              Traits = []
              Exempt = [ Exemption.tensorNorms; Exemption.ownRates; Exemption.biasCorrection ]
              Role =
                Role.Rule
                    { Reproduces = "optax.lamb"
                      Rate = RatePlace.Outside "times the trust ratio of the tensor"
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "both means"
                      WeightDecay =
                        DecayForm.Decoupled "multiplied by the learning rate and the trust ratio; the norm of the trust ratio includes it"
                      Learns = { Optimizer = "lamb(lr=0.003)"; Accuracy = 0.9683; Note = "" } } }

/// Adam's direction with weight decay: r = v̂ / (√ŝ + ε) + λ w.
and internal LambDirection(h: Lamb) =
    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = true

        member _.Update(step, loop) =
            loop.Run
                { AdamWUpdate.Adam = AdamConstants.At(step, loop, 1.0, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true)
                  Shrink = loop.Lift h.WeightDecay }

/// Scales the direction r: Δ = α ‖w‖ / ‖r‖ r.
and internal LambRatio(h: Lamb) =

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

        member _.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let length = sqrt (decision.Sum(k, 0))
                let weights = sqrt (decision.Sum(k, 1))
                let ratio = if weights = 0.0 || length = 0.0 then 1.0 else weights / length
                decision.Decide(k, 0, h.LearningRate * ratio)

            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.LiftFinite(loop.Coefficient 0) }
