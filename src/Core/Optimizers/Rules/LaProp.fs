namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: m, s.
[<Struct; NoEquality; NoComparison>]
type internal LaPropUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Correction2: 'E
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let s = update.Decay2.Mean(slots[1], g * g)
            let divided = g / 'E.RootDivisor('E.Root(s * update.Correction2) + update.Epsilon)
            let m = update.Decay1.Mean(slots[0], divided)
            slots[0] <- m
            slots[1] <- s
            update.CorrectedRate * m

/// <summary>Adam in the other order: each gradient is divided by the root of the mean of squares, then averaged.</summary>
type LaProp =
    { [<Rate(4e-4)>]
      LearningRate: float
      [<Decay("beta1", 0.9, "β₁, the decay of the mean of divided gradients")>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Epsilon(1e-15)>]
      Epsilon: float }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run
                { LaPropUpdate.CorrectedRate = loop.Lift(h.LearningRate / Moments.weight h.Beta1 step)
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  Correction2 = loop.Lift(1.0 / Moments.weight h.Beta2 step)
                  Epsilon = loop.Lift h.Epsilon }

    interface IDescribed<LaProp> with
        static member Description =
            { Name = "laprop"
              Summary = "momentum of gradients that are already divided by the root of their mean square"
              Formula = "s ← β₂ s + (1−β₂) g²;  m ← β₁ m + (1−β₁) g / (√ŝ + ε);  Δ = α m/(1−β₁ᵗ)"
              Source = "Ziyin et al. 2020, algorithm 1"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "Z-T-WANG/LaProp-Optimizer at a constant learning rate; timm LaProp without weight decay"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "both means"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "laprop(lr=0.001)"; Accuracy = 0.9714; Note = "" } } }
