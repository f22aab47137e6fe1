namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Collections.Generic

/// <summary>Adam whose learning rate is an estimate of the distance to the solution. It grows faster than D-Adaptation's.</summary>
type Prodigy =
    { [<Rate(1.0, Shared = false, Summary = "a factor of the estimate, which takes the place of the learning rate")>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Number("beta3",
               Double.NaN,
               "β₃, the decay of the sums of the estimate; the default is √β₂",
               AtLeast = 0.0,
               Below = 1.0,
               Technical = true,
               Follows = "beta2")>]
      Beta3: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<WeightDecay(0.0, "λ, decoupled weight decay")>]
      WeightDecay: float
      [<Number("d0", 1e-6, "the initial estimate", Above = 0.0, Technical = true)>]
      InitialEstimate: float
      [<Number("coefficient", 1.0, "the factor of new estimates", Above = 0.0, Technical = true)>]
      Coefficient: float }

    member private h.KeepSum = if Double.IsNaN h.Beta3 then sqrt h.Beta2 else h.Beta3

    /// The weight of a gradient in the sums.
    member private h.TakeSum(estimate: float) = (1.0 - h.KeepSum) * h.LearningRate * estimate * estimate

    interface IReducingRule with
        member _.Slots = [ "average"; "square_average"; "gradient_sum"; "initial" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "estimate"; "product" ]
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = false

        member h.Prepare(step, decision) =
            if step = 1L then
                decision[0] <- h.InitialEstimate

            decision.DecideAll(0, decision[0])
            true

        member h.Reduce(step, slice) =
            if step > 1L then
                slice.Sums[0] <- slice.Sums[0] + Estimates.productWithWay slice

            slice.Sums[1] <- slice.Sums[1] + Estimates.length h.KeepSum (h.TakeSum slice.Coefficients[0]) slice

        member h.Decide(_, decision) =
            decision[1] <- h.KeepSum * decision[1] + h.TakeSum decision[0] * decision.Total 0
            let length = decision.Total 1

            if length > 0.0 then
                decision[0] <- max decision[0] (h.Coefficient * decision[1] / length)

            true

        member h.Update(step, loop) =
            let estimate = loop.Coefficient 0

            loop.Run
                { EstimatingUpdate.Rate = loop.Lift(h.LearningRate * estimate)
                  Keep1 = loop.Lift h.Beta1
                  Take1 = loop.Lift((1.0 - h.Beta1) * estimate)
                  Keep2 = loop.Lift h.Beta2
                  Take2 = loop.Lift((1.0 - h.Beta2) * estimate * estimate)
                  KeepSum = loop.Lift h.KeepSum
                  TakeSum = loop.Lift(h.TakeSum estimate)
                  Epsilon = loop.Lift(estimate * h.Epsilon)
                  Shrink = loop.Lift(h.WeightDecay * h.LearningRate * estimate)
                  KeepsInitial = true
                  IsFirst = (step = 1L) }

    interface IDescribed<Prodigy> with
        static member Description =
            { Name = "prodigy"
              Summary =
                "Adam with an estimate of the distance to the solution in place of the learning rate; the estimate grows faster than that of dadapt_adam, and lr is a factor"
              Formula =
                "r ← β₃r + (1−β₃) α d²⟨g, w₀−w⟩;  s ← β₃s + (1−β₃) α d² g;  m, v are the means of d g, d² g²;  Δ = α d m/(√v + d ε);  d ← max(d, coefficient r/‖s‖₁);  in the state, r is product, s is gradient_sum"
              Source = "Mishchenko & Defazio 2024, algorithm 4"
              Traits = []
              Exempt = [ Exemption.sumsOfAll; Exemption.ownRates; Exemption.estimateOfRate ]
              Role =
                Role.Rule
                    { Reproduces = "the authors' package, except that the package multiplies ε by the new d, and this rule by the old one"
                      Rate = RatePlace.Outside "times the estimate; the sums behind the estimate contain the learning rate, too"
                      Epsilon = EpsilonPlace.Outside "the uncorrected root, times the estimate"
                      InitialState =
                        [ "average", InitialValue.Zero
                          "square_average", InitialValue.Zero
                          "gradient_sum", InitialValue.Zero
                          "initial", InitialValue.Parameters
                          "estimate", InitialValue.Argument "d0"
                          "product", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate and the estimate"
                      Learns = { Optimizer = "prodigy(lr=1)"; Accuracy = 0.9645; Note = "" } } }
