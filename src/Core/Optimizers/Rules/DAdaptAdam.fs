namespace CuteDl.Core.Optimizers

open System
open System.Buffers
open System.Collections.Generic
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: m, v, s, and w₀.
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
    { [<Rate(1.0, Shared = false, Summary = "a factor of the estimate, which takes the place of the learning rate")>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.999)>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<WeightDecay(0.0, "λ, decoupled weight decay")>]
      WeightDecay: float
      [<Number("d0", 1e-6, "the initial estimate", Above = 0.0, Technical = true)>]
      InitialEstimate: float }

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

    interface IDescribed<DAdaptAdam> with
        static member Description =
            { Name = "dadapt_adam"
              Summary = "Adam with an estimate of the distance to the solution in place of the learning rate; lr is a factor"
              Formula =
                "κ = d lr;  m ← β₁m + (1−β₁) κ g;  v is the mean of g²;  A = √v + ε;  r ← √β₂ r + (1−√β₂) κ⟨g, s/A⟩;  s ← √β₂ s + (1−√β₂) κ g;  Δ = m/A;  d ← max(d, r/((1−√β₂)‖s‖₁));  in the state, r is product, s is gradient_sum"
              Source = "Defazio & Mishchenko 2023, Adam with D-Adaptation"
              Traits = []
              Exempt = [ Exemption.sumsOfAll; Exemption.ownRates; Exemption.estimateOfRate ]
              Role =
                Role.Rule
                    { Reproduces = "the authors' package, except that it uses A from before the step and decays through the gradient"
                      Rate = RatePlace.Inside "the mean of gradients, times the estimate"
                      Epsilon = EpsilonPlace.Outside "the uncorrected root"
                      InitialState =
                        [ "average", InitialValue.Zero
                          "square_average", InitialValue.Zero
                          "gradient_sum", InitialValue.Zero
                          "estimate", InitialValue.Argument "d0"
                          "product", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.Decoupled "multiplied by the learning rate and the estimate"
                      Learns = { Optimizer = "dadapt_adam(lr=1)"; Accuracy = 0.9620; Note = "" } } }
