namespace CuteDl.Core.Optimizers

/// <summary>Multiplies by a factor, which may follow a schedule.</summary>
type Scale =
    { [<Number("factor", 1.0, "λ", AtLeast = 0.0)>]
      Factor: float }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member h.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.Lift h.Factor }

    interface IDescribed<Scale> with
        static member Description =
            { Name = "scale"
              Summary = "multiplies the step by a factor or a schedule"
              Formula = "Δ = λ g"
              Source = ""
              Traits = [ Trait.KeepsFactor ]
              Exempt = []
              Role = Role.Transformation ChainPlace.AfterRule }
