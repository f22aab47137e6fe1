namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers.DocumentUpdates
open CuteDl.Core.Optimizers

/// Functions shared by Adam and its relatives. v is the decaying mean of gradients. s is the decaying mean of their squares, or its
/// replacement. c₁ = 1 − β₁ᵗ and c₂ = 1 − β₂ᵗ correct both for their start at zero. They depend only on the step and are computed in
/// double.
module internal Moments =
    /// Returns 1 − βᵗ, the sum of the weights in a decaying mean that starts at zero.
    let weight (decay: float) (step: int64) = 1.0 - Math.Pow(decay, float step)

    /// Returns <c>weight</c>, or 1 without bias correction.
    let weightIf (isCorrected: bool) (decay: float) (step: int64) = if isCorrected then weight decay step else 1.0

/// Computes Adam's constants of a step, for Adam and for rules that differ from it in one place.
[<AbstractClass; Sealed>]
type internal AdamConstants =
    static member At
        (step: int64, loop: UpdateLoop<'E>, rate: float, beta1: float, beta2: float, epsilon: float, isCorrected: bool)
        : AdamUpdate<'E> =
        { CorrectedRate = loop.Lift(rate / Moments.weightIf isCorrected beta1 step)
          Decay1 = loop.Decay beta1
          Decay2 = loop.Decay beta2
          Correction2 = loop.Lift(1.0 / Moments.weightIf isCorrected beta2 step)
          Epsilon = loop.Lift epsilon }
