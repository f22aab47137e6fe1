namespace CuteDl.Core.Optimizers

/// <summary>Freezes the parameters while it is on. The parts after it skip the step and keep their state.</summary>
type Freeze =
    { [<Flag("on", true, "true to keep the parameters unchanged")>]
      On: bool }

    interface IPreparingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 0
        member h.Prepare(_, _) = not h.On
        member _.Update(_, loop) = loop.Run(IdentityUpdate())

    interface IGate with
        member _.MayThrow _ = false

    interface IDescribed<Freeze> with
        static member Description =
            { Name = "freeze"
              Summary = "keeps the parameters unchanged while it is on"
              Formula = "Δ = 0"
              Source = ""
              Traits = [ Trait.KeepsFactor ]
              Exempt = [ "P31", "Δ is 0" ]
              Role = Role.Transformation ChainPlace.Anywhere }
