namespace CuteDl.Studies

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// <summary>The result of tuning a contender on a task.</summary>
type Selection =
    {
        Task: string
        Contender: string
        /// <summary>The confirmation seed that this tuning is for, if the tuning is nested; null if it is for all seeds.</summary>
        Seed: Nullable<int>
        /// <summary>All settings tried, in order. Settings of extensions come last.</summary>
        Settings: ContenderSetting array
        /// <summary>
        /// For each setting, the median steps to the target over the tuning seeds; infinite if the median trial missed it. A diverged trial
        /// counts as a miss.
        /// </summary>
        StepsToTarget: float array
        /// <summary>
        /// For each setting, the median score over the tuning seeds; larger is better. The objective decides whether the best or the last
        /// validation is scored. −∞ counts for a diverged trial and for one without that validation.
        /// </summary>
        Objectives: float array
        /// <summary>The index of the selected setting.</summary>
        Best: int
        /// <summary>The number of extensions.</summary>
        Extensions: int
        /// <summary>The hyper-parameters whose selected value is at the edge of the values tried.</summary>
        AtEdge: string array
    }

/// <summary>Tunes contenders. Which trials a tuning needs follows from the results so far.</summary>
/// <param name="trial">Makes a trial of a phase, task, contender, setting and seed.</param>
[<Sealed>]
type internal Tuner(trial: Phase -> StudyTask -> Contender -> int -> ContenderSetting -> int -> Trial) =

    let starts = Dictionary<struct (string * int), SettingList>()

    let start (repetition: Repetition) (tuning: Tuning) (contender: Contender) : SettingList =
        let key = struct (contender.Name, repetition.Number)

        match starts.TryGetValue key with
        | true, known -> known
        | _ ->
            let made = Settings.start tuning contender
            starts[key] <- made
            made

    let median (values: float array) = Statistics.Quantile.median values

    /// Returns the medians over a setting's trials: steps to the target, score of the validation that the objective uses, and steps taken.
    let judge (task: StudyTask) (objective: Objective) (results: TrialResult array) : struct (float * float * float) =
        let validation (result: TrialResult) =
            match objective with
            | TimeToTarget -> result.Best
            | FinalScore when result.Final.HasValue -> result.Final
            // A stop rule ended the trial.
            | FinalScore -> result.AtStop

        let objective (result: TrialResult) =
            let score = validation result

            // Validations before divergence do not count.
            if score.HasValue && not (Measures.hasFailed result) then
                Pruning.objective task.Target score.Value.Accuracy score.Value.Loss
            else
                Double.NegativeInfinity

        struct (results |> Array.map Measures.steps |> median,
                results |> Array.map objective |> median,
                results |> Array.map (fun result -> float result.Steps) |> median)

    /// Tunes a contender on a task in rounds. Each round after the first extends the search space.
    let tune (repetition: Repetition) (tuning: Tuning) (find: Trial -> TrialResult voption) (task: StudyTask) (contender: Contender) =
        let seed = if tuning.Nested then Nullable repetition.Seeds.Head else Nullable()

        let about =
            if seed.HasValue then
                $"{task.Name}/{contender.Name}, seed {seed}"
            else
                $"{task.Name}/{contender.Name}"

        let finish (list: SettingList) (values: struct (float * float * float) array) index trials decisions =
            let struct (steps, objective, _) = values[index]
            let text = string list.Settings[index].Optimizer
            let count = list.Settings.Length

            let reason =
                match tuning.Objective with
                | _ when Double.IsNegativeInfinity objective && Double.IsInfinity steps ->
                    $"All {count} settings failed. {text} ran longest."
                | TimeToTarget when Double.IsFinite steps -> $"{text} reached the target in the fewest steps of {count} settings: {steps}."
                | TimeToTarget ->
                    FormattableString.Invariant
                        $"None of {count} settings reached the target. {text} came nearest, with {abs objective:G4}."
                | FinalScore -> FormattableString.Invariant $"{text} had the best final result of {count} settings: {abs objective:G4}."

            let selection =
                { Task = task.Name
                  Contender = contender.Name
                  Seed = seed
                  Settings = list.Settings
                  StepsToTarget = [| for struct (steps, _, _) in values -> steps |]
                  Objectives = [| for struct (_, objective, _) in values -> objective |]
                  Best = index
                  Extensions = list.Extensions.Length
                  AtEdge = [| for name, _ in Settings.edges tuning contender index list -> name |] }

            let decision = { Kind = DecisionKind.Selected; About = about; At = 0L; Reason = reason }
            struct (List.concat trials, ValueSome selection, List.rev (decision :: decisions))

        let rec round (list: SettingList) (decisions: StudyDecision list) =
            let trials =
                [ for index, setting in Array.indexed list.Settings ->
                      [ for seed in tuning.Seeds -> trial Phase.Tuning task contender index setting seed ] ]

            if not (Tuner.HaveResults(find, List.concat trials)) then
                struct (List.concat trials, ValueNone, List.rev decisions)
            else
                let values =
                    [| for trials in trials -> judge task tuning.Objective [| for trial in trials -> (find trial).Value |] |]

                // Less is better. Of equal settings, the first wins.
                let rank i struct (steps, objective: float, lasted: float) =
                    match tuning.Objective with
                    | TimeToTarget -> struct (steps, -objective, -lasted, i)
                    | FinalScore -> struct (0.0, -objective, -lasted, i)

                let struct (_, _, _, index) = values |> Array.mapi rank |> Array.min

                let extended =
                    if list.Extensions.Length < tuning.Extensions then
                        Settings.extend tuning contender index list
                    else
                        None

                match extended with
                | None -> finish list values index trials decisions
                | Some extended ->
                    let names = String.Join(", ", List.last extended.Extensions |> List.map _.Name)

                    let decision =
                        { Kind = DecisionKind.Extended
                          About = about
                          At = int64 extended.Extensions.Length
                          Reason =
                            $"The best of {list.Settings.Length} settings is at the edge of the range of {names}. {extended.Settings.Length - list.Settings.Length} settings beyond it are added." }

                    round extended (decision :: decisions)

        round (start repetition tuning contender) []

    // A finished tuning is final, so it is cached.
    let settled =
        Dictionary<struct (string * string * int), struct (Trial list * Selection voption * StudyDecision list)>()

    /// <summary>
    /// True if all trials have results. It looks for the last trial without a result: trials end about in this order, so the answer
    /// usually stays the same until the last one has ended.
    /// </summary>
    /// <param name="find">Returns the result of a trial, if there is one.</param>
    /// <param name="trials">The trials.</param>
    static member HaveResults(find: Trial -> TrialResult voption, trials: Trial list) : bool =
        Array.FindLastIndex(List.toArray trials, (fun trial -> (find trial).IsNone)) < 0

    /// <summary>Returns the trials of a tuning known so far, the selection once all have results, and the decisions so far.</summary>
    /// <param name="repetition">The repetition.</param>
    /// <param name="tuning">Its tuning.</param>
    /// <param name="find">Returns the result of a trial, if there is one.</param>
    /// <param name="task">The task.</param>
    /// <param name="contender">The contender.</param>
    member _.Tune
        (repetition: Repetition, tuning: Tuning, find: Trial -> TrialResult voption, task: StudyTask, contender: Contender)
        : struct (Trial list * Selection voption * StudyDecision list) =
        let key = struct (task.Name, contender.Name, repetition.Number)

        match settled.TryGetValue key with
        | true, known -> known
        | _ ->
            let struct (_, selection, _) as tuned = tune repetition tuning find task contender

            if selection.IsSome then
                settled[key] <- tuned

            tuned
