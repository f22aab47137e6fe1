namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: s, d.
[<Struct; NoEquality; NoComparison>]
type internal AdadeltaVariantUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: Decay<'E>
      Root: Root<'E>
      DeltaRoot: Root<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let s = update.Decay.Mean(slots[0], g * g)
            let d = slots[1]
            let u = update.DeltaRoot.Of d / 'E.RootDivisor(update.Root.Of s) * g
            slots[0] <- s
            slots[1] <- update.Decay.Mean(d, u * u)
            update.Rate * u

/// <summary>Needs no learning rate: the decaying means of squared steps and of squared gradients set the scale.</summary>
type Adadelta =
    { [<Decay("decay", 0.99, "γ, the decay of both means of squares")>]
      Decay: float
      [<Epsilon(1e-6)>]
      Epsilon: float
      [<Number("eps_delta", Double.NaN, "ε of the steps; the default is eps", AtLeast = 0.0, Technical = true, Follows = "eps")>]
      DeltaEpsilon: float
      [<Number("lr", 1.0, "α, a factor of the whole step", AtLeast = 0.0, Technical = true)>]
      LearningRate: float
      [<Flag("inside", false, "put ε inside the root")>]
      Inside: bool }

    interface IRule with
        member _.Slots = [ "square_average"; "delta_square_average" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            let deltaEpsilon = if Double.IsNaN h.DeltaEpsilon then h.Epsilon else h.DeltaEpsilon

            if deltaEpsilon = h.Epsilon && h.LearningRate = 1.0 && not h.Inside then
                loop.Run { AdadeltaUpdate.Decay = loop.Decay h.Decay; Epsilon = loop.Lift h.Epsilon }
            else
                loop.Run
                    { AdadeltaVariantUpdate.Rate = loop.Lift h.LearningRate
                      Decay = loop.Decay h.Decay
                      Root = { Epsilon = loop.Lift h.Epsilon; Inside = h.Inside }
                      DeltaRoot = { Epsilon = loop.Lift deltaEpsilon; Inside = h.Inside } }

    interface IDescribed<Adadelta> with
        static member Description =
            { Name = "adadelta"
              Summary = "the size of recent steps divided by the size of recent gradients; lr is a factor of the step"
              Formula = "s ← γ s + (1−γ) g²;  u = (√d + ε) / (√s + ε) g;  d ← γ d + (1−γ) u²;  Δ = α u"
              Source = "Zeiler 2012, algorithm 1"
              Traits = []
              Exempt = [ Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.Adadelta(lr=1, rho=γ) with inside=true"
                      Rate = RatePlace.Outside "as a factor of the step; the original formula has no learning rate"
                      Epsilon = EpsilonPlace.Outside "both roots; with inside=true, inside them"
                      InitialState = [ "square_average", InitialValue.Zero; "delta_square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "adadelta(eps=0.0001)"; Accuracy = 0.9745; Note = "" } } }
