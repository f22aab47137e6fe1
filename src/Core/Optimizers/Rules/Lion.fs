namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal LionUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      WeightDecay: Shrinkage<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let m = slots[0]
            let direction = Element.sign (update.Decay1.Mean(m, g))
            slots[0] <- update.Decay2.Mean(m, g)
            update.Rate * update.WeightDecay.Add(direction, w)

/// <summary>The sign of a mean of gradients; the state keeps a slower mean.</summary>
type Lion =
    { [<Rate(1e-4)>]
      LearningRate: float
      [<Decay("beta1", 0.9, "β₁, the decay of the mean whose sign is used")>]
      Beta1: float
      [<Decay("beta2", 0.99, "β₂, the decay of the stored mean")>]
      Beta2: float
      [<WeightDecay(0.0, "λ, decoupled weight decay")>]
      WeightDecay: float }

    interface IRule with
        member _.Slots = [ "average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Update(_, loop) =
            loop.Run
                { LionUpdate.Rate = loop.Lift h.LearningRate
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  WeightDecay = loop.Shrinkage(h.WeightDecay, 1.0) }

    interface IDescribed<Lion> with
        static member Description =
            { Name = "lion"
              Summary = "the sign of a mean of gradients, and a second, slower mean in the state"
              Formula = "Δ = α (sign(β₁ m + (1−β₁) g) + λ w);  m ← β₂ m + (1−β₂) g"
              Source = "Chen et al. 2023, algorithm 2"
              Traits = []
              Exempt = [ Exemption.elementSigns ]
              Role =
                Role.Rule
                    { Reproduces = "optax.lion, whose default weight_decay is 1e-3"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.None ""
                      InitialState = [ "average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None "the sign does not depend on it"
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate"
                      Learns = { Optimizer = "lion(lr=0.0003)"; Accuracy = 0.9733; Note = "" } } }
