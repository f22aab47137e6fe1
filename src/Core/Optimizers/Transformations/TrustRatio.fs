namespace CuteDl.Core.Optimizers

open CuteDl.Core.Numerics

/// <summary>
/// Scales the step of each tensor by the ratio of the weights' norm to the norm of the step before the learning rate. For use after a rule.
/// </summary>
type TrustRatio =
    { [<Number("coefficient", 1.0, "c, a factor of the ratio", Above = 0.0)>]
      Coefficient: float
      [<Number("min_norm", 0.0, "q, the smallest value of each norm", AtLeast = 0.0, Technical = true)>]
      MinNorm: float
      [<Number("eps", 0.0, "ε, added to the norm of the step", AtLeast = 0.0, Technical = true)>]
      Epsilon: float }

    interface IRateReader with
        member _.ReadsRate = true

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true

        member _.Reduce(_, slice) =
            slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient
            slice.Sums[1] <- slice.Sums[1] + Reductions.squares slice.Parameters

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let length = sqrt (decision.Sum(k, 0))
                let step = max h.MinNorm (if length = 0.0 then 0.0 else length / decision.Rate)
                let weights = max h.MinNorm (sqrt (decision.Sum(k, 1)))
                let isUsual = step > 0.0 && weights > 0.0
                decision.Decide(k, 0, (if isUsual then h.Coefficient * weights / (step + h.Epsilon) else 1.0))

            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.LiftFinite(loop.Coefficient 0) }

    interface IDescribed<TrustRatio> with
        static member Description =
            { Name = "trust_ratio"
              Summary = "scales the step of each tensor by the norm of its weights over the norm of its step"
              Formula = "Δ ← Δ c max(‖w‖, q) / (max(‖Δ/α‖, q) + ε), α of the rule before it; a norm of 0 leaves Δ"
              Source = "You et al. 2020, algorithm 2; Optax scale_by_trust_ratio"
              Traits = []
              Exempt = [ Exemption.tensorNorms; Exemption.scaleOfWeights ]
              Role = Role.Transformation ChainPlace.AfterRule }
