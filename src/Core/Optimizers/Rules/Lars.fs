namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal LarsUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Momentum: 'E
      WeightDecay: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let v = update.Momentum * slots[0] + update.Rate * (g + update.WeightDecay * w)
            slots[0] <- v
            v

/// <summary>Momentum with a learning rate for each tensor, proportional to ‖w‖ / ‖g‖.</summary>
type Lars =
    { [<Rate(0.01)>]
      LearningRate: float
      [<Decay("momentum", 0.9, "μ, the share of the velocity that is kept")>]
      Momentum: float
      [<WeightDecay(0.0, "λ, L2")>]
      WeightDecay: float
      [<Number("trust", 0.001, "the trust coefficient", Above = 0.0, Technical = true)>]
      Trust: float
      [<Number("eps", 0.0, "ε, added to the norms", AtLeast = 0.0, Technical = true, GradientPower = 1.0)>]
      Epsilon: float }

    interface IReducingRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = true
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true

        member _.Reduce(_, slice) =
            slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient
            slice.Sums[1] <- slice.Sums[1] + Reductions.squares slice.Parameters

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let weights = sqrt (decision.Sum(k, 1))
                let length = sqrt (decision.Sum(k, 0)) + h.WeightDecay * weights
                // A tensor or a gradient of zeros has no scale yet.
                let ratio = if weights = 0.0 || length = 0.0 then 1.0 else h.Trust * weights / (length + h.Epsilon)
                decision.Decide(k, 0, h.LearningRate * ratio)

            true

        member h.Update(_, loop) =
            loop.Run
                { LarsUpdate.Rate = loop.LiftFinite(loop.Coefficient 0)
                  Momentum = loop.Lift h.Momentum
                  WeightDecay = loop.Lift h.WeightDecay }

    interface IDescribed<Lars> with
        static member Description =
            { Name = "lars"
              Summary = "momentum with a learning rate for each tensor, proportional to ‖w‖ / ‖g‖"
              Formula = "κ = trust ‖w‖ / (‖g‖ + λ ‖w‖ + ε);  v ← μ v + α κ (g + λ w);  Δ = v"
              Source = "You, Gitman & Ginsburg 2017, algorithm 1"
              Traits = [ Trait.SeparateTensors ]
              Exempt = [ Exemption.tensorNorms; "P9", "with weight decay, or at w = 0, its learning rate has a scale" ]
              Role =
                Role.Rule
                    { Reproduces = "optax.lars without weight decay; with it, Optax uses ‖g + λ w‖"
                      Rate = RatePlace.Inside "the velocity, times the trust ratio of the tensor"
                      Epsilon = EpsilonPlace.Elsewhere "added to the norms; there is no root"
                      InitialState = [ "velocity", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.L2 "in the velocity, and in the norms"
                      Learns = { Optimizer = "lars(lr=1)"; Accuracy = 0.9682; Note = "" } } }
