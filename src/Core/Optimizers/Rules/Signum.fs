namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal SignumUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: Decay<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let m = update.Decay.Mean(slots[0], g)
            slots[0] <- m
            update.Rate * Element.sign m

/// <summary>The sign of a decaying mean of gradients.</summary>
type Signum =
    { [<Rate(1e-4)>]
      LearningRate: float
      [<Decay("beta", 0.9, "β, the decay of the mean of gradients")>]
      Beta: float }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { SignumUpdate.Rate = loop.Lift h.LearningRate; Decay = loop.Decay h.Beta }

    interface IDescribed<Signum> with
        static member Description =
            { Name = "signum"
              Summary = "the sign of the mean of gradients"
              Formula = "m ← β m + (1−β) g;  Δ = α sign m"
              Source = "Bernstein et al. 2018, algorithm 2"
              Traits = []
              Exempt = [ Exemption.elementSigns ]
              Role =
                Role.Rule
                    { Reproduces = "the sign of the output of optax.trace(decay=β); here also lion(beta1=β, beta2=β)"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.None ""
                      InitialState = [ "average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None "the sign does not depend on it"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "signum(lr=0.0003)"; Accuracy = 0.9720; Note = "" } } }
