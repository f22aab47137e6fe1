namespace CuteDl.Core.Optimizers

open CuteDl.Core.Numerics

/// <summary>Scales the gradients of all tensors by one factor, so that their common norm is at most the limit.</summary>
type ClipGlobalNorm =
    { [<Number("limit", 1.0, "the limit", Above = 0.0)>]
      Limit: float }

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = [ "norm" ]
        member _.Coefficients = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, slice) = slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient

        member h.Decide(_, decision) =
            let length = sqrt (decision.Total 0)
            // Stores the norm before clipping in the state, for monitoring.
            decision[0] <- length
            decision.DecideAll(0, Clip.factor h.Limit length)
            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.Lift(loop.Coefficient 0) }

    interface IDescribed<ClipGlobalNorm> with
        static member Description =
            { Name = "clip_global_norm"
              Summary = "limits the gradient norm of all tensors together"
              Formula = "Δ = g min(1, c/‖g‖), ‖g‖ over all tensors"
              Source = "Pascanu, Mikolov & Bengio 2013, algorithm 1"
              Traits = [ Trait.AllTensors; Trait.Clips ]
              Exempt = [ "P23", "the norm is of all tensors together"; Exemption.limitOfGradient ]
              Role = Role.Transformation ChainPlace.BeforeRule }
