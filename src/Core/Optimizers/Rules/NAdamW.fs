namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal NAdamWUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E>
      Shrink: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let s = update.Adam.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s

            update.Adam.CorrectedRate * update.Adam.Decay1.Mean(v, g)
            / 'E.RootDivisor('E.Root(s * update.Adam.Correction2) + update.Adam.Epsilon)
            + update.Shrink * w

/// <summary>AdamW with Nesterov momentum: the mean of gradients is mixed with the gradient once more, with the same β₁ at every step.</summary>
type NAdamW =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<WeightDecay(0.01, "λ, decoupled weight decay, multiplied by the learning rate", Technical = false)>]
      WeightDecay: float }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = true

        member h.Update(step, loop) =
            loop.Run
                { NAdamWUpdate.Adam = AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true)
                  Shrink = loop.Lift(h.LearningRate * h.WeightDecay) }

    interface IDescribed<NAdamW> with
        static member Description =
            { Name = "nadamw"
              Summary = "AdamW with Nesterov's look-ahead and a constant β₁"
              Formula = "Δ = α (β₁ v + (1−β₁) g)/(1−β₁ᵗ) / (√ŝ + ε) + α λ w"
              Source = "Choi et al. 2019, table 1; Dahl et al. 2023"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates; Exemption.decoupledDecay ]
              Role =
                Role.Rule
                    { Reproduces = "AlgoPerf's NAdamW; timm NAdamW. nadam has a warm-up of β₁ instead"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "both means, by the weights of the current step"
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate"
                      Learns = { Optimizer = "nadamw(lr=0.001)"; Accuracy = 0.9722; Note = "" } } }
