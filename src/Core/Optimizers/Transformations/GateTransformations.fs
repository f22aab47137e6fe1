namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Gates. While a gate is closed, the parts after it skip the step and do not count it.

/// a ← a + g;  Δ = a / k, and then a ← 0 at every k-th step.  Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AccumulateUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Share: 'E
      Zero: 'E
      GivesOut: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let sum = slots[0] + g
            slots[0] <- if update.GivesOut then update.Zero else sum
            sum * update.Share

/// <summary>Passes on the mean of k gradients at every k-th step. At other steps, the parts after it skip the step and do not count it.</summary>
type Accumulate =
    {
        /// <summary>k, at least 1.</summary>
        Steps: int64
    }

    interface IPreparingRule with
        member _.Slots = [ "sum" ]
        member _.NeedsParameters = false
        // Stored, not derived from the step number, so that the mean is right even if k changes.
        member _.Scalars _ = [ "gathered" ]
        member _.Coefficients = 1

        member h.Prepare(_, decision) =
            let gathered = decision[0] + 1.0
            let givesOut = gathered >= float h.Steps
            decision.DecideAll(0, (if givesOut then 1.0 / gathered else 0.0))
            decision[0] <- if givesOut then 0.0 else gathered
            givesOut

        member h.Update(_, loop) =
            let share = loop.Coefficient 0
            loop.Run { AccumulateUpdate.Share = loop.Lift share; Zero = loop.Lift 0.0; GivesOut = (share > 0.0) }

    interface IGate with
        member _.MayThrow _ = false

/// <summary>Freezes the parameters while it is on. The parts after it skip the step and keep their state.</summary>
type Freeze =
    {
        /// <summary>True to freeze, false to thaw. Default true.</summary>
        On: bool
    }

    interface IPreparingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 0
        member h.Prepare(_, _) = not h.On
        member _.Update(_, loop) = loop.Run(IdentityUpdate())

    interface IGate with
        member _.MayThrow _ = false

/// <summary>Thrown if more steps in a row than allowed had gradients that are not finite or too large to square.</summary>
type NonFiniteGradientException(count: int64) =
    inherit
        NonFiniteException(
            $"{count} gradients in a row were not finite or too large to square. Lower the learning rate, or raise the limit of skip_non_finite."
        )

    /// <summary>The number of such steps in a row.</summary>
    member _.Count = count

/// <summary>
/// Skips steps whose gradient has an element that is not finite or too large to square: above 1.8e19 in single precision, 1.3e154 in
/// double. Otherwise, rules that store squares of gradients would keep an infinity permanently.
/// </summary>
type SkipNonFinite =
    {
        /// <summary>The largest number of such steps in a row; one more throws. 0, the default, allows any number.</summary>
        Limit: int64
    }

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = [ "skipped"; "in_a_row" ]
        member _.Coefficients = 0
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, slice) = slice.Sums[0] <- slice.Sums[0] + Reductions.squarable slice.Gradient

        member h.Decide(_, decision) =
            if Double.IsNaN(decision.Total 0) then
                decision[0] <- decision[0] + 1.0
                decision[1] <- decision[1] + 1.0

                if h.Limit > 0L && decision[1] > float h.Limit then
                    raise (NonFiniteGradientException(int64 decision[1]))

                false
            else
                decision[1] <- 0.0
                true

        member _.Update(_, loop) = loop.Run(IdentityUpdate())

    interface IGate with
        member h.MayThrow decision = h.Limit > 0L && decision[1] >= float h.Limit

module internal GateTransformations =
    open RuleKind

    let accumulate =
        transformation
            "accumulate"
            "one step every k calls, with the mean of their k gradients"
            "a ← a + g;  Δ = a/k at every k-th step; the parts after it skip the other steps"
            ""
            [ "P31", "Δ can be 0"; "P22", "it depends on the number of steps" ]
            { Accumulate.Steps = 1L }
            [ whole "k" "the number of gradients in each mean" ArgumentRange.counts false (fun (h: Accumulate) -> h.Steps) (fun v h ->
                  { h with Steps = v }) ]

    let freeze =
        transformation
            "freeze"
            "keeps the parameters unchanged while it is on"
            "Δ = 0"
            ""
            [ "P31", "Δ is 0" ]
            { Freeze.On = true }
            [ flag "on" "true to keep the parameters unchanged" (fun (h: Freeze) -> h.On) (fun v h -> { h with On = v }) ]

    let skipNonFinite =
        transformation
            "skip_non_finite"
            "skips steps whose gradient is not finite or too large to square"
            "Δ = g if all of g² is finite, otherwise the parts after it skip the step"
            ""
            [ "P23", "it uses all tensors" ]
            { SkipNonFinite.Limit = 0L }
            [ whole
                  "limit"
                  "the most skipped steps in a row; 0 for any number"
                  ArgumentRange.countsOrNone
                  false
                  (fun (h: SkipNonFinite) -> h.Limit)
                  (fun v h -> { h with Limit = v }) ]
