namespace CuteDl.Core.Optimizers

/// <summary>
/// Makes any rule schedule-free: z takes the steps of the rule, gradients are computed at y, and the result is x, the mean of all z. For use
/// after a rule, without momentum in the rule.
/// </summary>
type ScheduleFree =
    { [<Decay("beta", 0.9, "β, the position of the parameters between z and x")>]
      Beta: float
      [<Number("r", 0.0, "the power of the step in the weights of the mean", AtLeast = 0.0, Technical = true)>]
      StepPower: float
      [<Number("power", 2.0, "the power of the largest learning rate in the weights of the mean", AtLeast = 0.0, Technical = true)>]
      RatePower: float }

    interface IRateReader with
        member _.ReadsRate = true

    interface IPreparingRule with
        member _.Slots = [ "z"; "x" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "weight_sum"; "largest_rate" ]
        member _.Coefficients = 1

        member h.Prepare(step, decision) =
            ScheduleFreeWeights.Prepare(decision.Rate, h.StepPower, h.RatePower, step, decision)
            true

        member h.Update(step, loop) = loop.Run(ScheduleFreeWeights.Plain(h.Beta, 1.0, step, loop))

    interface IAveraging with
        member _.AverageSlot = 1
        member _.Scale _ = 1.0

    interface IDescribed<ScheduleFree> with
        static member Description =
            { Name = "schedule_free"
              Summary = "makes the rule before it schedule-free: returns the mean of its iterates"
              Formula = "z ← z − Δ;  c = tʳ max(α)ᵖ / Σ tʳ max(α)ᵖ, α of the rule before it;  x ← (1−c) x + c z;  w' = (1−β) z + β x"
              Source = "Defazio et al. 2024, algorithm 1 and eqs. 3-5"
              Traits = [ Trait.BetweenPoints ]
              Exempt = [ Exemption.meanOfSteps ]
              Role = Role.Transformation ChainPlace.AfterRule }
