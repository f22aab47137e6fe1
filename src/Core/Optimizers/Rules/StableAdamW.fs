namespace CuteDl.Core.Optimizers

open System

/// <summary>AdamW whose learning rate is divided by the root mean square of g/√ŝ over the tensor, where that is more than 1.</summary>
type StableAdamW =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.99)>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<WeightDecay(0.01, "λ, decoupled weight decay, multiplied by the learning rate", Technical = false)>]
      WeightDecay: float }

    interface IReducingRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = true
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true

        member h.Reduce(step, slice) =
            let squares = slice.Slot 1
            let correction = 1.0 / Moments.weight h.Beta2 step
            // Not 0, so that 0/0 is 0.
            let smallest = max (h.Epsilon * h.Epsilon) Double.Epsilon

            slice.Sums[0] <-
                slice.Sums[0]
                + Reductions.normalizedSquares slice.Gradient (Span.op_Implicit squares) h.Beta2 correction smallest

            slice.Sums[1] <- slice.Sums[1] + float slice.Gradient.Length

        member _.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let size = sqrt (decision.Sum(k, 0) / max 1.0 (decision.Sum(k, 1)))
                decision.Decide(k, 0, Clip.factor 1.0 size)

            true

        member h.Update(step, loop) =
            let rate = h.LearningRate * loop.Coefficient 0

            loop.Run
                { AdamWUpdate.Adam = AdamConstants.At(step, loop, rate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true)
                  Shrink = loop.Lift(rate * h.WeightDecay) }

    interface IDescribed<StableAdamW> with
        static member Description =
            { Name = "stable_adamw"
              Summary = "AdamW with Adafactor's limit on the root mean square of the update"
              Formula = "η = α / max(1, RMS(g/max(√ŝ, ε)));  Δ = η v̂ / (√ŝ + ε) + η λ w"
              Source = "Wortsman et al. 2023, algorithm 2"
              Traits = [ Trait.SeparateTensors ]
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates; Exemption.decoupledDecay; Exemption.tensorRoots ]
              Role =
                Role.Rule
                    { Reproduces = "optimi StableAdamW; pytorch_optimizer StableAdamW with foreach=False"
                      Rate = RatePlace.Outside "divided by the root mean square of the tensor's update"
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "both means"
                      WeightDecay = DecayForm.Decoupled "multiplied by the reduced learning rate"
                      Learns = { Optimizer = "stable_adamw(lr=0.001)"; Accuracy = 0.9722; Note = "" } } }
