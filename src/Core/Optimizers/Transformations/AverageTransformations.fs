namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Averages of the parameters, for use after a rule.

/// fast = w − Δ;  at every k-th step: slow ← slow + α (fast − slow), Δ = w − slow.  Slots: slow.
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
    {
        /// <summary>k, at least 1. Default 5.</summary>
        Steps: int64
        /// <summary>α in (0, 1]. Default 0.5.</summary>
        Share: float
    }

    interface IRule with
        member _.Slots = [ "slow" ]
        member _.NeedsParameters = true

        member h.Update(step, loop) =
            loop.Run
                { LookaheadUpdate.Share = loop.Lift h.Share
                  IsFirst = (step = 1L)
                  Synchronizes = (step % h.Steps = 0L) }

/// a ← keep a + take (w − Δ), or a ← a + take (w − Δ − a);  Δ unchanged.  Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AverageUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Keep: 'E
      Take: 'E
      Replaces: bool
      Stays: bool
      IsMean: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(delta, w, slots) =
            let next = w - delta

            if update.Replaces then
                slots[0] <- next
            elif update.IsMean then
                slots[0] <- slots[0] + update.Take * (next - slots[0])
            elif not update.Stays then
                slots[0] <- update.Keep * slots[0] + update.Take * next

            delta

/// <summary>Keeps an exponential moving average of the parameters in the state. Δ does not change. For use after a rule.</summary>
type ParameterAverage =
    {
        /// <summary>β in [0, 1). Default 0.999.</summary>
        Decay: float
        /// <summary>True to correct the average for its start at zero, as Adam does; false to start at the first parameters. Default true.</summary>
        Debiased: bool
    }

    interface IPreparingRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "weight" ]
        member _.Coefficients = 0

        // The sum of all weights: 1 − βᵗ, and correct even if β changes.
        member h.Prepare(_, decision) =
            decision[0] <- h.Decay * decision[0] + (1.0 - h.Decay)
            true

        member h.Update(step, loop) =
            loop.Run
                { AverageUpdate.Keep = loop.Lift h.Decay
                  Take = loop.Lift(1.0 - h.Decay)
                  Replaces = (step = 1L && not h.Debiased)
                  Stays = false
                  IsMean = false }

    interface IAveraging with
        member _.AverageSlot = 0
        member h.Scale numbers = if h.Debiased then 1.0 / numbers[0] else 1.0

/// <summary>Keeps the arithmetic mean of the parameters at every n-th step after a start (Polyak; SWA). For use after a rule.</summary>
type StochasticAverage =
    {
        /// <summary>The first averaged step, at least 1. Default 1. Before it, the average equals the newest parameters.</summary>
        Start: int64
        /// <summary>The number of steps between two averaged ones, at least 1. Default 1.</summary>
        Every: int64
    }

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

module internal AverageTransformations =
    open RuleKind

    let lookahead =
        transformation
            "lookahead"
            "slow weights that move a share of the way to the fast weights every k steps"
            "at every k-th step: φ ← φ + α (w − Δ − φ), Δ = w − φ"
            "Zhang et al. 2019, algorithm 1"
            [ "P22", "it depends on the number of steps" ]
            { Lookahead.Steps = 5L; Share = 0.5 }
            [ whole
                  "k"
                  "the number of steps between synchronizations"
                  ArgumentRange.counts
                  false
                  (fun (h: Lookahead) -> h.Steps)
                  (fun v h -> { h with Steps = v })
              number "alpha" "α, the share of the distance that the slow weights move" ArgumentRange.aboveZeroToOne _.Share (fun v h ->
                  { h with Share = v }) ]

    let ema =
        transformation
            "ema"
            "the exponential moving average of the parameters; does not change the step"
            "a ← β a + (1−β) (w − Δ);  the average is a/(1−βᵗ)"
            "Polyak & Juditsky 1992; Kingma & Ba 2015, section 7.2"
            []
            { ParameterAverage.Decay = 0.999; Debiased = true }
            [ RuleKind.decay "decay" "β, the decay of the average" (fun (h: ParameterAverage) -> h.Decay) (fun v h -> { h with Decay = v })
              flag "debiased" "bias correction of the average" _.Debiased (fun v h -> { h with Debiased = v }) ]

    let swa =
        transformation
            "swa"
            "the mean of the parameters from a given step on; does not change the step"
            "a ← a + (w − Δ − a)/n, where n counts the averaged steps"
            "Polyak & Juditsky 1992; Izmailov et al. 2018, algorithm 1"
            []
            { StochasticAverage.Start = 1L; Every = 1L }
            [ whole "start" "the first step of the mean" ArgumentRange.counts false (fun (h: StochasticAverage) -> h.Start) (fun v h ->
                  { h with Start = v })
              whole
                  "every"
                  "the number of steps from one averaged step to the next; 1 averages every step"
                  ArgumentRange.counts
                  true
                  _.Every
                  (fun v h -> { h with Every = v }) ]
