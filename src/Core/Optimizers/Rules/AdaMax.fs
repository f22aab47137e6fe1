namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: v, u.
[<Struct; NoEquality; NoComparison>]
type internal AdaMaxUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Keep2: 'E
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay1.Mean(slots[0], g)
            let u = 'E.Greater(Element.absolute g + update.Epsilon, update.Keep2 * slots[1])
            slots[0] <- v
            slots[1] <- u
            update.CorrectedRate * v / 'E.Divisor u

/// <summary>Adam that divides by a decaying maximum of |g| instead of the root of a mean of squares.</summary>
type AdaMax =
    { [<Rate(2e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Decay("beta2", 0.999, "β₂, the decay of the maximum")>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float }

    interface IRule with
        member _.Slots = [ "average"; "infinity_norm" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run
                { AdaMaxUpdate.CorrectedRate = loop.Lift(h.LearningRate / Moments.weight h.Beta1 step)
                  Decay1 = loop.Decay h.Beta1
                  Keep2 = loop.Lift h.Beta2
                  Epsilon = loop.Lift h.Epsilon }

    interface IDescribed<AdaMax> with
        static member Description =
            { Name = "adamax"
              Summary = "Adam with a decaying maximum of the absolute gradients"
              Formula = "u ← max(β₂ u, |g| + ε);  Δ = α v̂ / u"
              Source = "Kingma & Ba 2015, algorithm 2"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.Adamax"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Elsewhere "inside the maximum, added to |g|"
                      InitialState = [ "average", InitialValue.Zero; "infinity_norm", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "the mean of gradients; the maximum needs no correction"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "adamax(lr=0.005)"; Accuracy = 0.9740; Note = "" } } }
