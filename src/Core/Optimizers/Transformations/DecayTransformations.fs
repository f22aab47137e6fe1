namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Add a multiple of the parameters, or of their signs, to gradients or to steps.

/// Δ = g + λ w, or g + λ sign w.
[<Struct; NoEquality; NoComparison>]
type internal DecayUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Factor: 'E
      OfSign: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, _) = g + update.Factor * (if update.OfSign then Element.sign w else w)

/// <summary>Adds λ w: L2 regularization before a rule, decoupled weight decay (not multiplied by the learning rate) after it.</summary>
type WeightDecay =
    {
        /// <summary>λ, at least 0.</summary>
        Factor: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member h.Update(_, loop) = loop.Run { DecayUpdate.Factor = loop.Lift h.Factor; OfSign = false }

/// <summary>Adds λ sign w: L1 regularization before a rule.</summary>
type SignDecay =
    {
        /// <summary>λ, at least 0.</summary>
        Factor: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member h.Update(_, loop) = loop.Run { DecayUpdate.Factor = loop.Lift h.Factor; OfSign = true }

module internal DecayTransformations =
    open RuleKind

    let private factor get set = weightDecay "factor" "λ" false get set

    let decay =
        transformation
            "decay"
            "L2 regularization: adds λ w to the gradient"
            "Δ = g + λ w"
            "Krogh & Hertz 1991"
            [ "P31", "decay can go uphill"; "P9", "it depends on the scale of the weights" ]
            { WeightDecay.Factor = 0.0 }
            [ factor (fun (h: WeightDecay) -> h.Factor) (fun v h -> { h with Factor = v }) ]

    let decoupled =
        transformation
            "decoupled"
            "decoupled weight decay without the learning rate: adds λ w to the step"
            "Δ ← Δ + λ w"
            "Loshchilov & Hutter 2019"
            [ "P31", "decay can go uphill"; "P9", "it depends on the scale of the weights" ]
            { WeightDecay.Factor = 0.0 }
            [ factor (fun (h: WeightDecay) -> h.Factor) (fun v h -> { h with Factor = v }) ]

    let l1 =
        transformation
            "l1"
            "L1 regularization: adds λ sign w to the gradient"
            "Δ = g + λ sign w"
            "Tibshirani 1996"
            [ "P31", "decay can go uphill"
              "P9", "λ has the unit of the gradient"
              "P5", "the sign is taken of each element" ]
            { SignDecay.Factor = 0.0 }
            [ factor (fun (h: SignDecay) -> h.Factor) (fun v h -> { h with Factor = v }) ]
