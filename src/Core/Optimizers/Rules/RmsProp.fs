namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: s; a if centered; v with momentum.
[<Struct; NoEquality; NoComparison>]
type internal RmsPropVariantUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: Decay<'E>
      Momentum: 'E
      Zero: 'E
      Root: Root<'E>
      AverageSlot: int
      VelocitySlot: int }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let s = update.Decay.Mean(slots[0], g * g)
            slots[0] <- s
            let mutable variance = s

            if update.AverageSlot > 0 then
                let a = update.Decay.Mean(slots[update.AverageSlot], g)
                slots[update.AverageSlot] <- a
                // Rounding can make the difference negative, which has no root.
                variance <- 'E.Greater(s - a * a, update.Zero)

            let n = g / 'E.RootDivisor(update.Root.Of variance)

            if update.VelocitySlot > 0 then
                let v = update.Momentum * slots[update.VelocitySlot] + n
                slots[update.VelocitySlot] <- v
                update.Rate * v
            else
                update.Rate * n

/// <summary>Divides the learning rate by the root of a decaying mean of squared gradients.</summary>
type RmsProp =
    { [<Rate(1e-4)>]
      LearningRate: float
      [<Decay("decay", 0.99, "γ, the decay of the mean of squared gradients")>]
      Decay: float
      [<Epsilon(1e-6)>]
      Epsilon: float
      [<Flag("centered", false, "division by the deviation from the mean gradient")>]
      Centered: bool
      [<Number("momentum", 0.0, "μ, the momentum of the velocity; 0 disables it", AtLeast = 0.0, Below = 1.0, Technical = true)>]
      Momentum: float
      [<Flag("inside", false, "put ε inside the root")>]
      Inside: bool }

    interface IRule with
        member h.Slots =
            [ "square_average"
              if h.Centered then
                  "average"
              if h.Momentum <> 0.0 then
                  "velocity" ]

        member _.NeedsParameters = false

        member h.Update(_, loop) =
            if h.Centered || h.Momentum <> 0.0 || h.Inside then
                loop.Run
                    { RmsPropVariantUpdate.Rate = loop.Lift h.LearningRate
                      Decay = loop.Decay h.Decay
                      Momentum = loop.Lift h.Momentum
                      Zero = loop.Lift 0.0
                      Root = { Epsilon = loop.Lift h.Epsilon; Inside = h.Inside }
                      AverageSlot = if h.Centered then 1 else 0
                      VelocitySlot =
                        if h.Momentum = 0.0 then 0
                        elif h.Centered then 2
                        else 1 }
            else
                loop.Run
                    { RmsPropUpdate.Rate = loop.Lift h.LearningRate
                      Decay = loop.Decay h.Decay
                      Epsilon = loop.Lift h.Epsilon }

    interface IDescribed<RmsProp> with
        static member Description =
            { Name = "rmsprop"
              Summary = "the learning rate divided by the root of the mean of recent squared gradients"
              Formula = "s ← γ s + (1−γ) g²;  Δ = α g / (√s + ε)"
              Source = "Tieleman & Hinton 2012, lecture 6.5; centred: Graves 2013, eqs. 38-41"
              Traits = []
              Exempt = [ Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.RMSprop(alpha=γ, eps=1e-8, centered, momentum); optax.rmsprop with inside=true"
                      Rate = RatePlace.Outside "also outside the velocity"
                      Epsilon = EpsilonPlace.Outside "the root; with inside=true, inside it"
                      InitialState = [ "square_average", InitialValue.Zero; "average", InitialValue.Zero; "velocity", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "rmsprop(lr=0.001)"; Accuracy = 0.9717; Note = "" } } }
