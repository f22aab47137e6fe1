namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: s.
[<Struct; NoEquality; NoComparison>]
type internal AdagradVariantUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      First: 'E
      Root: Root<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let s = slots[0] + update.First + g * g
            slots[0] <- s
            update.Rate * g / 'E.RootDivisor(update.Root.Of s)

/// <summary>Divides the learning rate by the root of the sum of all squared gradients.</summary>
/// <remarks>
/// The sum never decreases, so a gradient too large to square would stop its element permanently. Such a gradient throws
/// <c>NonFiniteStateException</c> instead.
/// </remarks>
type Adagrad =
    { [<Rate(0.001)>]
      LearningRate: float
      [<Epsilon(1e-6)>]
      Epsilon: float
      [<Number("initial", 0.0, "the initial sum", AtLeast = 0.0, Technical = true, GradientPower = 2.0)>]
      Initial: float
      [<Number("lr_decay", 0.0, "the decrease of the learning rate, α / (1 + (t−1) · this)", AtLeast = 0.0, Technical = true)>]
      RateDecay: float
      [<Flag("inside", false, "put ε inside the root")>]
      Inside: bool }

    interface IRule with
        member _.Slots = [ "square_sum" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let rate = h.LearningRate / (1.0 + float (step - 1L) * h.RateDecay)

            if h.Initial = 0.0 && not h.Inside then
                loop.Run { AdagradUpdate.Rate = loop.Lift rate; Epsilon = loop.Lift h.Epsilon }
            else
                loop.Run
                    { AdagradVariantUpdate.Rate = loop.Lift rate
                      First = loop.Lift(if step = 1L then h.Initial else 0.0)
                      Root = { Epsilon = loop.Lift h.Epsilon; Inside = h.Inside } }

    interface IDescribed<Adagrad> with
        static member Description =
            { Name = "adagrad"
              Summary = "the learning rate divided by the root of the sum of squared gradients"
              Formula = "s ← s + g²;  Δ = α g / (√s + ε)"
              Source = "Duchi, Hazan & Singer 2011, eq. 1"
              Traits = []
              Exempt = [ Exemption.ownRates; "P22", "with lr_decay, the learning rate depends on the number of steps" ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.Adagrad(eps=1e-10); keras and optax.adagrad with inside=true, initial=0.1, eps=1e-7"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the root; with inside=true, inside it"
                      InitialState = [ "square_sum", InitialValue.Argument "initial" ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "adagrad(lr=0.03)"; Accuracy = 0.9723; Note = "" } } }
