namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal NovoGradUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Beta1: 'E
      Share: 'E
      WeightDecay: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let m = update.Beta1 * slots[0] + (update.Share * g + update.WeightDecay * w)
            slots[0] <- m
            update.Rate * m

/// <summary>Momentum of gradients, each divided by the root of a decaying mean of its tensor's squared norm.</summary>
type NovoGrad =
    { [<Rate(0.01)>]
      LearningRate: float
      [<Decay("beta1", 0.95, "β₁, the share of the velocity that is kept")>]
      Beta1: float
      [<Decay("beta2", 0.98, "β₂, the decay of the mean of squared norms")>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<WeightDecay(0.0, "λ, weight decay inside the velocity")>]
      WeightDecay: float }

    interface IReducingRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true
        member _.Scalars tensors = [ for k in 0 .. tensors - 1 -> $"square_norm.{k}" ]
        member _.Coefficients = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, slice) = slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient

        member h.Decide(step, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let square = decision.Sum(k, 0)

                let mean = if step = 1L then square else h.Beta2 * decision[k] + (1.0 - h.Beta2) * square

                decision[k] <- mean
                let divisor = sqrt mean + h.Epsilon
                decision.Decide(k, 0, (if divisor = 0.0 then 0.0 else 1.0 / divisor))

            true

        member h.Update(_, loop) =
            loop.Run
                { NovoGradUpdate.Rate = loop.Lift h.LearningRate
                  Beta1 = loop.Lift h.Beta1
                  Share = loop.LiftFinite(loop.Coefficient 0)
                  WeightDecay = loop.Lift h.WeightDecay }

    interface IDescribed<NovoGrad> with
        static member Description =
            { Name = "novograd"
              Summary = "a velocity of gradients, each divided by the averaged gradient norm of its tensor"
              Formula = "v ← ‖g‖² at the first step, then v ← β₂ v + (1−β₂) ‖g‖²;  m ← β₁ m + g/(√v + ε) + λ w;  Δ = α m"
              Source = "Ginsburg et al. 2019, algorithm 1"
              Traits = [ Trait.SeparateTensors ]
              Exempt = [ Exemption.tensorNorms; "P22", "the first norm is not averaged" ]
              Role =
                Role.Rule
                    { Reproduces = "optax.novograd, whose defaults are b1=0.9, b2=0.25 and eps=1e-6"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the root"
                      InitialState = [ "average", InitialValue.Zero; "square_norm", InitialValue.FirstSquaredNorm ]
                      BiasCorrection = BiasCorrection.None "the first squared norm is not averaged"
                      WeightDecay = DecayForm.InVelocity "next to the divided gradient"
                      Learns = { Optimizer = "novograd(lr=0.01)"; Accuracy = 0.9700; Note = "" } } }
