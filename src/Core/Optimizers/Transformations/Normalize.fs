namespace CuteDl.Core.Optimizers

open CuteDl.Core.Numerics

/// <summary>Divides the gradient of each tensor by its norm.</summary>
type Normalize =
    { [<Number("eps", 1e-6, "ε, added to the norm", AtLeast = 0.0, Technical = true, GradientPower = 1.0)>]
      Epsilon: float
      [<Flag("all", false, "one norm over all tensors")>]
      All: bool }

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
            let factor squares =
                let divisor = sqrt squares + h.Epsilon
                if divisor = 0.0 then 0.0 else 1.0 / divisor

            for k in 0 .. decision.Tensors - 1 do
                decision.Decide(k, 0, factor (if h.All then decision.Total 0 else decision.Sum(k, 0)))

            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.LiftFinite(loop.Coefficient 0) }

    interface IDescribed<Normalize> with
        static member Description =
            { Name = "normalize"
              Summary = "divides the gradient of each tensor by its norm"
              Formula = "Δ = g / (‖g‖ + ε), ‖g‖ of each tensor, or of all tensors with all=true"
              Source = "Cutkosky & Mehta 2020; Optax normalize_by_update_norm"
              Traits = []
              Exempt = [ Exemption.tensorNorms; "P9", "Δ does not depend on the size of the gradient" ]
              Role = Role.Transformation ChainPlace.BeforeRule }
