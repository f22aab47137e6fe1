namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.Laws
open CuteDl.Core.Optimizers

// Adam and its relatives. v is the decaying mean of gradients, s that of their squares (or what stands for them), c₁ = 1 − β₁ᵗ and
// c₂ = 1 − β₂ᵗ correct both for their start at zero. The corrections depend on the step alone and are taken in double.

/// v ← β₁ v + (1−β₁) g;  s ← β₂ s + (1−β₂) g²;  Δ = α/c₁ v / √(s/c₂ + ε).  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdamInsideLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Correction2: 'E
      Epsilon: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Decay1.Mean(slots[0], g)
            let s = law.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s
            law.CorrectedRate * v / 'E.Divisor('E.Root(s * law.Correction2 + law.Epsilon))

module internal Correction =
    /// 1 − βᵗ, the weight that a decaying mean has given out so far.
    let weight (decay: float) (step: int64) = 1.0 - Math.Pow(decay, float step)

/// <summary>Momentum in mean form over RMSProp, both corrected for their start at zero; ε outside the corrected root.</summary>
type Adam =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ₁ in (0, 1), of the mean of gradients. Default 0.9.</summary>
        Beta1: float
        /// <summary>γ₂ in (0, 1), of the mean of squared gradients. Default 0.99.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>Whether the means are corrected for their start at zero. Default true.</summary>
        Correction: bool
        /// <summary>√(ŝ + ε) in place of √ŝ + ε. Default false.</summary>
        Inside: bool
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Sweep(step, pass) =
            let weight decay = if h.Correction then Correction.weight decay step else 1.0
            let rate = pass.Lift(h.LearningRate / weight h.Beta1)
            let correction = pass.Lift(1.0 / weight h.Beta2)

            if h.Inside then
                pass.Run
                    { AdamInsideLaw.CorrectedRate = rate
                      Decay1 = pass.Decay h.Beta1
                      Decay2 = pass.Decay h.Beta2
                      Correction2 = correction
                      Epsilon = pass.Lift h.Epsilon }
            else
                pass.Run
                    { AdamLaw.CorrectedRate = rate
                      Decay1 = pass.Decay h.Beta1
                      Decay2 = pass.Decay h.Beta2
                      Correction2 = correction
                      Epsilon = pass.Lift h.Epsilon }

/// Adam's Δ + α λ w.  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdamWLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamLaw<'E>
      Shrink: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, w, slots) =
            let v = law.Adam.Decay1.Mean(slots[0], g)
            let s = law.Adam.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s

            law.Adam.CorrectedRate * v / 'E.Divisor('E.Root(s * law.Adam.Correction2) + law.Adam.Epsilon)
            + law.Shrink * w

/// <summary>Adam with weight decay that does not go through the means: Δ = Adam's + α λ w.</summary>
type AdamW =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0, times the rate. Default 0.01.</summary>
        WeightDecay: float
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = true

        member h.Sweep(step, pass) =
            pass.Run
                { AdamWLaw.Adam =
                    { AdamLaw.CorrectedRate = pass.Lift(h.LearningRate / Correction.weight h.Beta1 step)
                      Decay1 = pass.Decay h.Beta1
                      Decay2 = pass.Decay h.Beta2
                      Correction2 = pass.Lift(1.0 / Correction.weight h.Beta2 step)
                      Epsilon = pass.Lift h.Epsilon }
                  Shrink = pass.Lift(h.LearningRate * h.WeightDecay) }

/// x ← max(x, s);  Δ = α/c₁ v / (√(x/c₂) + ε).  Slots: v, s, x.
[<Struct; NoEquality; NoComparison>]
type internal AmsGradLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Correction2: 'E
      Epsilon: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Decay1.Mean(slots[0], g)
            let s = law.Decay2.Mean(slots[1], g * g)
            let x = 'E.Greater(s, slots[2])
            slots[0] <- v
            slots[1] <- s
            slots[2] <- x
            law.CorrectedRate * v / 'E.Divisor('E.Root(x * law.Correction2) + law.Epsilon)

/// <summary>Adam with the largest mean of squares so far, so that no rate rises again.</summary>
type AmsGrad =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average"; "square_maximum" ]
        member _.NeedsParameters = false

        member h.Sweep(step, pass) =
            pass.Run
                { AmsGradLaw.CorrectedRate = pass.Lift(h.LearningRate / Correction.weight h.Beta1 step)
                  Decay1 = pass.Decay h.Beta1
                  Decay2 = pass.Decay h.Beta2
                  Correction2 = pass.Lift(1.0 / Correction.weight h.Beta2 step)
                  Epsilon = pass.Lift h.Epsilon }

/// u ← max(β₂ u, |g| + ε);  Δ = α/c₁ v / u.  Slots: v, u.
[<Struct; NoEquality; NoComparison>]
type internal AdaMaxLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Keep2: 'E
      Epsilon: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Decay1.Mean(slots[0], g)
            let u = 'E.Greater(Element.absolute g + law.Epsilon, law.Keep2 * slots[1])
            slots[0] <- v
            slots[1] <- u
            law.CorrectedRate * v / 'E.Divisor u

/// <summary>Adam with the largest of decaying gradients in place of the root of a mean of squares.</summary>
type AdaMax =
    {
        /// <summary>α, at least 0. Default 0.002.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "infinity_norm" ]
        member _.NeedsParameters = false

        member h.Sweep(step, pass) =
            pass.Run
                { AdaMaxLaw.CorrectedRate = pass.Lift(h.LearningRate / Correction.weight h.Beta1 step)
                  Decay1 = pass.Decay h.Beta1
                  Keep2 = pass.Lift h.Beta2
                  Epsilon = pass.Lift h.Epsilon }

/// Δ = (a g + b v) / (√(s/c₂) + ε).  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal NAdamLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { OfGradient: 'E
      OfAverage: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Correction2: 'E
      Epsilon: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Decay1.Mean(slots[0], g)
            let s = law.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s

            (law.OfGradient * g + law.OfAverage * v) / 'E.Divisor('E.Root(s * law.Correction2) + law.Epsilon)

/// <summary>Adam with Nesterov's look ahead, its momentum warming up: μ_t = β₁ (1 − ½ 0.96^(t ψ)).</summary>
type NAdam =
    {
        /// <summary>α, at least 0. Default 0.002.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>ψ, at least 0: how fast μ_t goes to β₁. Default 0.004.</summary>
        MomentumDecay: float
        /// <summary>Has μ_t twice in the weight of the mean, as PyTorch before version 2 does: for runs of that time. Default false.</summary>
        Legacy: bool
    }

    member private h.MomentumAt(step: int64) = h.Beta1 * (1.0 - 0.5 * Math.Pow(0.96, float step * h.MomentumDecay))

    interface IPreparingRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false
        member _.Memory _ = [ "momentum_product" ]
        member _.Numbers = 2

        member h.Prepare(step, decision) =
            let now = h.MomentumAt step
            let next = h.MomentumAt(step + 1L)
            let product = (if step = 1L then 1.0 else decision[0]) * now
            decision[0] <- product
            decision.DecideAll(0, h.LearningRate * (1.0 - now) / (1.0 - product))
            let weight = if h.Legacy then product * now * next else product * next
            decision.DecideAll(1, h.LearningRate * next / (1.0 - weight))
            true

        member h.Sweep(step, pass) =
            pass.Run
                { NAdamLaw.OfGradient = pass.Lift(pass.Number 0)
                  OfAverage = pass.Lift(pass.Number 1)
                  Decay1 = pass.Decay h.Beta1
                  Decay2 = pass.Decay h.Beta2
                  Correction2 = pass.Lift(1.0 / Correction.weight h.Beta2 step)
                  Epsilon = pass.Lift h.Epsilon }

/// Δ = rate v, as long as too few squares were seen.  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal UnrectifiedLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E> }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Decay1.Mean(slots[0], g)
            slots[0] <- v
            slots[1] <- law.Decay2.Mean(slots[1], g * g)
            law.CorrectedRate * v

/// <summary>Adam that waits with dividing until the mean of squares can be trusted, and then rectifies its variance.</summary>
type RAdam =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1). Default 0.999; up to ⅔ the rule never divides.</summary>
        Beta2: float
        /// <summary>ε, at least 0, beside the root that is not corrected. Default 1e-8.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Sweep(step, pass) =
            let rate = h.LearningRate / Correction.weight h.Beta1 step
            let weight2 = Correction.weight h.Beta2 step
            let longest = 2.0 / (1.0 - h.Beta2) - 1.0
            let length = longest - 2.0 * float step * Math.Pow(h.Beta2, float step) / weight2

            if length > 5.0 then
                let rectification =
                    sqrt ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length))

                pass.Run
                    { AdamLaw.CorrectedRate = pass.Lift(rate * rectification * sqrt weight2)
                      Decay1 = pass.Decay h.Beta1
                      Decay2 = pass.Decay h.Beta2
                      Correction2 = pass.Lift 1.0
                      Epsilon = pass.Lift h.Epsilon }
            else
                pass.Run
                    { UnrectifiedLaw.CorrectedRate = pass.Lift rate
                      Decay1 = pass.Decay h.Beta1
                      Decay2 = pass.Decay h.Beta2 }

/// s ← β₂ s + (1−β₂) (g − v)² + ε;  Δ = α/c₁ v / (√(s/c₂) + ε).  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdaBeliefLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Correction2: 'E
      Epsilon: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Decay1.Mean(slots[0], g)
            let surprise = g - v
            let s = law.Decay2.Mean(slots[1], surprise * surprise) + law.Epsilon
            slots[0] <- v
            slots[1] <- s
            law.CorrectedRate * v / 'E.Divisor('E.Root(s * law.Correction2) + law.Epsilon)

/// <summary>Adam that divides by how far gradients are from their mean: long steps where they are as expected.</summary>
type AdaBelief =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0, in the mean and beside its root. Default 1e-16.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "belief" ]
        member _.NeedsParameters = false

        member h.Sweep(step, pass) =
            pass.Run
                { AdaBeliefLaw.CorrectedRate = pass.Lift(h.LearningRate / Correction.weight h.Beta1 step)
                  Decay1 = pass.Decay h.Beta1
                  Decay2 = pass.Decay h.Beta2
                  Correction2 = pass.Lift(1.0 / Correction.weight h.Beta2 step)
                  Epsilon = pass.Lift h.Epsilon }

/// s ← s + first − (1−β₂) sign(s − g²) g²;  Δ = α/c₁ v / (√(s/c₂) + ε).  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal YogiLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Take2: 'E
      First: 'E
      Correction2: 'E
      Epsilon: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Decay1.Mean(slots[0], g)
            let before = slots[1] + law.First
            let square = g * g
            let s = before - law.Take2 * Element.sign (before - square) * square
            slots[0] <- v
            slots[1] <- s
            law.CorrectedRate * v / 'E.Divisor('E.Root(s * law.Correction2) + law.Epsilon)

/// <summary>Adam whose mean of squares moves by a share of g² at most, so that it forgets no faster than it learns.</summary>
type Yogi =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 0.001.</summary>
        Epsilon: float
        /// <summary>The mean of squares at the start, at least 0. Default 1e-6.</summary>
        Initial: float
        /// <summary>Whether both means are corrected as Adam's are. Default false, as in the paper.</summary>
        Correction: bool
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Sweep(step, pass) =
            let weight decay = if h.Correction then Correction.weight decay step else 1.0

            pass.Run
                { YogiLaw.CorrectedRate = pass.Lift(h.LearningRate / weight h.Beta1)
                  Decay1 = pass.Decay h.Beta1
                  Take2 = pass.Lift(1.0 - h.Beta2)
                  First = pass.Lift(if step = 1L then h.Initial else 0.0)
                  Correction2 = pass.Lift(1.0 / weight h.Beta2)
                  Epsilon = pass.Lift h.Epsilon }

/// Slots: m, v (mean of differences), n (mean of squares), p (the gradient before).
[<Struct; NoEquality; NoComparison>]
type internal AdanLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      CorrectedRate2: 'E
      Beta2: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Decay3: Decay<'E>
      Correction3: 'E
      Epsilon: 'E
      IsFirst: bool
      Zero: 'E
      Shrink: 'E
      Share: 'E
      Decays: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, w, slots) =
            let difference = if law.IsFirst then law.Zero else g - slots[3]
            let m = law.Decay1.Mean(slots[0], g)
            let v = law.Decay2.Mean(slots[1], difference)
            let ahead = g + law.Beta2 * difference
            let n = law.Decay3.Mean(slots[2], ahead * ahead)
            slots[0] <- m
            slots[1] <- v
            slots[2] <- n
            slots[3] <- g

            let u =
                (law.CorrectedRate * m + law.CorrectedRate2 * v)
                / 'E.Divisor('E.Root(n * law.Correction3) + law.Epsilon)

            if law.Decays then (u + law.Shrink * w) * law.Share else u

/// <summary>Means of gradients, of their differences, and of the squares of what both foretell (adaptive Nesterov momentum).</summary>
type Adan =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1), of the mean of gradients. Default 0.98.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1), of the mean of differences. Default 0.92.</summary>
        Beta2: float
        /// <summary>β₃ in (0, 1), of the mean of squares. Default 0.99.</summary>
        Beta3: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0: proximal weight decay, w' = (w − u) / (1 + α λ). Default 0.</summary>
        WeightDecay: float
    }

    interface IRule with
        member _.Slots = [ "average"; "difference_average"; "square_average"; "previous_gradient" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Sweep(step, pass) =
            let shrink = h.LearningRate * h.WeightDecay

            pass.Run
                { AdanLaw.CorrectedRate = pass.Lift(h.LearningRate / Correction.weight h.Beta1 step)
                  CorrectedRate2 = pass.Lift(h.LearningRate * h.Beta2 / Correction.weight h.Beta2 step)
                  Beta2 = pass.Lift h.Beta2
                  Decay1 = pass.Decay h.Beta1
                  Decay2 = pass.Decay h.Beta2
                  Decay3 = pass.Decay h.Beta3
                  Correction3 = pass.Lift(1.0 / Correction.weight h.Beta3 step)
                  Epsilon = pass.Lift h.Epsilon
                  IsFirst = (step = 1L)
                  Zero = pass.Lift 0.0
                  Shrink = pass.Lift shrink
                  Share = pass.Lift(1.0 / (1.0 + shrink))
                  Decays = (h.WeightDecay <> 0.0) }

/// Δ = (a v₁ + b v₂) / (√(s/c₂) + ε) + shrink w.  Slots: v₁, v₂, s.
[<Struct; NoEquality; NoComparison>]
type internal AdEmaMixLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { OfFast: 'E
      OfSlow: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Decay3: Decay<'E>
      Correction2: 'E
      Epsilon: 'E
      Shrink: 'E
      Decays: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, w, slots) =
            let fast = law.Decay1.Mean(slots[0], g)
            let slow = law.Decay3.Mean(slots[1], g)
            let s = law.Decay2.Mean(slots[2], g * g)
            slots[0] <- fast
            slots[1] <- slow
            slots[2] <- s

            let delta =
                (law.OfFast * fast + law.OfSlow * slow) / 'E.Divisor('E.Root(s * law.Correction2) + law.Epsilon)

            if law.Decays then delta + law.Shrink * w else delta

/// <summary>Adam with a second, much slower mean of gradients beside the first.</summary>
type AdEmaMix =
    {
        /// <summary>The rate, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in (0, 1), of the fast mean. Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in (0, 1), of the mean of squares. Default 0.999.</summary>
        Beta2: float
        /// <summary>β₃ in (0, 1), of the slow mean. Default 0.9999.</summary>
        Beta3: float
        /// <summary>α, at least 0: the slow mean's weight. Default 5.</summary>
        Mixing: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0: decoupled weight decay, times the rate. Default 0.</summary>
        WeightDecay: float
        /// <summary>Steps over which α and β₃ rise to their values; 0, the default, is none.</summary>
        Warmup: int64
    }

    interface IRule with
        member _.Slots = [ "average"; "slow_average"; "square_average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Sweep(step, pass) =
            let struct (mixing, beta3) =
                if step >= h.Warmup then
                    struct (h.Mixing, h.Beta3)
                else
                    let share = float step / float h.Warmup
                    let first = log h.Beta1
                    let last = log h.Beta3
                    let beta = exp (first * last / ((1.0 - share) * last + share * first))
                    struct (h.Mixing * share, min h.Beta3 beta)

            pass.Run
                { AdEmaMixLaw.OfFast = pass.Lift(h.LearningRate / Correction.weight h.Beta1 step)
                  OfSlow = pass.Lift(h.LearningRate * mixing)
                  Decay1 = pass.Decay h.Beta1
                  Decay2 = pass.Decay h.Beta2
                  Decay3 = pass.Decay beta3
                  Correction2 = pass.Lift(1.0 / Correction.weight h.Beta2 step)
                  Epsilon = pass.Lift h.Epsilon
                  Shrink = pass.Lift(h.LearningRate * h.WeightDecay)
                  Decays = (h.WeightDecay <> 0.0) }

module internal AdamRules =
    open RuleKind

    let private clock = "P22", "its corrections count the steps"
    let private own = "P5", "each element has a rate of its own"
    let private beta1 get set = decay "beta1" "β₁, of the mean of gradients" get set
    let private beta2 get set = decay "beta2" "β₂, of the mean of squared gradients" get set

    let private weightDecay get set =
        number "decay" "λ, decoupled weight decay, times the rate" Range.nonNegative get set

    let adam =
        define
            Role.Rule
            "adam"
            (page
                "corrected means of gradients and of their squares"
                "v ← β₁ v + (1−β₁) g;  s ← β₂ s + (1−β₂) g²;  Δ = α v̂ / (√ŝ + ε), v̂ = v/(1−β₁ᵗ), ŝ = s/(1−β₂ᵗ)"
                "Kingma & Ba 2015, algorithm 1"
                "torch.optim.Adam, optax.adam (eps_root is inside=true)"
                [ clock; own ])
            { LearningRate = 1e-4
              Beta1 = 0.9
              Beta2 = 0.99
              Epsilon = 1e-8
              Correction = true
              Inside = false }
            [ rate (fun (h: Adam) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "beta1" "γ₁, of the mean of gradients" _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "γ₂, of the mean of squared gradients" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              flag "correction" "correct the means for their start at zero" _.Correction (fun v h -> { h with Correction = v })
              flag "inside" "ε within the root" _.Inside (fun v h -> { h with Inside = v }) ]

    let adamW =
        define
            Role.Rule
            "adamw"
            (page
                "Adam with weight decay beside it"
                "Δ = α v̂ / (√ŝ + ε) + α λ w"
                "Loshchilov & Hutter 2019, algorithm 2, with the rate in front of λ"
                "torch.optim.AdamW, optax.adamw"
                [ clock; own; "P16", "its decay does not go through the means: that is its point" ])
            { AdamW.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8; WeightDecay = 0.01 }
            [ rate (fun (h: AdamW) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              weightDecay _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let amsGrad =
        define
            Role.Rule
            "amsgrad"
            (page
                "Adam with the largest mean of squares so far"
                "x ← max(x, s);  Δ = α v̂ / (√(x/(1−β₂ᵗ)) + ε)"
                "Reddi, Kale & Kumar 2018, algorithm 2, with Adam's corrections"
                "torch.optim.Adam(amsgrad=True); Optax takes the largest of the corrected"
                [ clock; own ])
            { AmsGrad.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }
            [ rate (fun (h: AmsGrad) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let adaMax =
        define
            Role.Rule
            "adamax"
            (page
                "Adam with the largest of decaying gradients"
                "u ← max(β₂ u, |g| + ε);  Δ = α v̂ / u"
                "Kingma & Ba 2015, algorithm 2"
                "torch.optim.Adamax"
                [ clock; own ])
            { AdaMax.LearningRate = 2e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }
            [ rate (fun (h: AdaMax) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, of the largest gradient" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let nAdam =
        define
            Role.Rule
            "nadam"
            (page
                "Adam that looks one step ahead"
                "Δ = α ((1−μ_t)/(1−Πμ) g + μ_{t+1}/(1−Πμ μ_{t+1}) v) / (√ŝ + ε), μ_t = β₁ (1 − ½ 0.96^{tψ})"
                "Dozat 2016, algorithm 2"
                "torch.optim.NAdam since version 2; with legacy=true, before it"
                [ clock; own ])
            { NAdam.LearningRate = 2e-3
              Beta1 = 0.9
              Beta2 = 0.999
              Epsilon = 1e-8
              MomentumDecay = 0.004
              Legacy = false }
            [ rate (fun (h: NAdam) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              detail "momentum_decay" "ψ, how fast the momentum goes to β₁" Range.nonNegative _.MomentumDecay (fun v h ->
                  { h with MomentumDecay = v })
              flag "legacy" "μ_t twice, as in PyTorch before version 2" _.Legacy (fun v h -> { h with Legacy = v }) ]

    let rAdam =
        define
            Role.Rule
            "radam"
            (page
                "Adam that divides only when the mean of squares can be trusted"
                "ρ = ρ∞ − 2tβ₂ᵗ/(1−β₂ᵗ);  ρ > 5: Δ = α r v̂ √(1−β₂ᵗ)/(√s + ε);  otherwise Δ = α v̂"
                "Liu et al. 2020, algorithm 2, threshold 5"
                "torch.optim.RAdam"
                [ clock; own; "P9", "its first steps go with the gradient" ])
            { RAdam.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }
            [ rate (fun (h: RAdam) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let adaBelief =
        define
            Role.Rule
            "adabelief"
            (page
                "Adam that divides by how far gradients are from their mean"
                "s ← β₂ s + (1−β₂) (g−v)² + ε;  Δ = α v̂ / (√ŝ + ε)"
                "Zhuang et al. 2020, algorithm 2"
                "the authors' package (rectify=False, weight_decouple=False); optax.adabelief(eps_root=eps)"
                [ clock; own; "P9", "its ε has two units" ])
            { AdaBelief.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-16 }
            [ rate (fun (h: AdaBelief) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, of the mean of squared surprises" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let yogi =
        define
            Role.Rule
            "yogi"
            (page
                "Adam whose mean of squares moves by a share of g² at most"
                "s ← s − (1−β₂) sign(s − g²) g²;  Δ = α v / (√s + ε)"
                "Zaheer et al. 2018, algorithm 2"
                "with correction=true pytorch_optimizer and TF Addons; optax.yogi also starts v at 1e-6"
                [ own; "P9", "the start of its sum has a unit"; "P22", "with correction it counts the steps" ])
            { Yogi.LearningRate = 0.01
              Beta1 = 0.9
              Beta2 = 0.999
              Epsilon = 1e-3
              Initial = 1e-6
              Correction = false }
            [ rate (fun (h: Yogi) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              detail "initial" "the mean of squares at the start" Range.nonNegative _.Initial (fun v h -> { h with Initial = v })
              flag "correction" "correct both means as Adam does" _.Correction (fun v h -> { h with Correction = v }) ]

    let adan =
        define
            Role.Rule
            "adan"
            (page
                "means of gradients, of their differences, and of the squares of what both foretell"
                "d = g − p;  v₁, v₂ of g, d;  n of (g + β₂ d)²;  u = α (v̂₁ + β₂ v̂₂) / (√n̂ + ε);  w' = (w − u)/(1 + αλ)"
                "Xie et al. 2022, algorithm 1, with the authors' corrections"
                "sail-sg/Adan"
                [ clock; own; "P32", "with decay the rate also divides" ])
            { Adan.LearningRate = 1e-3
              Beta1 = 0.98
              Beta2 = 0.92
              Beta3 = 0.99
              Epsilon = 1e-8
              WeightDecay = 0.0 }
            [ rate (fun (h: Adan) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, of the mean of differences" _.Beta2 (fun v h -> { h with Beta2 = v })
              decay "beta3" "β₃, of the mean of squares" _.Beta3 (fun v h -> { h with Beta3 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              detail "decay" "λ, proximal weight decay" Range.nonNegative _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let adEmaMix =
        define
            Role.Rule
            "ademamix"
            (page
                "Adam with a second, much slower mean of gradients"
                "Δ = lr ((v̂₁ + α v₂) / (√ŝ + ε) + λ w), v₂ the mean with β₃"
                "Pagliardini, Ablin & Grangier 2024, algorithm 1"
                "apple/ml-ademamix, whose logarithms add 1e-8"
                [ clock; own ])
            { AdEmaMix.LearningRate = 1e-3
              Beta1 = 0.9
              Beta2 = 0.999
              Beta3 = 0.9999
              Mixing = 5.0
              Epsilon = 1e-8
              WeightDecay = 0.0
              Warmup = 0L }
            [ rate (fun (h: AdEmaMix) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              decay "beta3" "β₃, of the slow mean" _.Beta3 (fun v h -> { h with Beta3 = v })
              number "alpha" "α, the slow mean's weight" Range.nonNegative _.Mixing (fun v h -> { h with Mixing = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              detail "decay" "λ, decoupled weight decay" Range.nonNegative _.WeightDecay (fun v h -> { h with WeightDecay = v })
              whole "warmup" "steps over which α and β₃ rise" Range.countsOrNone true _.Warmup (fun v h -> { h with Warmup = v }) ]

    let all =
        [ adamW.Kind
          amsGrad.Kind
          adaMax.Kind
          nAdam.Kind
          rAdam.Kind
          adaBelief.Kind
          yogi.Kind
          adan.Kind
          adEmaMix.Kind ]
