namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: v, s, x.
[<Struct; NoEquality; NoComparison>]
type internal AmsGradUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let s = update.Adam.Decay2.Mean(slots[1], g * g)
            let x = 'E.Greater(s, slots[2])
            slots[0] <- v
            slots[1] <- s
            slots[2] <- x

            update.Adam.CorrectedRate * v
            / 'E.RootDivisor('E.Root(x * update.Adam.Correction2) + update.Adam.Epsilon)

/// <summary>Adam that divides by the largest mean of squares so far, so that no element's step size rises again.</summary>
type AmsGrad =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float }

    interface IRule with
        member _.Slots = [ "average"; "square_average"; "square_maximum" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run { AmsGradUpdate.Adam = AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true) }

    interface IDescribed<AmsGrad> with
        static member Description =
            { Name = "amsgrad"
              Summary = "Adam with the maximum of all means of squares so far"
              Formula = "x ← max(x, s);  Δ = α v̂ / (√(x/(1−β₂ᵗ)) + ε)"
              Source = "Reddi, Kale & Kumar 2018, algorithm 2, with Adam's corrections"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.Adam(amsgrad=True); Optax uses the maximum of the corrected means"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState =
                        [ "average", InitialValue.Zero
                          "square_average", InitialValue.Zero
                          "square_maximum", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "the mean of gradients, and the maximum of the uncorrected squares"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "amsgrad(lr=0.003)"; Accuracy = 0.9748; Note = "" } } }
