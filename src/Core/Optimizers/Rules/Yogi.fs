namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal YogiUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Take2: 'E
      First: 'E
      Correction2: 'E
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay1.Mean(slots[0], g)
            let before = slots[1] + update.First
            let square = g * g
            let s = before - update.Take2 * Element.sign (before - square) * square
            slots[0] <- v
            slots[1] <- s
            update.CorrectedRate * v / 'E.RootDivisor('E.Root(s * update.Correction2) + update.Epsilon)

/// <summary>Adam whose mean of squares changes by at most (1−β₂) g² per step, so that it decreases no faster than it increases.</summary>
type Yogi =
    { [<Rate(0.01)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Epsilon(1e-3)>]
      Epsilon: float
      [<Number("initial", 1e-6, "the initial mean of squares", AtLeast = 0.0, Technical = true)>]
      Initial: float
      [<Flag("correction", false, "bias correction of both means, as in Adam")>]
      Correction: bool }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let weight decay = Moments.weightIf h.Correction decay step

            loop.Run
                { YogiUpdate.CorrectedRate = loop.Lift(h.LearningRate / weight h.Beta1)
                  Decay1 = loop.Decay h.Beta1
                  Take2 = loop.Lift(1.0 - h.Beta2)
                  First = loop.Lift(if step = 1L then h.Initial else 0.0)
                  Correction2 = loop.Lift(1.0 / weight h.Beta2)
                  Epsilon = loop.Lift h.Epsilon }

    interface IDescribed<Yogi> with
        static member Description =
            { Name = "yogi"
              Summary = "Adam whose mean of squares changes by at most (1−β₂) g² a step"
              Formula = "s ← s − (1−β₂) sign(s − g²) g²;  Δ = α v / (√s + ε)"
              Source = "Zaheer et al. 2018, algorithm 2"
              Traits = []
              Exempt =
                [ Exemption.ownRates
                  "P9", "the initial sum has a unit"
                  "P22", "with correction=true, it depends on the number of steps" ]
              Role =
                Role.Rule
                    { Reproduces = "pytorch_optimizer and TF Addons with correction=true; optax.yogi also starts v at 1e-6"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the root; with correction=true, outside the corrected root"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Argument "initial" ]
                      BiasCorrection = BiasCorrection.None "with correction=true, both means"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "yogi(lr=0.003)"; Accuracy = 0.9775; Note = "" } } }
