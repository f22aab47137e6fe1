namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: slow.
[<Struct; NoEquality; NoComparison>]
type internal LookaheadUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Share: 'E
      IsFirst: bool
      Synchronizes: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(delta, w, slots) =
            let slow = if update.IsFirst then w else slots[0]

            if update.Synchronizes then
                let next = slow + update.Share * (w - delta - slow)
                slots[0] <- next
                w - next
            else
                slots[0] <- slow
                delta

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
                { LookaheadUpdate.Share = loop.Lift h.Share
                  IsFirst = (step = 1L)
                  Synchronizes = (step % h.Steps = 0L) }

    interface IDescribed<Lookahead> with
        static member Description =
            { Name = "lookahead"
              Summary = "slow weights that move a share of the way to the fast weights every k steps"
              Formula = "φ starts at the parameters;  at every k-th step φ ← φ + α (w − Δ − φ), then Δ ← w − φ"
              Source = "Zhang et al. 2019, algorithm 1"
              Traits = [ Trait.AllTensors ]
              Exempt = [ "P22", "it depends on the number of steps" ]
              Role = Role.Transformation ChainPlace.AfterRule }
