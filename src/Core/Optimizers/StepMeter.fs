namespace CuteDl.Core.Optimizers

open System

/// The sums of one tensor during a step.
[<Struct; NoEquality; NoComparison>]
type internal TensorSums =
    val mutable Gradient: float
    val mutable RuleGradient: float
    val mutable Update: float
    val mutable Parameters: float
    val mutable NonFinite: int
    val mutable HasStepped: bool

/// Adds up the measurements of a step, block by block.
[<Sealed>]
type internal StepMeter(plan: Plan) =
    let sums: TensorSums array = Array.zeroCreate plan.Tensors.Length

    let clipped: int array array =
        Array.init plan.Tensors.Length (fun k ->
            let isClip (probe: Probe) =
                match probe with
                | Probe.Clips _ -> true
                | Probe.EntersRule
                | Probe.Nothing -> false

            let clips =
                plan.SegmentsOf k
                |> Array.sumBy (fun segment ->
                    (segment.Probes |> Array.filter isClip).Length + (if isClip segment.HeadProbe then 1 else 0))

            Array.zeroCreate clips)

    /// Prepares for a step.
    member _.Reset() : unit =
        Array.Clear sums

        for counts in clipped do
            Array.Clear counts

    /// Measures a block of the given gradient.
    member _.AddGradient(k: int, gradient: ReadOnlySpan<'T>) : unit =
        let squares = Reductions.squares gradient
        sums[k].Gradient <- sums[k].Gradient + squares

        // A sum of squares is finite only if all elements are.
        if not (Double.IsFinite squares) then
            sums[k].NonFinite <- sums[k].NonFinite + Reductions.nonFinite gradient

    /// Measures a block of the gradient that enters the rule.
    member _.AddRuleGradient(k: int, gradient: ReadOnlySpan<'T>) : unit =
        sums[k].RuleGradient <- sums[k].RuleGradient + Reductions.squares gradient

    /// Counts the elements of a block that a clipping part has changed.
    member _.AddClipped(k: int, number: int, before: ReadOnlySpan<'T>, after: ReadOnlySpan<'T>) : unit =
        clipped[k][number] <- clipped[k][number] + Reductions.differences before after

    /// Measures a block of Δ.
    member _.AddUpdate(k: int, delta: ReadOnlySpan<'T>) : unit = sums[k].Update <- sums[k].Update + Reductions.squares delta

    /// Measures a block of the parameters before the step.
    member _.AddParameters(k: int, parameters: ReadOnlySpan<'T>) : unit =
        sums[k].Parameters <- sums[k].Parameters + Reductions.squares parameters

    /// Notes that the tensor takes the step.
    member _.Complete(k: int) : unit = sums[k].HasStepped <- true

    /// Returns the measurements of one tensor.
    member _.Result(k: int, hasGradient: bool) : TensorTelemetry =
        let tensor = plan.Tensors[k]

        let outcome =
            if (plan.SegmentsOf k).Length = 0 then StepOutcome.Frozen
            elif not hasGradient then StepOutcome.NoGradient
            elif sums[k].HasStepped then StepOutcome.Stepped
            else StepOutcome.Skipped

        let ruleGradient =
            match plan.RuleInputOf k with
            | RuleInput.Gradient -> sums[k].Gradient
            | RuleInput.Measured -> sums[k].RuleGradient
            | RuleInput.Update -> sums[k].Update

        let mutable clips = 0

        for count in clipped[k] do
            clips <- max clips count

        { Name = tensor.Name
          Length = tensor.Length
          Outcome = outcome
          GradientNorm = sqrt sums[k].Gradient
          RuleGradientNorm = sqrt ruleGradient
          UpdateNorm = sqrt sums[k].Update
          ParameterNorm = sqrt sums[k].Parameters
          ClippedCount = clips
          NonFiniteCount = sums[k].NonFinite }
