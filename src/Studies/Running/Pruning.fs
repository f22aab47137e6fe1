namespace CuteDl.Studies

open System

/// <summary>
/// When a trial is ended early. Trials of one contender, task and seed stand in an order, that of their settings; a decision about one
/// looks at those before it only, so that it is the same whoever runs when.
/// </summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Pruning =
    // The median rule is asked after each tenth of the budget.
    let private shares = 10

    /// <summary>The steps at which a trial of a task is looked at, ascending: validations before the budget's end.</summary>
    let rungs (pruning: Pruning) (task: StudyTask) : int64 list =
        let every = int64 task.ValidateEvery
        // To the first validation at or behind a step.
        let validated (step: int64) = (step + every - 1L) / every * every

        let steps =
            match pruning with
            | NoPruning -> []
            | Median _ -> [ for share in 1 .. shares - 1 -> task.Steps * int64 share / int64 shares ]
            | SuccessiveHalving eta ->
                List.unfold (fun step -> if step >= every then Some(step, step / int64 eta) else None) (task.Steps / int64 eta)

        steps
        |> List.map validated
        |> List.filter (fun step -> step > 0L && step < task.Steps)
        |> List.distinct
        |> List.sort

    /// <summary>Larger is better: the accuracy, or the loss with its sign turned where the target is a loss; −∞ for what is not a number.</summary>
    let worth (target: Target) (accuracy: float) (loss: float) : float =
        let value =
            match target with
            | Accuracy _ -> accuracy
            | Loss _ -> -loss

        if Double.IsNaN value then Double.NegativeInfinity else value

    let private worths (target: Target) (curve: Curve) (step: int64) : float array =
        [| for i in 0 .. curve.Steps.Length - 1 do
               if curve.Steps[i] <= step then
                   worth target curve.Accuracy[i] curve.Loss[i] |]

    /// <summary>The best validation up to a step.</summary>
    let best (target: Target) (curve: Curve) (step: int64) : float = Array.fold max Double.NegativeInfinity (worths target curve step)

    /// <summary>The mean of the validations up to a step.</summary>
    let mean (target: Target) (curve: Curve) (step: int64) : float =
        match worths target curve step with
        | [||] -> Double.NegativeInfinity
        | worths -> Array.average worths

    /// <summary>What a trial must be worth at a rung to go on; −∞ where every trial does.</summary>
    /// <param name="pruning">The rule.</param>
    /// <param name="target">What the task's target is.</param>
    /// <param name="step">The rung.</param>
    /// <param name="earlier">The curves of the trials before this one that reached the rung, in their order.</param>
    /// <param name="position">How many trials there are before this one, reached or not.</param>
    let threshold (pruning: Pruning) (target: Target) (step: int64) (earlier: Curve array) (position: int) : float =
        match pruning with
        | NoPruning -> Double.NegativeInfinity
        | Median warmUp when position < warmUp || earlier.Length = 0 -> Double.NegativeInfinity
        | Median _ -> earlier |> Array.map (fun curve -> mean target curve step) |> Statistics.Quantile.median
        | SuccessiveHalving eta ->
            // It must be among the best ⌈n/η⌉ of n, itself counted.
            let places = (earlier.Length + 1 + eta - 1) / eta
            let ranked = earlier |> Array.map (fun curve -> best target curve step) |> Array.sortDescending

            if places > ranked.Length then Double.NegativeInfinity else ranked[places - 1]
