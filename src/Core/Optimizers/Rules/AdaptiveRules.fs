namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates
open CuteDl.Core.Optimizers

// Rules that divide the learning rate by the size of earlier gradients.

/// √x + ε, or √(x + ε).
[<Struct; NoEquality; NoComparison>]
type internal Root<'E when 'E: struct and 'E :> IElement<'E>> =
    { Epsilon: 'E
      Inside: bool }

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    member root.Of(value: 'E) : 'E =
        if root.Inside then 'E.Root(value + root.Epsilon) else 'E.Root value + root.Epsilon

/// s ← s + first + g²;  Δ = α g / root(s).  Slots: s.
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

/// <summary>Divides the learning rate by the root of the sum of all squared gradients: s ← s + g², Δ = α g / (√s + ε).</summary>
/// <remarks>
/// The sum never decreases, so a gradient too large to square would stop its element permanently. Such a gradient throws
/// <c>NonFiniteStateException</c> instead.
/// </remarks>
type Adagrad =
    {
        /// <summary>α, at least 0. Default 0.1.</summary>
        LearningRate: float
        /// <summary>ε, at least 0. Default 1e-6.</summary>
        Epsilon: float
        /// <summary>The initial sum, at least 0. Default 0.</summary>
        Initial: float
        /// <summary>The decay of the learning rate, α / (1 + (t−1) · this); at least 0. Default 0.</summary>
        RateDecay: float
        /// <summary>True to use √(s + ε) instead of √s + ε. Default false.</summary>
        Inside: bool
    }

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

/// s ← γ s + (1−γ) g²;  a ← γ a + (1−γ) g;  n = g / root(s − a²);  v ← μ v + n;  Δ = α v.  Slots: s; a if centered; v with momentum.
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

/// <summary>Divides the learning rate by the root of a decaying mean of squared gradients: s ← γ s + (1−γ) g², Δ = α g / (√s + ε).</summary>
type RmsProp =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ in [0, 1). Default 0.99.</summary>
        Decay: float
        /// <summary>ε, at least 0. Default 1e-6.</summary>
        Epsilon: float
        /// <summary>True to divide by the standard deviation √(s − a²), where a is the mean of gradients (Graves 2013). Default false.</summary>
        Centered: bool
        /// <summary>μ in [0, 1), the decay of a velocity with the learning rate outside. Default 0: no velocity.</summary>
        Momentum: float
        /// <summary>True to use √(s + ε) instead of √s + ε. Default false.</summary>
        Inside: bool
    }

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

/// s ← γ s + (1−γ) g²;  u = root_δ(d) / root(s) g;  d ← γ d + (1−γ) u²;  Δ = α u.  Slots: s, d.
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
    {
        /// <summary>γ in [0, 1). Default 0.99.</summary>
        Decay: float
        /// <summary>ε, at least 0. Default 1e-6. With 0, the parameters never change.</summary>
        Epsilon: float
        /// <summary>ε for the squared steps, in the unit of the parameters. NaN, the default, means the value of ε.</summary>
        DeltaEpsilon: float
        /// <summary>α, at least 0, an extra factor. Default 1.</summary>
        LearningRate: float
        /// <summary>True to use √(s + ε) instead of √s + ε, as Zeiler prints it. Default false.</summary>
        Inside: bool
    }

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

module internal AdaptiveRules =
    open RuleKind

    let private inside get set = flag "inside" "put ε inside the root" get set

    let adagrad =
        define
            Role.Rule
            "adagrad"
            (documentation
                "the learning rate divided by the root of the sum of squared gradients"
                "s ← s + g²;  Δ = α g / (√s + ε)"
                "Duchi, Hazan & Singer 2011, eq. 1"
                "torch.optim.Adagrad(eps=1e-10); keras and optax.adagrad with inside=true, initial=0.1, eps=1e-7"
                { Rate = "outside the slots"
                  Epsilon = "outside the root; with inside=true, inside it"
                  InitialState = [ "square_sum", "initial" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ "P5", "each element has its own effective learning rate"
                  "P22", "with lr_decay, the learning rate depends on the number of steps" ])
            { LearningRate = 0.1; Epsilon = 1e-6; Initial = 0.0; RateDecay = 0.0; Inside = false }
            [ rate (fun (h: Adagrad) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              detail "initial" "the initial sum" ArgumentRange.nonNegative _.Initial (fun v h -> { h with Initial = v })
              detail
                  "lr_decay"
                  "the decrease of the learning rate, α / (1 + (t−1) · this)"
                  ArgumentRange.nonNegative
                  _.RateDecay
                  (fun v h -> { h with RateDecay = v })
              inside _.Inside (fun v h -> { h with Inside = v }) ]

    let rmsProp =
        define
            Role.Rule
            "rmsprop"
            (documentation
                "the learning rate divided by the root of the mean of recent squared gradients"
                "s ← γ s + (1−γ) g²;  Δ = α g / (√s + ε)"
                "Tieleman & Hinton 2012, lecture 6.5; centred: Graves 2013, eqs. 38-41"
                "torch.optim.RMSprop(alpha=γ, eps=1e-8, centered, momentum); optax.rmsprop with inside=true"
                { Rate = "outside, also outside the velocity"
                  Epsilon = "outside the root; with inside=true, inside it"
                  InitialState = [ "square_average", "0"; "average", "0"; "velocity", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ "P5", "each element has its own effective learning rate" ])
            { LearningRate = 1e-4
              Decay = 0.99
              Epsilon = 1e-6
              Centered = false
              Momentum = 0.0
              Inside = false }
            [ rate (fun (h: RmsProp) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "decay" "γ, the decay of the mean of squared gradients" _.Decay (fun v h -> { h with Decay = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              flag "centered" "division by the deviation from the mean gradient" _.Centered (fun v h -> { h with Centered = v })
              detail "momentum" "μ, the momentum of the velocity; 0 disables it" ArgumentRange.belowOne _.Momentum (fun v h ->
                  { h with Momentum = v })
              inside _.Inside (fun v h -> { h with Inside = v }) ]

    let adadelta =
        define
            Role.Rule
            "adadelta"
            (documentation
                "the size of recent steps divided by the size of recent gradients; lr is a factor of the step"
                "s ← γ s + (1−γ) g²;  u = (√d + ε) / (√s + ε) g;  d ← γ d + (1−γ) u²;  Δ = α u"
                "Zeiler 2012, algorithm 1"
                "torch.optim.Adadelta(lr=1, rho=γ) with inside=true"
                { Rate = "outside, as a factor of the step; the original formula has no learning rate"
                  Epsilon = "outside both roots; with inside=true, inside them"
                  InitialState = [ "square_average", "0"; "delta_square_average", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ "P5", "each element has its own effective learning rate" ])
            { Decay = 0.99; Epsilon = 1e-6; DeltaEpsilon = nan; LearningRate = 1.0; Inside = false }
            [ decay "decay" "γ, the decay of both means of squares" (fun (h: Adadelta) -> h.Decay) (fun v h -> { h with Decay = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              detail "eps_delta" "ε of the steps; the default is eps" ArgumentRange.nonNegative _.DeltaEpsilon (fun v h ->
                  { h with DeltaEpsilon = v })
              detail "lr" "α, a factor of the whole step" ArgumentRange.nonNegative _.LearningRate (fun v h -> { h with LearningRate = v })
              inside _.Inside (fun v h -> { h with Inside = v }) ]
