namespace CuteDl.Core.Optimizers

/// <summary>Keeps an exponential moving average of the parameters in the state. Δ does not change. For use after a rule.</summary>
type Ema =
    { [<Decay("beta", 0.999, "β, the decay of the average")>]
      Beta: float
      [<Flag("debiased", true, "bias correction of the average")>]
      Debiased: bool }

    interface IPreparingRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "weight" ]
        member _.Coefficients = 0

        // The sum of all weights: 1 − βᵗ, and correct even if β changes.
        member h.Prepare(_, decision) =
            decision[0] <- h.Beta * decision[0] + (1.0 - h.Beta)
            true

        member h.Update(step, loop) =
            loop.Run
                { AverageUpdate.Keep = loop.Lift h.Beta
                  Take = loop.Lift(1.0 - h.Beta)
                  Replaces = (step = 1L && not h.Debiased)
                  Stays = false
                  IsMean = false }

    interface IAveraging with
        member _.AverageSlot = 0
        member h.Scale numbers = if h.Debiased then 1.0 / numbers[0] else 1.0

    interface IDescribed<Ema> with
        static member Description =
            { Name = "ema"
              Summary = "the exponential moving average of the parameters; does not change the step"
              Formula = "a ← β a + (1−β) (w − Δ);  the average is a/(1−βᵗ)"
              Source = "Polyak & Juditsky 1992; Kingma & Ba 2015, section 7.2"
              Traits = [ Trait.AllTensors; Trait.LeavesStep; Trait.KeepsFactor ]
              Exempt = []
              Role = Role.Transformation ChainPlace.AfterRule }
