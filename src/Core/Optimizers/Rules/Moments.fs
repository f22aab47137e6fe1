namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers.Laws
open CuteDl.Core.Optimizers

/// What Adam and its relatives share. v is the decaying mean of gradients, s that of their squares (or what stands for them),
/// c₁ = 1 − β₁ᵗ and c₂ = 1 − β₂ᵗ correct both for their start at zero. The corrections depend on the step alone and are taken in double.
module internal Moments =
    /// 1 − βᵗ, the weight that a decaying mean has given out so far.
    let weight (decay: float) (step: int64) = 1.0 - Math.Pow(decay, float step)

    /// The same, or 1 where nothing is to be corrected.
    let weightIf (isCorrected: bool) (decay: float) (step: int64) = if isCorrected then weight decay step else 1.0

    let clock = "P22", "the bias corrections depend on the number of steps"
    let own = "P5", "each element has its own effective learning rate"
    let beta1 get set = RuleKind.decay "beta1" "β₁, the decay of the mean of gradients" get set
    let beta2 get set = RuleKind.decay "beta2" "β₂, the decay of the mean of squared gradients" get set

/// Adam's constants of a step, for its own law and for those that differ in one place.
[<AbstractClass; Sealed>]
type internal AdamConstants =
    static member At
        (step: int64, pass: Pass<'E>, rate: float, beta1: float, beta2: float, epsilon: float, isCorrected: bool)
        : AdamLaw<'E> =
        { CorrectedRate = pass.Lift(rate / Moments.weightIf isCorrected beta1 step)
          Decay1 = pass.Decay beta1
          Decay2 = pass.Decay beta2
          Correction2 = pass.Lift(1.0 / Moments.weightIf isCorrected beta2 step)
          Epsilon = pass.Lift epsilon }
