namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: v₁, v₂, s.
[<Struct; NoEquality; NoComparison>]
type internal AdEmaMixUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { OfFast: 'E
      OfSlow: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Decay3: Decay<'E>
      Correction2: 'E
      Epsilon: 'E
      WeightDecay: Shrinkage<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let fast = update.Decay1.Mean(slots[0], g)
            let slow = update.Decay3.Mean(slots[1], g)
            let s = update.Decay2.Mean(slots[2], g * g)
            slots[0] <- fast
            slots[1] <- slow
            slots[2] <- s

            let delta =
                (update.OfFast * fast + update.OfSlow * slow)
                / 'E.RootDivisor('E.Root(s * update.Correction2) + update.Epsilon)

            update.WeightDecay.Add(delta, w)

/// <summary>Adam with a second, much slower mean of gradients beside the first.</summary>
type AdEmaMix =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Decay("beta3", 0.9999, "β₃, the decay of the slow mean")>]
      Beta3: float
      [<Number("alpha", 5.0, "α, the weight of the slow mean in the step", AtLeast = 0.0)>]
      Mixing: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<WeightDecay(0.0, "λ, decoupled weight decay")>]
      WeightDecay: float
      [<Whole("warmup", 0L, "the number of steps over which alpha and beta3 rise to their values", AtLeast = 0.0, Technical = true)>]
      Warmup: int64 }

    interface IRule with
        member _.Slots = [ "average"; "slow_average"; "square_average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Update(step, loop) =
            let struct (mixing, beta3) =
                if step >= h.Warmup then
                    struct (h.Mixing, h.Beta3)
                else
                    let share = float step / float h.Warmup
                    let first = log h.Beta1
                    let last = log h.Beta3

                    // Interpolates the half-lives. The second form avoids ∞/∞ where a β is 0.
                    let beta =
                        if h.Beta1 > 0.0 && h.Beta3 > 0.0 then
                            exp (first * last / ((1.0 - share) * last + share * first))
                        else
                            exp (1.0 / ((1.0 - share) / first + share / last))

                    struct (h.Mixing * share, min h.Beta3 beta)

            loop.Run
                { AdEmaMixUpdate.OfFast = loop.Lift(h.LearningRate / Moments.weight h.Beta1 step)
                  OfSlow = loop.Lift(h.LearningRate * mixing)
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  Decay3 = loop.Decay beta3
                  Correction2 = loop.Lift(1.0 / Moments.weight h.Beta2 step)
                  Epsilon = loop.Lift h.Epsilon
                  WeightDecay = loop.Shrinkage(h.WeightDecay, h.LearningRate) }

    interface IDescribed<AdEmaMix> with
        static member Description =
            { Name = "ademamix"
              Summary = "Adam with a second, much slower mean of gradients"
              Formula = "Δ = lr ((v̂₁ + α v₂) / (√ŝ + ε) + λ w), v₂ the mean with β₃"
              Source = "Pagliardini, Ablin & Grangier 2024, algorithm 1"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "apple/ml-ademamix, except that its logarithms add 1e-8"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState =
                        [ "average", InitialValue.Zero
                          "slow_average", InitialValue.Zero
                          "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "the fast mean and the mean of squares; the slow mean is not corrected"
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate"
                      Learns = { Optimizer = "ademamix(lr=0.001)"; Accuracy = 0.9748; Note = "" } } }
