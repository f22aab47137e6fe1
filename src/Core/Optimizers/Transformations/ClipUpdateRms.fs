namespace CuteDl.Core.Optimizers

open CuteDl.Core.Numerics

/// <summary>Limits the root mean square of each tensor's step before the learning rate. For use after a rule.</summary>
type ClipUpdateRms =
    { [<Number("limit", 1.0, "the limit", Above = 0.0)>]
      Limit: float }

    interface IRateReader with
        member _.ReadsRate = true

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true

        member _.Reduce(_, slice) =
            slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient
            slice.Sums[1] <- slice.Sums[1] + float slice.Gradient.Length

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let size = sqrt (decision.Sum(k, 0) / max 1.0 (decision.Sum(k, 1)))
                decision.Decide(k, 0, Clip.factor (h.Limit * decision.Rate) size)

            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.Lift(loop.Coefficient 0) }

    interface IDescribed<ClipUpdateRms> with
        static member Description =
            { Name = "clip_update_rms"
              Summary = "limits the root mean square of each tensor's step before the learning rate"
              Formula = "Δ ← Δ / max(1, RMS(Δ/α)/limit), α of the rule before it"
              Source = "Shazeer & Stern 2018, section 6; Optax clip_by_block_rms"
              Traits = [ Trait.Clips ]
              Exempt = [ Exemption.tensorRoots; Exemption.limitOfGradient ]
              Role = Role.Transformation ChainPlace.AfterRule }
