namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: slow, and the velocity with momentum.
[<Struct; NoEquality; NoComparison>]
type internal OuterUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Momentum: 'E
      IsFirst: bool
      Synchronizes: bool
      HasVelocity: bool
      Nesterov: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(delta, w, slots) =
            let slow = if update.IsFirst then w else slots[0]

            if update.Synchronizes then
                let mutable direction = slow - (w - delta)

                if update.HasVelocity then
                    let velocity = update.Momentum * slots[1] + direction
                    slots[1] <- velocity
                    direction <- if update.Nesterov then direction + update.Momentum * velocity else velocity

                let next = slow - update.Rate * direction
                slots[0] <- next
                w - next
            else
                slots[0] <- slow
                delta

/// <summary>
/// Keeps slow weights. Every k steps, they take a momentum step with the distance to the fast weights as the gradient, and the fast weights
/// restart from them. For use after a rule.
/// </summary>
type Outer =
    { [<Whole("k", 5L, "the number of steps between outer steps")>]
      Steps: int64
      [<Rate(0.7, Summary = "the learning rate ω of the outer step")>]
      LearningRate: float
      [<Decay("momentum", 0.9, "μ, the share of the outer velocity that is kept")>]
      Momentum: float
      [<Flag("nesterov", true, "Nesterov momentum")>]
      Nesterov: bool }

    interface IRule with
        member _.Slots = [ "slow"; "velocity" ]
        member _.NeedsParameters = true

        member h.Update(step, loop) =
            loop.Run
                { OuterUpdate.Rate = loop.Lift h.LearningRate
                  Momentum = loop.Lift h.Momentum
                  IsFirst = (step = 1L)
                  Synchronizes = (step % h.Steps = 0L)
                  HasVelocity = true
                  Nesterov = h.Nesterov }

    interface IDescribed<Outer> with
        static member Description =
            { Name = "outer"
              Summary = "slow weights that take a momentum step towards the fast weights every k steps"
              Formula = "at every k-th step: d = φ − (w − Δ);  b ← μ b + d;  φ ← φ − ω (d + μ b), or φ − ω b without nesterov;  Δ = w − φ"
              Source = "Douillard et al. 2023, algorithm 1, with one worker"
              Traits = [ Trait.AllTensors ]
              Exempt = [ Exemption.numberOfSteps; "P32", "its rate is a factor of the outer step only" ]
              Role = Role.Transformation ChainPlace.AfterRule }
