namespace CuteDl.Core.Optimizers

open System

/// <summary>Limits the ratio of gradient norm to weight norm for each unit.</summary>
type ClipAdaptive =
    { [<Number("ratio", 0.01, "the upper limit of ‖g‖ / ‖w‖ for a unit", Above = 0.0)>]
      Ratio: float
      [<Number("eps", 1e-3, "ε, the lower bound of ‖w‖: a smaller norm counts as ε", Above = 0.0, Technical = true, GradientPower = 1.0)>]
      Epsilon: float }

    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = true

        member h.Transform(_, slice: WholeTensor<'T>) =
            let gradient = slice.Gradient
            let parameters = slice.Parameters
            let units = Units.Of slice.Parameter

            for unit in 0 .. units.Count - 1 do
                let start = unit * units.Step
                let mutable squares = 0.0
                let mutable weights = 0.0

                for k in 0 .. units.Size - 1 do
                    let g = Double.CreateTruncating gradient[start + k * units.Stride]
                    let w = Double.CreateTruncating parameters[start + k * units.Stride]
                    squares <- squares + g * g
                    weights <- weights + w * w

                let factor = 'T.CreateTruncating(Clip.factor (h.Ratio * max h.Epsilon (sqrt weights)) (sqrt squares))

                for k in 0 .. units.Size - 1 do
                    let i = start + k * units.Stride
                    gradient[i] <- gradient[i] * factor

    interface IDescribed<ClipAdaptive> with
        static member Description =
            { Name = "clip_adaptive"
              Summary = "limits the gradient norm of each unit to a share of the norm of its weights"
              Formula = "Δ = g min(1, ratio max(‖w‖, ε)/‖g‖) for each column of a matrix; a vector is one unit"
              Source = "Brock et al. 2021, eq. 3"
              Traits = [ Trait.Clips ]
              Exempt = [ "P23", "norms are of units"; "P9", "its limit depends on the scale of the weights" ]
              Role = Role.Transformation ChainPlace.BeforeRule }
