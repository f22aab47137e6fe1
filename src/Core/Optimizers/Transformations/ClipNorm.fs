namespace CuteDl.Core.Optimizers

open CuteDl.Core.Numerics

/// <summary>Scales the gradient of each tensor so that its norm is at most the limit.</summary>
type ClipNorm =
    { [<Number("limit", 1.0, "the limit", Above = 0.0)>]
      Limit: float }

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, slice) = slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                decision.Decide(k, 0, Clip.factor h.Limit (sqrt (decision.Sum(k, 0))))

            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.Lift(loop.Coefficient 0) }

    interface IDescribed<ClipNorm> with
        static member Description =
            { Name = "clip_norm"
              Summary = "limits the gradient norm of each tensor"
              Formula = "Δ = g min(1, c/‖g‖)"
              Source = "Pascanu, Mikolov & Bengio 2013, algorithm 1"
              Traits = [ Trait.Clips ]
              Exempt = [ Exemption.tensorNorms; Exemption.limitOfGradient ]
              Role = Role.Transformation ChainPlace.BeforeRule }
