namespace CuteDl.Core.Optimizers

/// <summary>Adds λ w to the step: weight decay that is not multiplied by the learning rate.</summary>
type DecoupledDecay =
    { [<Number("factor", 0.0, "λ", AtLeast = 0.0, DecaysWeights = true)>]
      Factor: float }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member h.Update(_, loop) = loop.Run { DecayUpdate.Factor = loop.Lift h.Factor; OfSign = false }

    interface IDescribed<DecoupledDecay> with
        static member Description =
            { Name = "decoupled"
              Summary = "decoupled weight decay without the learning rate: adds λ w to the step"
              Formula = "Δ ← Δ + λ w"
              Source = "Loshchilov & Hutter 2019"
              Traits = []
              Exempt = [ "P31", "decay can go uphill"; "P9", "it depends on the scale of the weights" ]
              Role = Role.Transformation ChainPlace.AfterRule }
