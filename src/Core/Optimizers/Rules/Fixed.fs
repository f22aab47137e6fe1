namespace CuteDl.Core.Optimizers

open CuteDl.Core.Optimizers.DocumentUpdates

/// <summary>Gradient descent.</summary>
type Fixed =
    { [<Rate(0.01)>]
      LearningRate: float }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member h.Update(_, loop) = loop.Run { FixedUpdate.Rate = loop.Lift h.LearningRate }

    interface IDescribed<Fixed> with
        static member Description =
            { Name = "fixed"
              Summary = "the gradient times a fixed learning rate"
              Formula = "Δ = α g"
              Source = "Robbins & Monro 1951"
              Traits = []
              Exempt = [ Exemption.proportional ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.SGD(lr), optax.sgd, keras SGD"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.None ""
                      InitialState = []
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "fixed(lr=0.3)"; Accuracy = 0.9743; Note = "" } } }
