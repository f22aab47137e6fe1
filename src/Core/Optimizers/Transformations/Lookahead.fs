namespace CuteDl.Core.Optimizers

/// <summary>
/// Keeps slow weights. Every k steps they move towards the fast weights, which then restart from the slow ones. For use after a rule.
/// </summary>
type Lookahead =
    { [<Whole("k", 5L, "the number of steps between synchronizations")>]
      Steps: int64
      [<Number("alpha", 0.5, "α, the share of the distance that the slow weights move", Above = 0.0, AtMost = 1.0)>]
      Share: float }

    interface IRule with
        member _.Slots = [ "slow" ]
        member _.NeedsParameters = true

        member h.Update(step, loop) =
            loop.Run
                { OuterUpdate.Rate = loop.Lift h.Share
                  Momentum = loop.Lift 0.0
                  IsFirst = (step = 1L)
                  Synchronizes = (step % h.Steps = 0L)
                  HasVelocity = false
                  Nesterov = false }

    interface IDescribed<Lookahead> with
        static member Description =
            { Name = "lookahead"
              Summary = "slow weights that move a share of the way to the fast weights every k steps"
              Formula = "φ starts at the parameters;  at every k-th step φ ← φ + α (w − Δ − φ), then Δ ← w − φ"
              Source = "Zhang et al. 2019, algorithm 1"
              Traits = [ Trait.AllTensors ]
              Exempt = [ Exemption.numberOfSteps ]
              Role = Role.Transformation ChainPlace.AfterRule }
