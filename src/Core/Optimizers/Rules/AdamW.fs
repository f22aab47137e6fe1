namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdamWUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E>
      Shrink: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let s = update.Adam.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s

            update.Adam.CorrectedRate * v
            / 'E.RootDivisor('E.Root(s * update.Adam.Correction2) + update.Adam.Epsilon)
            + update.Shrink * w

/// <summary>Adam with decoupled weight decay: α λ w is added to Adam's Δ.</summary>
type AdamW =
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
                { AdamWUpdate.Adam = AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true)
                  Shrink = loop.Lift(h.LearningRate * h.WeightDecay) }

    interface IDescribed<AdamW> with
        static member Description =
            { Name = "adamw"
              Summary = "Adam with decoupled weight decay"
              Formula = "Δ = α v̂ / (√ŝ + ε) + α λ w"
              Source = "Loshchilov & Hutter 2019, algorithm 2, with λ multiplied by the learning rate"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates; Exemption.decoupledDecay ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.AdamW, optax.adamw"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "both means"
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate"
                      Learns = { Optimizer = "adamw(lr=0.001)"; Accuracy = 0.9716; Note = "" } } }
