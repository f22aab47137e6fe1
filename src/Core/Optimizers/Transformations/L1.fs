namespace CuteDl.Core.Optimizers

/// <summary>Adds λ sign w to the gradient.</summary>
type L1 =
    { [<Number("factor", 0.0, "λ", AtLeast = 0.0, DecaysWeights = true)>]
      Factor: float }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member h.Update(_, loop) = loop.Run { DecayUpdate.Factor = loop.Lift h.Factor; OfSign = true }

    interface IDescribed<L1> with
        static member Description =
            { Name = "l1"
              Summary = "L1 regularization: adds λ sign w to the gradient"
              Formula = "Δ = g + λ sign w"
              Source = "Tibshirani 1996"
              Traits = []
              Exempt = [ Exemption.uphillDecay; "P9", "λ has the unit of the gradient"; Exemption.elementSigns ]
              Role = Role.Transformation ChainPlace.BeforeRule }
