namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Collections.Generic
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: w₀.
[<Struct; NoEquality; NoComparison>]
type internal DistanceUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      IsFirst: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            if update.IsFirst then
                slots[0] <- w

            update.Rate * g

module internal Distance =
    /// Adds ‖g‖² and ‖w − w₀‖². At the first step, adds ‖w₀‖² instead of the latter.
    let reduce (step: int64) (slice: TensorSlice<'T>) : unit when 'T: unmanaged and 'T :> System.Numerics.IFloatingPointIeee754<'T> =
        slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient

        if step = 1L then
            slice.Sums[1] <- slice.Sums[1] + Reductions.squares slice.Parameters
        else
            slice.Sums[1] <-
                slice.Sums[1]
                + Reductions.squaresOfDifferences slice.Parameters (Span<'T>.op_Implicit(slice.Slot 0))

/// <summary>
/// Gradient descent without a tuned learning rate. The rate is the largest distance from the initial parameters so far, divided by the root
/// of the sum of squared gradient norms.
/// </summary>
type Dog =
    { [<Rate(1.0, Shared = false, Summary = "a factor of the step; the distance takes the place of the learning rate")>]
      LearningRate: float
      [<Number("reps", 1e-6, "the initial distance, relative to 1 + ‖w₀‖", Above = 0.0)>]
      InitialDistance: float
      [<Number("eps", 1e-8, "ε, the initial sum", AtLeast = 0.0, Technical = true, GradientPower = 1.0)>]
      Epsilon: float }

    interface IReducingRule with
        member _.Slots = [ "initial" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "distance"; "square_sum" ]
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(step, slice) = Distance.reduce step slice

        member h.Decide(step, decision) =
            if step = 1L then
                decision[0] <- h.InitialDistance * (1.0 + sqrt (decision.Total 1))
                decision[1] <- h.Epsilon
            else
                decision[0] <- max decision[0] (sqrt (decision.Total 1))

            decision[1] <- decision[1] + decision.Total 0
            let root = sqrt decision[1]
            decision.DecideAll(0, (if root = 0.0 then 0.0 else h.LearningRate * decision[0] / root))
            true

        member _.Update(step, loop) =
            loop.Run { DistanceUpdate.Rate = loop.LiftFinite(loop.Coefficient 0); IsFirst = (step = 1L) }

    interface IDescribed<Dog> with
        static member Description =
            { Name = "dog"
              Summary =
                "the gradient times the distance from the start, divided by the root of the sum of squared gradient norms; lr is a factor"
              Formula = "r ← max(r, ‖w − w₀‖);  G ← G + ‖g‖²;  Δ = lr (r/√G) g"
              Source = "Ivgi, Hinder & Carmon 2023, section 2"
              Traits = []
              Exempt =
                [ Exemption.sumsOfAll
                  "P9", "its ε has the unit of squared gradients"
                  "P32", "later steps depend on the distance of earlier steps" ]
              Role =
                Role.Rule
                    { Reproduces = "formll/dog; optax.contrib.dog"
                      Rate = RatePlace.Outside "as a factor of the distance, which takes the place of the learning rate"
                      Epsilon = EpsilonPlace.Inside "the root, as the start of the sum"
                      InitialState =
                        [ "initial", InitialValue.Parameters
                          "distance", InitialValue.Formula "reps (1 + ‖w₀‖)"
                          "square_sum", InitialValue.Argument "eps" ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "dog(lr=1)"; Accuracy = 0.9719; Note = "" } } }
