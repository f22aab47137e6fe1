namespace CuteDl.Core.Optimizers

open System

/// <summary>
/// AdamW without a schedule: z takes RMSProp's steps, gradients are computed at y, and the result is x, the mean of all z.
/// </summary>
type ScheduleFreeAdamW =
    { [<Rate(0.0025)>]
      LearningRate: float
      [<Decay("beta1", 0.9, "β₁, the position of the parameters between z and x")>]
      Beta1: float
      [<Decay("beta2", 0.999, "β₂, the decay of the mean of squares")>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<WeightDecay(0.0, "λ, the weight decay of y")>]
      WeightDecay: float
      [<Whole("warmup", 0L, "the number of warm-up steps of the learning rate", AtLeast = 0.0, Technical = true)>]
      Warmup: int64 }

    member private h.RateAt(step: int64) =
        h.LearningRate * sqrt (1.0 - Math.Pow(h.Beta2, float step)) * ScheduleFree.warm h.Warmup step

    interface IPreparingRule with
        member _.Slots = [ "z"; "x"; "square_average" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "weight_sum" ]
        member _.Coefficients = 1

        member h.Prepare(step, decision) =
            ScheduleFree.prepare (h.RateAt step) step decision
            true

        member h.Update(step, loop) =
            let rate = h.RateAt step
            let share = loop.Coefficient 0

            loop.Run
                { ScheduleFreeUpdate.Rate = loop.Lift rate
                  Share = loop.Lift share
                  Rest = loop.Lift(1.0 - share)
                  RateOfDelta = loop.Lift(rate * (1.0 - h.Beta1 * (1.0 - share)))
                  IsFirst = (step = 1L)
                  Divides = true
                  Decay2 = loop.Decay h.Beta2
                  Epsilon = loop.Lift h.Epsilon
                  WeightDecay = loop.Lift h.WeightDecay }

    interface IAveraging with
        member _.AverageSlot = 1
        member _.Scale _ = 1.0

    interface IDescribed<ScheduleFreeAdamW> with
        static member Description =
            { Name = "schedule_free_adamw"
              Summary = "AdamW that returns the mean of its iterates; needs no schedule"
              Formula = "γ = α √(1−β₂ᵗ);  z ← z − γ (g/(√s + ε) + λ y);  c = γ²/Σγ²;  x ← (1−c) x + c z;  y = (1−β₁) z + β₁ x"
              Source = "Defazio et al. 2024, algorithm 1"
              Traits = [ Trait.BetweenPoints ]
              Exempt =
                [ "P22", "the mean depends on the number of steps"
                  "P5", "each element has its own effective learning rate" ]
              Role =
                Role.Rule
                    { Reproduces = "schedulefree.AdamWScheduleFreePaper"
                      Rate = RatePlace.Inside "z, and in the weights of x"
                      Epsilon = EpsilonPlace.Outside "the uncorrected root"
                      InitialState =
                        [ "z", InitialValue.Parameters
                          "x", InitialValue.Parameters
                          "square_average", InitialValue.Number 0.0
                          "weight_sum", InitialValue.Number 0.0 ]
                      BiasCorrection = BiasCorrection.Corrects "the mean of squares, by √(1−β₂ᵗ) in the learning rate"
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate; the step of z contains λ y"
                      Learns = { Optimizer = "schedule_free_adamw(lr=0.0025)"; Accuracy = 0.9762; Note = "" } } }
