namespace CuteDl.Core.Optimizers

/// <summary>Keeps the arithmetic mean of the parameters at every n-th step after a start (Polyak; SWA). For use after a rule.</summary>
type Swa =
    { [<Whole("start", 1L, "the first step of the mean")>]
      Start: int64
      [<Whole("every", 1L, "the number of steps from one averaged step to the next; 1 averages every step", Technical = true)>]
      Every: int64 }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true

        member h.Update(step, loop) =
            let counts = step >= h.Start && (step - h.Start) % h.Every = 0L
            let number = (step - h.Start) / h.Every + 1L

            loop.Run
                { AverageUpdate.Keep = loop.Lift 0.0
                  Take = loop.Lift(1.0 / float (max 1L number))
                  Replaces = (step < h.Start || step = h.Start)
                  Stays = not counts
                  IsMean = counts }

    interface IAveraging with
        member _.AverageSlot = 0
        member _.Scale _ = 1.0

    interface IDescribed<Swa> with
        static member Description =
            { Name = "swa"
              Summary = "the mean of the parameters from a given step on; does not change the step"
              Formula = "a ← a + (w − Δ − a)/n, where n counts the averaged steps"
              Source = "Polyak & Juditsky 1992; Izmailov et al. 2018, algorithm 1"
              Traits = [ Trait.AllTensors; Trait.LeavesStep; Trait.KeepsFactor ]
              Exempt = []
              Role = Role.Transformation ChainPlace.AfterRule }
