namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// <summary>
/// Ends unpromising trials early. Trials of one contender, task and seed are ordered by their settings. A decision uses only the trials
/// before it in this order, so it does not depend on timing.
/// </summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Pruning =
    // The median rule is applied after each tenth of the budget.
    let private shares = 10

    /// Calls a rule of one's own.
    let private asked (rule: IPruningRule) (call: unit -> 'result) : 'result =
        try
            call ()
        with error ->
            raise (StudyException($"The pruning rule {Quotation.quote rule.Name} failed: {error.Message}", error))

    /// <summary>
    /// Returns the steps at which a trial is compared with the threshold, ascending. All are validations before the end of the budget.
    /// </summary>
    let rungs (pruning: Pruning) (task: StudyTask) : int64 list =
        let every = int64 task.ValidateEvery
        // Returns the first validation at or after a step.
        let validated (step: int64) = (step + every - 1L) / every * every

        let steps =
            match pruning with
            | NoPruning -> []
            | Median _ -> [ for share in 1 .. shares - 1 -> task.Steps * int64 share / int64 shares ]
            | SuccessiveHalving eta ->
                List.unfold (fun step -> if step >= every then Some(step, step / int64 eta) else None) (task.Steps / int64 eta)
            | PruningRule rule -> asked rule (fun () -> rule.Rungs(task.Steps, task.ValidateEvery) |> List.ofSeq)

        steps
        |> List.map validated
        |> List.filter (fun step -> step > 0L && step < task.Steps)
        |> List.distinct
        |> List.sort

    /// <summary>
    /// Returns a score for which larger is better: the accuracy, or the negated loss if the target is a loss. NaN becomes −∞.
    /// </summary>
    let objective (target: Target) (accuracy: float) (loss: float) : float =
        let value =
            match target with
            | Accuracy _ -> accuracy
            | Loss _ -> -loss

        if Double.IsNaN value then Double.NegativeInfinity else value

    let private scores (target: Target) (curve: Curve) (step: int64) : ValidationScore array =
        [| for i in 0 .. curve.Steps.Length - 1 do
               if curve.Steps[i] <= step then
                   { Step = curve.Steps[i]; Score = objective target curve.Accuracy[i] curve.Loss[i] } |]

    let private objectives (target: Target) (curve: Curve) (step: int64) : float array = scores target curve step |> Array.map _.Score

    /// <summary>Returns the score of the best validation up to a step; −∞ if there is none.</summary>
    let best (target: Target) (curve: Curve) (step: int64) : float = Array.fold max Double.NegativeInfinity (objectives target curve step)

    /// <summary>Returns the mean score of the validations up to a step; −∞ if there is none.</summary>
    let mean (target: Target) (curve: Curve) (step: int64) : float =
        match objectives target curve step with
        | [||] -> Double.NegativeInfinity
        | objectives -> Array.average objectives

    /// <summary>Returns the score that a trial needs at a step in order to continue; −∞ if every trial continues.</summary>
    /// <param name="pruning">The pruning rule.</param>
    /// <param name="target">The target of the task.</param>
    /// <param name="step">The step.</param>
    /// <param name="earlier">The curves of the trials before this one that reached the step, in order.</param>
    /// <param name="position">The number of trials before this one, whether they reached the step or not.</param>
    let threshold (pruning: Pruning) (target: Target) (step: int64) (earlier: Curve array) (position: int) : float =
        match pruning with
        | NoPruning -> Double.NegativeInfinity
        | Median warmUp when position < warmUp || earlier.Length = 0 -> Double.NegativeInfinity
        | Median _ -> earlier |> Array.map (fun curve -> mean target curve step) |> Statistics.Quantile.median
        | SuccessiveHalving eta ->
            // The trial must be among the best ⌈n/η⌉ of n trials, itself included.
            let places = (earlier.Length + 1 + eta - 1) / eta
            let ranked = earlier |> Array.map (fun curve -> best target curve step) |> Array.sortDescending

            if places > ranked.Length then Double.NegativeInfinity else ranked[places - 1]
        | PruningRule rule ->
            let threshold =
                asked rule (fun () -> rule.Threshold(step, earlier |> Array.map (fun curve -> scores target curve step), position))

            if Double.IsNaN threshold then
                raise (
                    StudyException
                        $"The pruning rule {Quotation.quote rule.Name} gave the score NaN at step {step}. It must be a number, or −∞ if every trial continues."
                )

            threshold
