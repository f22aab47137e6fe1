namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdaBeliefUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let surprise = g - v
            let s = update.Adam.Decay2.Mean(slots[1], surprise * surprise) + update.Adam.Epsilon
            slots[0] <- v
            slots[1] <- s

            update.Adam.CorrectedRate * v
            / 'E.RootDivisor('E.Root(s * update.Adam.Correction2) + update.Adam.Epsilon)

/// <summary>Adam that divides by the deviation of gradients from their mean: steps are long where gradients are as expected.</summary>
type AdaBelief =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Decay("beta2", 0.999, "β₂, the decay of the mean of squared deviations")>]
      Beta2: float
      [<Epsilon(1e-16)>]
      Epsilon: float }

    interface IRule with
        member _.Slots = [ "average"; "belief" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run
                { AdaBeliefUpdate.Adam = AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true) }

    interface IDescribed<AdaBelief> with
        static member Description =
            { Name = "adabelief"
              Summary = "Adam that divides by the deviation of gradients from their mean"
              Formula = "s ← β₂ s + (1−β₂) (g−v)² + ε;  Δ = α v̂ / (√ŝ + ε)"
              Source = "Zhuang et al. 2020, algorithm 2"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates; Exemption.unitsOfEpsilon ]
              Role =
                Role.Rule
                    { Reproduces = "the authors' package (rectify=False, weight_decouple=False); optax.adabelief(eps_root=eps)"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root, and added to the mean of squares at every step"
                      InitialState = [ "average", InitialValue.Zero; "belief", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "both means"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "adabelief(lr=0.001)"; Accuracy = 0.9727; Note = "" } } }
