namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal NesterovUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let pull = update.Rate * g
            let v = update.Decay * slots[0] + pull
            slots[0] <- v
            update.Decay * v + pull

/// <summary>Nesterov momentum, with the learning rate inside the velocity.</summary>
type Nesterov =
    { [<Rate(0.01)>]
      LearningRate: float
      [<Decay("decay", 0.9, "γ, the share of the velocity that is kept")>]
      Decay: float }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { NesterovUpdate.Rate = loop.Lift h.LearningRate; Decay = loop.Lift h.Decay }

    interface IDescribed<Nesterov> with
        static member Description =
            { Name = "nesterov"
              Summary = "Nesterov's look-ahead velocity, which includes the learning rate"
              Formula = "v ← γ v + α g;  Δ = γ v + α g"
              Source = "Sutskever et al. 2013, eqs. 3-4; the parameters are the look-ahead point"
              Traits = []
              Exempt = [ Exemption.proportional ]
              Role =
                Role.Rule
                    { Reproduces = "keras SGD(nesterov=True); torch.optim.SGD(momentum, nesterov=True) at constant α"
                      Rate = RatePlace.Inside "the velocity"
                      Epsilon = EpsilonPlace.None ""
                      InitialState = [ "velocity", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "nesterov(lr=0.03)"; Accuracy = 0.9750; Note = "" } } }
