namespace CuteDl.Core.Optimizers

open System.Buffers
open System.Collections.Generic

/// <summary>DoG with each squared gradient norm weighted by the squared distance of its step.</summary>
type Dowg =
    { [<Number("eps", 1e-4, "ε, the initial squared distance", Above = 0.0, GradientPower = 1.0)>]
      Epsilon: float }

    interface IReducingRule with
        member _.Slots = [ "initial" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "square_distance"; "weighted_sum" ]
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(step, slice) = Distance.reduce step slice

        member h.Decide(step, decision) =
            decision[0] <- if step = 1L then h.Epsilon else max decision[0] (decision.Total 1)
            decision[1] <- decision[1] + decision[0] * decision.Total 0
            decision.DecideAll(0, decision[0] / (sqrt decision[1] + h.Epsilon))
            true

        member _.Update(step, loop) =
            loop.Run { DistanceUpdate.Rate = loop.LiftFinite(loop.Coefficient 0); IsFirst = (step = 1L) }

    interface IDescribed<Dowg> with
        static member Description =
            { Name = "dowg"
              Summary = "dog with each norm weighted by the distance at its step; it has no lr"
              Formula = "ρ ← max(ρ, ‖w − w₀‖²);  v ← v + ρ ‖g‖²;  Δ = ρ g / (√v + ε)"
              Source = "Khaled, Mishchenko & Jin 2023, algorithm 1"
              Traits = []
              Exempt = [ Exemption.sumsOfAll; Exemption.unitsOfEpsilon; "P32", "it has no learning rate" ]
              Role =
                Role.Rule
                    { Reproduces = "the authors' code; optax.contrib.dowg"
                      Rate = RatePlace.None
                      Epsilon = EpsilonPlace.Outside "the root; it is also the initial squared distance"
                      InitialState =
                        [ "initial", InitialValue.Parameters
                          "square_distance", InitialValue.Argument "eps"
                          "weighted_sum", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns =
                        { Optimizer = "dowg | scale(0.5)"
                          Accuracy = 0.9737
                          Note = "the full step is twice too long here" } } }
