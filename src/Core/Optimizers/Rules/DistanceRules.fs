namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Collections.Generic
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Rules without a learning rate: they estimate the distance from the initial parameters to the solution, with norms over all tensors.

/// Δ = rate g. Keeps the initial parameters.  Slots: w₀.
[<Struct; NoEquality; NoComparison>]
type internal DistanceUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      IsFirst: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            if update.IsFirst then
                slots[0] <- w

            update.Rate * g

module internal Distance =
    /// Adds ‖g‖² and ‖w − w₀‖². At the first step, adds ‖w₀‖² instead of the latter.
    let reduce (step: int64) (slice: TensorSlice<'T>) : unit when 'T: unmanaged and 'T :> System.Numerics.IFloatingPointIeee754<'T> =
        slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient

        if step = 1L then
            slice.Sums[1] <- slice.Sums[1] + Reductions.squares slice.Parameters
        else
            slice.Sums[1] <-
                slice.Sums[1]
                + Reductions.squaresOfDifferences slice.Parameters (Span<'T>.op_Implicit(slice.Slot 0))

/// <summary>
/// Gradient descent without a tuned learning rate. The rate is the largest distance from the initial parameters so far, divided by the root
/// of the sum of squared gradient norms.
/// </summary>
type Dog =
    {
        /// <summary>An extra factor, at least 0. Default 1.</summary>
        LearningRate: float
        /// <summary>The initial distance, relative to 1 + ‖w₀‖; above 0. Default 1e-6.</summary>
        InitialDistance: float
        /// <summary>ε, at least 0: the initial sum of squared norms. Default 1e-8.</summary>
        Epsilon: float
    }

    interface IReducingRule with
        member _.Slots = [ "initial" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "distance"; "square_sum" ]
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(step, slice) = Distance.reduce step slice

        member h.Decide(step, decision) =
            if step = 1L then
                decision[0] <- h.InitialDistance * (1.0 + sqrt (decision.Total 1))
                decision[1] <- h.Epsilon
            else
                decision[0] <- max decision[0] (sqrt (decision.Total 1))

            decision[1] <- decision[1] + decision.Total 0
            let root = sqrt decision[1]
            decision.DecideAll(0, (if root = 0.0 then 0.0 else h.LearningRate * decision[0] / root))
            true

        member _.Update(step, loop) =
            loop.Run { DistanceUpdate.Rate = loop.LiftFinite(loop.Coefficient 0); IsFirst = (step = 1L) }

/// <summary>DoG with each squared gradient norm weighted by the squared distance of its step.</summary>
type Dowg =
    {
        /// <summary>ε, above 0: the initial squared distance, also added to the root. Default 0.0001.</summary>
        Epsilon: float
    }

    interface IReducingRule with
        member _.Slots = [ "initial" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "square_distance"; "weighted_sum" ]
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(step, slice) = Distance.reduce step slice

        member h.Decide(step, decision) =
            decision[0] <- if step = 1L then h.Epsilon else max decision[0] (decision.Total 1)
            decision[1] <- decision[1] + decision[0] * decision.Total 0
            decision.DecideAll(0, decision[0] / (sqrt decision[1] + h.Epsilon))
            true

        member _.Update(step, loop) =
            loop.Run { DistanceUpdate.Rate = loop.LiftFinite(loop.Coefficient 0); IsFirst = (step = 1L) }

/// m ← β₁ m + (1−β₁) d g;  v ← β₂ v + (1−β₂) q g²;  s ← β s + p g;  Δ = rate m / (√v + ε) + shrink w.  Slots: m, v, s, and w₀.
[<Struct; NoEquality; NoComparison>]
type internal EstimatingUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Keep1: 'E
      Take1: 'E
      Keep2: 'E
      Take2: 'E
      KeepSum: 'E
      TakeSum: 'E
      Epsilon: 'E
      Shrink: 'E
      KeepsInitial: bool
      IsFirst: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let m = update.Keep1 * slots[0] + update.Take1 * g
            let v = update.Keep2 * slots[1] + update.Take2 * (g * g)
            slots[0] <- m
            slots[1] <- v
            slots[2] <- update.KeepSum * slots[2] + update.TakeSum * g

            if update.KeepsInitial && update.IsFirst then
                slots[3] <- w

            update.Rate * m / 'E.RootDivisor('E.Root v + update.Epsilon) + update.Shrink * w

/// Computes sums for the rules with a distance estimate, in the precision of the elements, as their updates do.
module internal Estimates =
    let private noSlots: IReadOnlyList<string> = []

    /// Computes s ← β s + p g, exactly as the update will.
    [<Struct; NoEquality; NoComparison>]
    type private GradientSumUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
        { Keep: 'E
          Take: 'E }

        interface IUpdate<'E> with
            [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
            member update.Delta(g, _, slots) = update.Keep * slots[2] + update.Take * g

    [<Struct; NoEquality; NoComparison>]
    type private GradientSum =
        { KeepSum: float
          TakeSum: float }

        interface IRule with
            member _.Slots = noSlots
            member _.NeedsParameters = false

            member rule.Update(_, loop) =
                loop.Run { GradientSumUpdate.Keep = loop.Lift rule.KeepSum; Take = loop.Lift rule.TakeSum }

    /// Computes s / (√v + ε), with v of this step and s of the previous step.
    [<Struct; NoEquality; NoComparison>]
    type private QuotientUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
        { Keep2: 'E
          Take2: 'E
          Epsilon: 'E }

        interface IUpdate<'E> with
            [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
            member update.Delta(g, _, slots) =
                let v = update.Keep2 * slots[1] + update.Take2 * (g * g)
                slots[2] / 'E.RootDivisor('E.Root v + update.Epsilon)

    [<Struct; NoEquality; NoComparison>]
    type private Quotient =
        { Beta2: float
          Epsilon: float }

        interface IRule with
            member _.Slots = noSlots
            member _.NeedsParameters = false

            member rule.Update(_, loop) =
                loop.Run
                    { QuotientUpdate.Keep2 = loop.Lift rule.Beta2
                      Take2 = loop.Lift(1.0 - rule.Beta2)
                      Epsilon = loop.Lift rule.Epsilon }

    /// Computes w₀ − w.
    [<Struct; NoEquality; NoComparison>]
    type private WayUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
        interface IUpdate<'E> with
            [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
            member _.Delta(_, w, slots) = slots[3] - w

    [<Struct; NoEquality; NoComparison>]
    type private Way =
        interface IRule with
            member _.Slots = noSlots
            member _.NeedsParameters = true
            member _.Update(_, loop: UpdateLoop<'E>) = loop.Run(WayUpdate<'E>())

    /// Returns ‖s‖₁, with s of this step.
    let length (keep: float) (take: float) (slice: TensorSlice<'T>) : float =
        let rented = ArrayPool<'T>.Shared.Rent slice.Gradient.Length
        let terms = Span(rented, 0, slice.Gradient.Length)
        UpdateKernel.measure { KeepSum = keep; TakeSum = take } slice terms
        let sum = Reductions.magnitudes (Span<'T>.op_Implicit terms)
        ArrayPool<'T>.Shared.Return rented
        sum

    let private product (rule: 'R) (slice: TensorSlice<'T>) : float when 'R :> IRule =
        let rented = ArrayPool<'T>.Shared.Rent slice.Gradient.Length
        let terms = Span(rented, 0, slice.Gradient.Length)
        UpdateKernel.measure rule slice terms
        let sum = Reductions.products slice.Gradient (Span<'T>.op_Implicit terms)
        ArrayPool<'T>.Shared.Return rented
        sum

    /// Returns ⟨g, s / (√v + ε)⟩.
    let productWithSum (beta2: float) (epsilon: float) (slice: TensorSlice<'T>) = product { Beta2 = beta2; Epsilon = epsilon } slice

    /// Returns ⟨g, w₀ − w⟩.
    let productWithWay (slice: TensorSlice<'T>) = product (Way()) slice

/// <summary>Adam whose learning rate is a lower bound of the distance to the solution (D-Adaptation).</summary>
type DAdaptAdam =
    {
        /// <summary>α, at least 0: a factor of the estimate. Default 1.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0: decoupled weight decay, times α and the estimate. Default 0.</summary>
        WeightDecay: float
        /// <summary>The initial estimate, above 0. Default 1e-6.</summary>
        InitialEstimate: float
    }

    interface IReducingRule with
        member _.Slots = [ "average"; "square_average"; "gradient_sum" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0
        member _.Scalars _ = [ "estimate"; "product" ]
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = false

        member h.Prepare(step, decision) =
            if step = 1L then
                decision[0] <- h.InitialEstimate

            decision.DecideAll(0, decision[0] * h.LearningRate)
            true

        member h.Reduce(_, slice: TensorSlice<'T>) =
            let keep = sqrt h.Beta2
            let take = (1.0 - keep) * slice.Coefficients[0]
            slice.Sums[0] <- slice.Sums[0] + Estimates.productWithSum h.Beta2 h.Epsilon slice
            slice.Sums[1] <- slice.Sums[1] + Estimates.length keep take slice

        member h.Decide(_, decision) =
            let keep = sqrt h.Beta2
            decision[1] <- keep * decision[1] + (1.0 - keep) * decision[0] * h.LearningRate * decision.Total 0
            let length = decision.Total 1

            if length > 0.0 then
                decision[0] <- max decision[0] (decision[1] / ((1.0 - keep) * length))

            true

        member h.Update(_, loop) =
            let rate = loop.Coefficient 0
            let keep = sqrt h.Beta2

            loop.Run
                { EstimatingUpdate.Rate = loop.Lift 1.0
                  Keep1 = loop.Lift h.Beta1
                  Take1 = loop.Lift((1.0 - h.Beta1) * rate)
                  Keep2 = loop.Lift h.Beta2
                  Take2 = loop.Lift(1.0 - h.Beta2)
                  KeepSum = loop.Lift keep
                  TakeSum = loop.Lift((1.0 - keep) * rate)
                  Epsilon = loop.Lift h.Epsilon
                  Shrink = loop.Lift(h.WeightDecay * rate)
                  KeepsInitial = false
                  IsFirst = false }

/// <summary>Adam whose learning rate is an estimate of the distance to the solution. It grows faster than D-Adaptation's.</summary>
type Prodigy =
    {
        /// <summary>α, at least 0: a factor of the estimate. Default 1.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>β₃ in [0, 1), the decay of the sums for the estimate. NaN, the default, means √β₂.</summary>
        Beta3: float
        /// <summary>ε, at least 0, multiplied by the estimate. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0: decoupled weight decay, times α and the estimate. Default 0.</summary>
        WeightDecay: float
        /// <summary>The initial estimate, above 0. Default 1e-6.</summary>
        InitialEstimate: float
        /// <summary>A factor of new estimates, above 0. Default 1.</summary>
        Coefficient: float
    }

    member private h.KeepSum = if Double.IsNaN h.Beta3 then sqrt h.Beta2 else h.Beta3

    /// The weight of a gradient in the sums.
    member private h.TakeSum(estimate: float) = (1.0 - h.KeepSum) * h.LearningRate * estimate * estimate

    interface IReducingRule with
        member _.Slots = [ "average"; "square_average"; "gradient_sum"; "initial" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "estimate"; "product" ]
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = false

        member h.Prepare(step, decision) =
            if step = 1L then
                decision[0] <- h.InitialEstimate

            decision.DecideAll(0, decision[0])
            true

        member h.Reduce(step, slice) =
            if step > 1L then
                slice.Sums[0] <- slice.Sums[0] + Estimates.productWithWay slice

            slice.Sums[1] <- slice.Sums[1] + Estimates.length h.KeepSum (h.TakeSum slice.Coefficients[0]) slice

        member h.Decide(_, decision) =
            decision[1] <- h.KeepSum * decision[1] + h.TakeSum decision[0] * decision.Total 0
            let length = decision.Total 1

            if length > 0.0 then
                decision[0] <- max decision[0] (h.Coefficient * decision[1] / length)

            true

        member h.Update(step, loop) =
            let estimate = loop.Coefficient 0

            loop.Run
                { EstimatingUpdate.Rate = loop.Lift(h.LearningRate * estimate)
                  Keep1 = loop.Lift h.Beta1
                  Take1 = loop.Lift((1.0 - h.Beta1) * estimate)
                  Keep2 = loop.Lift h.Beta2
                  Take2 = loop.Lift((1.0 - h.Beta2) * estimate * estimate)
                  KeepSum = loop.Lift h.KeepSum
                  TakeSum = loop.Lift(h.TakeSum estimate)
                  Epsilon = loop.Lift(estimate * h.Epsilon)
                  Shrink = loop.Lift(h.WeightDecay * h.LearningRate * estimate)
                  KeepsInitial = true
                  IsFirst = (step = 1L) }

module internal DistanceRules =
    open RuleKind

    let private whole = "P23", "sums are over all tensors"
    let private own = "P5", "each element has its own effective learning rate"

    let dog =
        define
            Role.Rule
            "dog"
            (documentation
                "the gradient times the distance from the start, divided by the root of the sum of squared gradient norms; lr is a factor"
                "r ← max(r, ‖w − w₀‖);  G ← G + ‖g‖²;  Δ = lr r/√G g"
                "Ivgi, Hinder & Carmon 2023, section 2"
                "formll/dog; optax.contrib.dog"
                { Rate = "outside, as a factor of the distance, which takes the place of the learning rate"
                  Epsilon = "inside the root, as the start of the sum"
                  InitialState = [ "initial", "the parameters"; "distance", "reps (1 + ‖w₀‖)"; "square_sum", "eps" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ whole
                  "P9", "its ε has the unit of squared gradients"
                  "P32", "later steps depend on the distance of earlier steps" ])
            { Dog.LearningRate = 1.0; InitialDistance = 1e-6; Epsilon = 1e-8 }
            [ rate (fun (h: Dog) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "reps" "the initial distance, relative to 1 + ‖w₀‖" ArgumentRange.positive _.InitialDistance (fun v h ->
                  { h with InitialDistance = v })
              detail "eps" "ε, the initial sum" ArgumentRange.nonNegative _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let dowg =
        define
            Role.Rule
            "dowg"
            (documentation
                "dog with each norm weighted by the distance at its step; it has no lr"
                "ρ ← max(ρ, ‖w − w₀‖²);  v ← v + ρ ‖g‖²;  Δ = ρ g / (√v + ε)"
                "Khaled, Mishchenko & Jin 2023, algorithm 1"
                "the authors' code; optax.contrib.dowg"
                { Rate = "none"
                  Epsilon = "outside the root; it is also the initial squared distance"
                  InitialState = [ "initial", "the parameters"; "square_distance", "eps"; "weighted_sum", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ whole; "P9", "its ε is used with two units"; "P32", "it has no learning rate" ])
            { Dowg.Epsilon = 1e-4 }
            [ number "eps" "ε, the initial squared distance" ArgumentRange.positive (fun (h: Dowg) -> h.Epsilon) (fun v h ->
                  { h with Epsilon = v }) ]

    let private first get set = detail "d0" "the initial estimate" ArgumentRange.positive get set

    let dAdaptAdam =
        define
            Role.Rule
            "dadapt_adam"
            (documentation
                "Adam with an estimate of the distance to the solution in place of the learning rate; lr is a factor"
                "κ = d lr;  m ← β₁m + (1−β₁) κ g;  v is the mean of g²;  A = √v + ε;  r ← √β₂ r + (1−√β₂) κ⟨g, s/A⟩;  s ← √β₂ s + (1−√β₂) κ g;  Δ = m/A;  d ← max(d, r/((1−√β₂)‖s‖₁))"
                "Defazio & Mishchenko 2023, Adam with D-Adaptation"
                "the authors' package, except that it uses A from before the step and decays through the gradient"
                { Rate = "inside the mean of gradients, times the estimate"
                  Epsilon = "outside the uncorrected root"
                  InitialState = [ "average", "0"; "square_average", "0"; "gradient_sum", "0"; "estimate", "d0"; "product", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "decoupled, multiplied by the learning rate and the estimate" }
                [ whole; own; "P32", "the estimate contains the learning rate" ])
            { DAdaptAdam.LearningRate = 1.0
              Beta1 = 0.9
              Beta2 = 0.999
              Epsilon = 1e-8
              WeightDecay = 0.0
              InitialEstimate = 1e-6 }
            [ rate (fun (h: DAdaptAdam) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "beta1" "β₁, the decay of the mean of gradients" _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, the decay of the mean of squared gradients" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              weightDecay "decay" "λ, decoupled weight decay" true _.WeightDecay (fun v h -> { h with WeightDecay = v })
              first _.InitialEstimate (fun v h -> { h with InitialEstimate = v }) ]

    let prodigy =
        define
            Role.Rule
            "prodigy"
            (documentation
                "Adam with an estimate of the distance to the solution in place of the learning rate; the estimate grows faster than that of dadapt_adam, and lr is a factor"
                "r ← β₃r + (1−β₃) α d²⟨g, w₀−w⟩;  s ← β₃s + (1−β₃) α d² g;  m, v are the means of d g, d² g²;  Δ = α d m/(√v + d ε);  d ← max(d, r/‖s‖₁)"
                "Mishchenko & Defazio 2024, algorithm 4"
                "the authors' package, except that its d ε uses the next d"
                { Rate = "outside, times the estimate; the estimate's sums contain it too"
                  Epsilon = "outside the uncorrected root, times the estimate"
                  InitialState =
                    [ "average", "0"
                      "square_average", "0"
                      "gradient_sum", "0"
                      "initial", "the parameters"
                      "estimate", "d0"
                      "product", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "decoupled, multiplied by the learning rate and the estimate" }
                [ whole; own; "P32", "the estimate contains the learning rate" ])
            { Prodigy.LearningRate = 1.0
              Beta1 = 0.9
              Beta2 = 0.999
              Beta3 = nan
              Epsilon = 1e-8
              WeightDecay = 0.0
              InitialEstimate = 1e-6
              Coefficient = 1.0 }
            [ rate (fun (h: Prodigy) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "beta1" "β₁, the decay of the mean of gradients" _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, the decay of the mean of squared gradients" _.Beta2 (fun v h -> { h with Beta2 = v })
              detail "beta3" "β₃, the decay of the sums of the estimate; the default is √β₂" ArgumentRange.belowOne _.Beta3 (fun v h ->
                  { h with Beta3 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              weightDecay "decay" "λ, decoupled weight decay" true _.WeightDecay (fun v h -> { h with WeightDecay = v })
              first _.InitialEstimate (fun v h -> { h with InitialEstimate = v })
              detail "coefficient" "the factor of new estimates" ArgumentRange.positive _.Coefficient (fun v h ->
                  { h with Coefficient = v }) ]
