namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Numerics

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
    { [<Whole("limit", 0L, "the most skipped steps in a row; 0 for any number", AtLeast = 0.0)>]
      Limit: int64 }

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

    interface IDescribed<SkipNonFinite> with
        static member Description =
            { Name = "skip_non_finite"
              Summary = "skips steps whose gradient is not finite or too large to square"
              Formula = "Δ = g if all of g² is finite, otherwise the parts after it skip the step"
              Source = ""
              Traits = [ Trait.AllTensors; Trait.KeepsFactor ]
              Exempt = [ "P23", "it uses all tensors" ]
              Role = Role.Transformation ChainPlace.BeforeRule }
