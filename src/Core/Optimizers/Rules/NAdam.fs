namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: v, s.
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

/// <summary>Adam with Nesterov momentum and a momentum warm-up.</summary>
type NAdam =
    { [<Rate(2e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<Number("momentum_decay", 0.004, "ψ, the speed at which the momentum approaches β₁", AtLeast = 0.0, Technical = true)>]
      MomentumDecay: float
      [<Flag("legacy", false, "the earlier formula of PyTorch, with μ_t twice")>]
      Legacy: bool }

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

    interface IDescribed<NAdam> with
        static member Description =
            { Name = "nadam"
              Summary = "Adam with Nesterov's look-ahead"
              Formula = "Δ = α ((1−μ_t)/(1−Πμ) g + μ_{t+1}/(1−Πμ μ_{t+1}) v) / (√ŝ + ε), μ_t = β₁ (1 − ½ 0.96^{tψ})"
              Source = "Dozat 2016, algorithm 2"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.NAdam since PyTorch 2; earlier versions with legacy=true"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState =
                        [ "average", InitialValue.Zero
                          "square_average", InitialValue.Zero
                          "momentum_product", InitialValue.Number 1.0 ]
                      BiasCorrection = BiasCorrection.Corrects "both means; the mean of gradients by the product of all μ"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "nadam(lr=0.001)"; Accuracy = 0.9733; Note = "" } } }
