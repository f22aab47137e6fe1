namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: m, v.
[<Struct; NoEquality; NoComparison>]
type internal AdoptUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Epsilon: 'E
      Lower: 'E
      Upper: 'E
      IsFirst: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            if update.IsFirst then
                slots[1] <- g * g
                'E.Lift 0.0
            else
                let divided = g / 'E.RootDivisor('E.Greater('E.Root slots[1], update.Epsilon))
                let clipped = Element.lesser ('E.Greater(divided, update.Lower)) update.Upper
                let m = update.Decay1.Mean(slots[0], clipped)
                slots[0] <- m
                slots[1] <- update.Decay2.Mean(slots[1], g * g)
                update.Rate * m

/// <summary>
/// Divides each gradient by the mean of squares of the steps before it, then takes the mean. So the divisor does not depend on the gradient.
/// </summary>
type Adopt =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Decay("beta1", 0.9, "β₁, the decay of the mean of divided gradients")>]
      Beta1: float
      [<Beta2(0.9999)>]
      Beta2: float
      [<Number("eps", 1e-6, "ε, the smallest divisor", AtLeast = 0.0, Technical = true, GradientPower = 1.0)>]
      Epsilon: float
      [<Flag("clip", true, "clips divided gradients to ±(t−1)^¼")>]
      Clip: bool }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let limit = if h.Clip then Math.Pow(float (step - 1L), 0.25) else infinity

            loop.Run
                { AdoptUpdate.Rate = loop.Lift h.LearningRate
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  Epsilon = loop.Lift h.Epsilon
                  Lower = loop.Lift -limit
                  Upper = loop.Lift limit
                  IsFirst = (step = 1L) }

    interface IDescribed<Adopt> with
        static member Description =
            { Name = "adopt"
              Summary = "Adam that divides by the squares of earlier steps; the first step only stores squares"
              Formula =
                "t = 1: v ← g², Δ = 0;  then n = clip(g / max(√v, ε), ±(t−1)^¼);  m ← β₁ m + (1−β₁) n;  Δ = α m;  v ← β₂ v + (1−β₂) g²"
              Source = "Taniguchi et al. 2024, algorithm 2"
              Traits = []
              Exempt = [ "P22", "the first step only stores squares"; Exemption.ownRates; "P31", "the first Δ is 0" ]
              Role =
                Role.Rule
                    { Reproduces = "iShohei220/adopt; its decouple=true is adopt | decoupled(piecewise(0, 1, λ), rate_power=1)"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Elsewhere "the smallest divisor, in place of a smaller root"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None "the mean of squares starts at the first g²"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "adopt(lr=0.001)"; Accuracy = 0.9764; Note = "" } } }
