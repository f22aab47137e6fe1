namespace CuteDl.Core.Optimizers

/// <summary>
/// AdamW without a schedule: z takes Adam's steps without momentum, gradients are computed at y, and the result is x, the mean of all z.
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
      Warmup: int64
      [<Number("r", 0.0, "the power of the step in the weights of the mean", AtLeast = 0.0, Technical = true)>]
      StepPower: float
      [<Number("power", 2.0, "the power of the largest learning rate in the weights of the mean", AtLeast = 0.0, Technical = true)>]
      RatePower: float
      [<Flag("paper", false, "the paper's bias correction: in the learning rate instead of the root")>]
      Paper: bool }

    member private h.RateAt(step: int64) =
        let rate = h.LearningRate * ScheduleFreeWeights.Warm(h.Warmup, step)
        if h.Paper then rate * sqrt (Moments.weight h.Beta2 step) else rate

    interface IPreparingRule with
        member _.Slots = [ "z"; "x"; "square_average" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "weight_sum"; "largest_rate" ]
        member _.Coefficients = 1

        member h.Prepare(step, decision) =
            ScheduleFreeWeights.Prepare(h.RateAt step, h.StepPower, h.RatePower, step, decision)
            true

        member h.Update(step, loop) =
            loop.Run
                { ScheduleFreeWeights.Plain(h.Beta1, h.RateAt step, step, loop) with
                    Divides = true
                    Decay2 = loop.Decay h.Beta2
                    Correction2 = loop.Lift(if h.Paper then 1.0 else 1.0 / Moments.weight h.Beta2 step)
                    Epsilon = loop.Lift h.Epsilon
                    WeightDecay = loop.Lift h.WeightDecay }

    interface IAveraging with
        member _.AverageSlot = 1
        member _.Scale _ = 1.0

    interface IDescribed<ScheduleFreeAdamW> with
        static member Description =
            { Name = "schedule_free_adamw"
              Summary = "AdamW that returns the mean of its iterates; needs no schedule"
              Formula = "z ← z − γ (g/(√ŝ + ε) + λ y);  c = w/Σw, w = tʳ max(γ)ᵖ;  x ← (1−c) x + c z;  y = (1−β₁) z + β₁ x"
              Source = "Defazio et al. 2024, algorithm 1"
              Traits = [ Trait.BetweenPoints ]
              Exempt = [ Exemption.meanOfSteps; Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "schedulefree.AdamWScheduleFree; with paper=true, schedulefree.AdamWScheduleFreePaper"
                      Rate = RatePlace.Inside "z, and in the weights of x"
                      Epsilon = EpsilonPlace.Outside "the corrected root; with paper=true, the uncorrected root"
                      InitialState =
                        [ "z", InitialValue.Parameters
                          "x", InitialValue.Parameters
                          "square_average", InitialValue.Zero
                          "weight_sum", InitialValue.Zero
                          "largest_rate", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "the mean of squares; with paper=true, by √(1−β₂ᵗ) in the learning rate"
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate; the step of z contains λ y"
                      Learns = { Optimizer = "schedule_free_adamw(lr=0.0025)"; Accuracy = 0.9742; Note = "" } } }
