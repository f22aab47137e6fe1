namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Numerics

/// <summary>Subtracts the mean from the gradient of each unit of a matrix. Vectors do not change.</summary>
type Centralize() =
    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member _.Transform(_, tensor: WholeTensor<'T>) =
            let gradient = tensor.Gradient

            match tensor.Parameter.Shape with
            | []
            | [ _ ] -> ()
            | _ ->
                let units = Units.Of tensor.Parameter

                for unit in 0 .. units.Count - 1 do
                    let start = unit * units.Step
                    let mutable sum = 0.0

                    for k in 0 .. units.Size - 1 do
                        sum <- sum + Double.CreateTruncating gradient[start + k * units.Stride]

                    let mean = 'T.CreateTruncating(sum / float units.Size)

                    for k in 0 .. units.Size - 1 do
                        let i = start + k * units.Stride
                        gradient[i] <- gradient[i] - mean

    interface IDescribed<Centralize> with
        static member Description =
            { Name = "centralize"
              Summary = "subtracts the mean from the gradient of each unit"
              Formula = "Δ = g − the mean of its column; vectors do not change"
              Source = "Yong et al. 2020, eq. 1"
              Traits = []
              Exempt = [ "P23", "means are of units"; Exemption.zeroStep ]
              Role = Role.Transformation ChainPlace.BeforeRule }
