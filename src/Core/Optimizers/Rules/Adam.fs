namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdamInsideUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let s = update.Adam.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s

            update.Adam.CorrectedRate * v
            / 'E.RootDivisor('E.Root(s * update.Adam.Correction2 + update.Adam.Epsilon))

/// <summary>The mean of gradients over the root of the mean of their squares. Both are corrected for their start at zero. ε is outside the root.</summary>
type Adam =
    { [<Rate(1e-4)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.99)>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<Flag("correction", true, "bias correction of the means")>]
      Correction: bool
      [<Flag("inside", false, "ε within the root")>]
      Inside: bool }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let update =
                AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = h.Correction)

            if h.Inside then loop.Run { AdamInsideUpdate.Adam = update } else loop.Run update

    interface IDescribed<Adam> with
        static member Description =
            { Name = "adam"
              Summary = "bias-corrected means of gradients and of squared gradients"
              Formula = "v ← β₁ v + (1−β₁) g;  s ← β₂ s + (1−β₂) g²;  Δ = α v̂ / (√ŝ + ε), v̂ = v/(1−β₁ᵗ), ŝ = s/(1−β₂ᵗ)"
              Source = "Kingma & Ba 2015, algorithm 1"
              Traits = []
              Exempt = [ Exemption.biasCorrection; Exemption.ownRates ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.Adam; optax.adam, where eps_root is inside=true"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.Outside "the corrected root; with inside=true, inside it"
                      InitialState = [ "average", InitialValue.Zero; "square_average", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.Corrects "both means; with correction=false, none"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "adam(lr=0.001)"; Accuracy = 0.9732; Note = "" } } }
