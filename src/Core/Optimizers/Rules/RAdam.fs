namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal UnrectifiedUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay1.Mean(slots[0], g)
            slots[0] <- v
            slots[1] <- update.Decay2.Mean(slots[1], g * g)
            update.CorrectedRate * v

/// <summary>Adam that divides by the mean of squares only once that mean is reliable, and then rectifies its variance.</summary>
type RAdam =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let rate = h.LearningRate / Moments.weight h.Beta1 step
            let weight2 = Moments.weight h.Beta2 step
            let longest = 2.0 / (1.0 - h.Beta2) - 1.0
            let length = longest - 2.0 * float step * Math.Pow(h.Beta2, float step) / weight2

            if length > 5.0 then
                let rectification =
                    sqrt ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length))

                loop.Run
                    { AdamUpdate.CorrectedRate = loop.Lift(rate * rectification * sqrt weight2)
                      Decay1 = loop.Decay h.Beta1
                      Decay2 = loop.Decay h.Beta2
                      Correction2 = loop.Lift 1.0
                      Epsilon = loop.Lift h.Epsilon }
            else
                loop.Run
                    { UnrectifiedUpdate.CorrectedRate = loop.Lift rate
                      Decay1 = loop.Decay h.Beta1
                      Decay2 = loop.Decay h.Beta2 }

    interface IDescribed<RAdam> with
        static member Description =
            { Name = "radam"
              Summary = "Adam that divides only when the variance of the mean of squares is small enough"
              Formula = "ρ = ρ∞ − 2tβ₂ᵗ/(1−β₂ᵗ);  ρ > 5: Δ = α r v̂ √(1−β₂ᵗ)/(√s + ε);  otherwise Δ = α v̂"
              Source = "Liu et al. 2020, algorithm 2, threshold 5"
              Traits = []
              Exempt =
                [ Exemption.biasCorrection
                  Exemption.ownRates
                  "P9", "its first steps are proportional to the gradient" ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.RAdam"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the uncorrected root"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Zero ]
                      BiasCorrection =
                        BiasCorrection.Corrects
                            "both means; the mean of squares by √(1−β₂ᵗ) outside its root; at first only the mean of gradients"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "radam(lr=0.001)"; Accuracy = 0.9699; Note = "" } } }
