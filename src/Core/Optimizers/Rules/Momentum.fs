namespace CuteDl.Core.Optimizers

open CuteDl.Core.Optimizers.DocumentUpdates

/// <summary>Momentum, with the learning rate inside the velocity.</summary>
type Momentum =
    { [<Rate(0.002)>]
      LearningRate: float
      [<Decay("decay", 0.9, "γ, the share of the velocity that is kept")>]
      Decay: float }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { MomentumUpdate.Rate = loop.Lift h.LearningRate; Decay = loop.Lift h.Decay }

    interface IDescribed<Momentum> with
        static member Description =
            { Name = "momentum"
              Summary = "a velocity that includes the learning rate"
              Formula = "v ← γ v + α g;  Δ = v"
              Source = "Polyak 1964, eq. 9"
              Traits = []
              Exempt = [ Exemption.proportional ]
              Role =
                Role.Rule
                    { Reproduces = "keras SGD(momentum); PyTorch and Optax have the learning rate outside, which is equal at constant α"
                      Rate = RatePlace.Inside "the velocity"
                      Epsilon = EpsilonPlace.None ""
                      InitialState = [ "velocity", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "momentum(lr=0.03)"; Accuracy = 0.9749; Note = "" } } }
