/// The six updates of the source document, for elements of any type.
module CuteDl.Core.Optimizers.DocumentUpdates

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// <summary>Δ = α g</summary>
[<Struct; NoEquality; NoComparison>]
type FixedUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, _) = update.Rate * g

/// <summary>v ← γ v + α g;  Δ = v.  Slots: v.</summary>
[<Struct; NoEquality; NoComparison>]
type MomentumUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay * slots[0] + update.Rate * g
            slots[0] <- v
            v

/// <summary>s ← s + g²;  Δ = α g / (√s + ε).  Slots: s.</summary>
[<Struct; NoEquality; NoComparison>]
type AdagradUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let s = slots[0] + g * g
            slots[0] <- s
            update.Rate * g / 'E.RootDivisor('E.Root s + update.Epsilon)

/// <summary>s ← γ s + (1−γ) g²;  Δ = α g / (√s + ε).  Slots: s.</summary>
[<Struct; NoEquality; NoComparison>]
type RmsPropUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: Decay<'E>
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let s = update.Decay.Mean(slots[0], g * g)
            slots[0] <- s
            update.Rate * g / 'E.RootDivisor('E.Root s + update.Epsilon)

/// <summary>s ← γ s + (1−γ) g²;  Δ = (√d + ε) / (√s + ε) g;  d ← γ d + (1−γ) Δ².  Slots: s, d.</summary>
[<Struct; NoEquality; NoComparison>]
type AdadeltaUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Decay: Decay<'E>
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let s = update.Decay.Mean(slots[0], g * g)
            let d = slots[1]
            let delta = ('E.Root d + update.Epsilon) / 'E.RootDivisor('E.Root s + update.Epsilon) * g
            slots[0] <- s
            slots[1] <- update.Decay.Mean(d, delta * delta)
            delta

/// <summary>
/// v ← β₁ v + (1−β₁) g;  s ← β₂ s + (1−β₂) g²;  Δ = α v̂ / (√ŝ + ε)  with v̂ = v / (1−β₁ᵗ), ŝ = s / (1−β₂ᵗ).  Slots: v, s.
/// </summary>
[<Struct; NoEquality; NoComparison>]
type AdamUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    {
        /// α / (1−β₁ᵗ)
        CorrectedRate: 'E
        Decay1: Decay<'E>
        Decay2: Decay<'E>
        /// 1 / (1−β₂ᵗ)
        Correction2: 'E
        Epsilon: 'E
    }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay1.Mean(slots[0], g)
            let s = update.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s
            update.CorrectedRate * v / 'E.RootDivisor('E.Root(s * update.Correction2) + update.Epsilon)
