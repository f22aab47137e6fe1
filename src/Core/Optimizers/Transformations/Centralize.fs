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
            | shape ->
                let units = List.last shape
                let length = float (gradient.Length / max 1 units)

                for unit in 0 .. units - 1 do
                    let mutable sum = 0.0
                    let mutable i = unit

                    while i < gradient.Length do
                        sum <- sum + Double.CreateTruncating gradient[i]
                        i <- i + units

                    let mean = 'T.CreateTruncating(sum / length)
                    i <- unit

                    while i < gradient.Length do
                        gradient[i] <- gradient[i] - mean
                        i <- i + units

    interface IDescribed<Centralize> with
        static member Description =
            { Name = "centralize"
              Summary = "subtracts the mean from the gradient of each unit"
              Formula = "Δ = g − the mean of its column; vectors do not change"
              Source = "Yong et al. 2020, eq. 1"
              Traits = []
              Exempt = [ "P23", "means are of units"; Exemption.zeroStep ]
              Role = Role.Transformation ChainPlace.BeforeRule }
