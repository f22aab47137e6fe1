namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AsgdUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Shrink: 'E
      Share: 'E
      Replaces: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let delta = update.Shrink * w + update.Rate * g
            let next = w - delta
            let average = slots[0]
            slots[0] <- if update.Replaces then next else average + update.Share * (next - average)
            delta

/// <summary>A falling learning rate η and the average of the parameters from a step on (Polyak and Juditsky 1992), as in PyTorch.</summary>
type Asgd =
    { [<Rate(0.01)>]
      LearningRate: float
      [<WeightDecay(1e-4, "λ, for the decrease of the learning rate and for weight decay")>]
      WeightDecay: float
      [<Number("alpha", 0.75, "κ, the exponent of the decrease of the learning rate; its name is PyTorch's", AtLeast = 0.0, Technical = true)>]
      Power: float
      [<Number("t0",
               1e6,
               "t₀: the average is the newest parameters up to step t₀ + 2, and their mean from then on",
               AtLeast = 0.0,
               Technical = true)>]
      Start: float }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true

        member h.Update(step, loop) =
            let before = float (step - 1L)
            let rate = h.LearningRate / Math.Pow(1.0 + h.WeightDecay * h.LearningRate * before, h.Power)
            let share = 1.0 / max 1.0 (before - h.Start)

            loop.Run
                { AsgdUpdate.Rate = loop.Lift rate
                  Shrink = loop.Lift(h.WeightDecay * rate)
                  Share = loop.Lift share
                  Replaces = (share = 1.0) }

    interface IAveraging with
        member _.AverageSlot = 0
        member _.Scale _ = 1.0

    interface IDescribed<Asgd> with
        static member Description =
            { Name = "asgd"
              Summary = "a falling learning rate, and the average of the parameters"
              Formula = "η = α / (1 + λ α (t−1))^κ;  Δ = η g + λ η w;  a ← a + μ (w − Δ − a) with μ = 1 / max(1, t−1−t₀)"
              Source = "Polyak & Juditsky 1992"
              Traits = []
              Exempt =
                [ "P9", "Δ contains the gradient times the learning rate"
                  "P22", "the learning rate depends on the number of steps"
                  "P32", "the learning rate determines its own decrease" ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.ASGD (its single-tensor form)"
                      Rate = RatePlace.Outside "falling: η = α / (1 + λ α (t−1))^κ"
                      Epsilon = EpsilonPlace.None ""
                      InitialState = [ "average", InitialValue.Parameters ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.Decoupled "times the falling learning rate"
                      Learns = { Optimizer = "asgd(lr=0.3)"; Accuracy = 0.9745; Note = "" } } }
