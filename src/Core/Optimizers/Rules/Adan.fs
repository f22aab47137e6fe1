namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: m, v (mean of differences), n (mean of squares), p (the previous gradient).
[<Struct; NoEquality; NoComparison>]
type internal AdanUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      CorrectedRate2: 'E
      Beta2: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Decay3: Decay<'E>
      Correction3: 'E
      Epsilon: 'E
      IsFirst: bool
      Zero: 'E
      Shrink: 'E
      Share: 'E
      Decays: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let difference = if update.IsFirst then update.Zero else g - slots[3]
            let m = update.Decay1.Mean(slots[0], g)
            let v = update.Decay2.Mean(slots[1], difference)
            let ahead = g + update.Beta2 * difference
            let n = update.Decay3.Mean(slots[2], ahead * ahead)
            slots[0] <- m
            slots[1] <- v
            slots[2] <- n
            slots[3] <- g

            let u =
                (update.CorrectedRate * m + update.CorrectedRate2 * v)
                / 'E.RootDivisor('E.Root(n * update.Correction3) + update.Epsilon)

            if update.Decays then (u + update.Shrink * w) * update.Share else u

/// <summary>Adaptive Nesterov momentum: means of gradients, of their differences, and of squared look-ahead gradients.</summary>
type Adan =
    { [<Rate(1e-3)>]
      LearningRate: float
      [<Beta1(0.98)>]
      Beta1: float
      [<Decay("beta2", 0.92, "β₂, the decay of the mean of differences")>]
      Beta2: float
      [<Decay("beta3", 0.99, "β₃, the decay of the mean of squares")>]
      Beta3: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<WeightDecay(0.0, "λ, proximal weight decay")>]
      WeightDecay: float }

    interface IRule with
        member _.Slots = [ "average"; "difference_average"; "square_average"; "previous_gradient" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Update(step, loop) =
            let shrink = h.LearningRate * h.WeightDecay

            loop.Run
                { AdanUpdate.CorrectedRate = loop.Lift(h.LearningRate / Moments.weight h.Beta1 step)
                  CorrectedRate2 = loop.Lift(h.LearningRate * h.Beta2 / Moments.weight h.Beta2 step)
                  Beta2 = loop.Lift h.Beta2
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  Decay3 = loop.Decay h.Beta3
                  Correction3 = loop.Lift(1.0 / Moments.weight h.Beta3 step)
                  Epsilon = loop.Lift h.Epsilon
                  IsFirst = (step = 1L)
                  Zero = loop.Lift 0.0
                  Shrink = loop.Lift shrink
                  Share = loop.Lift(1.0 / (1.0 + shrink))
                  Decays = (h.WeightDecay <> 0.0) }

    interface IDescribed<Adan> with
        static member Description =
            { Name = "adan"
              Summary = "means of gradients, of their differences, and of the squares of the extrapolated gradients"
              Formula = "d = g − p;  v₁, v₂, n are the means of g, d, (g + β₂ d)²;  u = α (v̂₁ + β₂ v̂₂) / (√n̂ + ε);  w' = (w − u)/(1 + αλ)"
              Source = "Xie et al. 2022, algorithm 1, with the authors' corrections"
              Traits = []
              Exempt =
                [ Exemption.biasCorrection
                  Exemption.ownRates
                  "P32", "with weight decay, the step is also divided by 1 + αλ" ]
              Role =
                Role.Rule
                    { Reproduces = "sail-sg/Adan"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root"
                      InitialState =
                        [ "average", InitialValue.Zero
                          "difference_average", InitialValue.Zero
                          "square_average", InitialValue.Zero
                          "previous_gradient", InitialValue.FirstGradient ]
                      BiasCorrection = BiasCorrection.Corrects "all three means"
                      WeightDecay = DecayForm.Proximal "w' = (w − u) / (1 + α λ)"
                      Learns = { Optimizer = "adan(lr=0.003)"; Accuracy = 0.9748; Note = "" } } }
