namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Numerics

/// <summary>Adds normal noise to the gradient. The noise depends only on the seed, the step and the position of the element.</summary>
type Noise =
    { [<Number("deviation", 0.01, "σ", AtLeast = 0.0)>]
      Deviation: float
      [<Whole("seed", 0L, "the seed of the noise", AtLeast = 0.0, AtMost = 2147483647.0, Technical = true)>]
      Seed: int64 }

    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member h.Transform(step, tensor: WholeTensor<'T>) =
            let key =
                RandomStream.subkey
                    (RandomStream.subkey (RandomStream.key (int h.Seed) "noise") (uint64 step))
                    (uint64 tensor.Parameter.Offset)

            let gradient = tensor.Gradient

            // Normal numbers from two uniform ones: Box and Muller 1958.
            for i in 0 .. gradient.Length - 1 do
                let radius = sqrt (-2.0 * log (1.0 - RandomStream.uniformAt key (2UL * uint64 i)))
                let angle = 2.0 * Math.PI * RandomStream.uniformAt key (2UL * uint64 i + 1UL)
                gradient[i] <- gradient[i] + 'T.CreateTruncating(h.Deviation * radius * cos angle)

    interface IDescribed<Noise> with
        static member Description =
            { Name = "noise"
              Summary = "adds normal noise to the gradient"
              Formula = "Δ = g + N(0, σ²)"
              Source = "Neelakantan et al. 2015"
              Traits = []
              Exempt =
                [ "P5", "noise does not depend on the gradient"
                  "P10", "noise does not depend on the gradient"
                  "P21", "noise is not 0"
                  "P22", "each step has different noise"
                  "P23", "noise depends on the position of the element"
                  "P9", "noise has a scale"
                  "P31", "noise can go uphill" ]
              Role = Role.Transformation ChainPlace.BeforeRule }
