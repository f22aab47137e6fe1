namespace CuteDl.Studies

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// <summary>The result of tuning a contender on a task.</summary>
type Selection =
    {
        Task: string
        Contender: string
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

/// <summary>The trials and decisions of a study that follow from its results so far.</summary>
type internal Plan =
    {
        /// <summary>All trials known to be needed, finished or not, in the order in which they start.</summary>
        Trials: Trial array
        /// <summary>The trials that tuning will make necessary, but does not name yet: tasks, each with a number of trials.</summary>
        Later: (string * int) list
        /// <summary>The selections of finished tunings, by task.</summary>
        Selections: Selection array
        /// <summary>The decisions so far.</summary>
        Decisions: StudyDecision array
        /// <summary>The number of interim looks taken.</summary>
        LooksDone: int
        /// <summary>True if no further trial is needed.</summary>
        IsComplete: bool
    }

    /// <summary>The number of trials that the study needs as far as is known, those after tuning included.</summary>
    member plan.Expected: int = plan.Trials.Length + List.sumBy snd plan.Later

/// <summary>
/// Plans the next trials. A plan depends only on the study and its results, and not on threads, times or interruptions.
/// </summary>
/// <param name="study">The study.</param>
/// <param name="untilDecided">True if seeds are added at the interim looks.</param>
/// <param name="isDecided">True if the confirmation trials decide the comparisons at a look, counted from 1.</param>
[<Sealed>]
type internal Planner(study: StudyDesign, untilDecided: bool, isDecided: int -> TrialResult array -> bool) =

    let starts = Dictionary<string, SettingList>()

    let start (tuning: Tuning) (contender: Contender) : SettingList =
        match starts.TryGetValue contender.Name with
        | true, known -> known
        | _ ->
            let made = Settings.start tuning contender
            starts[contender.Name] <- made
            made

    // The outcome of a look is final: later results do not change it.
    let looks = Dictionary<int, bool>()

    let isDecidedAt (look: int) (results: TrialResult array) : bool =
        match looks.TryGetValue look with
        | true, decided -> decided
        | _ ->
            let decided = isDecided look results
            looks[look] <- decided
            decided

    // Cached, because a plan is made whenever a trial ends, and printing an optimizer takes longer than this lookup.
    let trials = Dictionary<struct (Phase * string * string * int * int), Trial>()

    let trial phase (task: StudyTask) (contender: Contender) index (setting: ContenderSetting) seed =
        let key = struct (phase, task.Name, contender.Name, index, seed)

        match trials.TryGetValue key with
        | true, known -> known
        | _ ->
            let made =
                { Phase = phase
                  Task = task.Name
                  Contender = contender.Name
                  Setting = index
                  Seed = seed
                  Optimizer = string setting.Optimizer
                  Values = setting.Values }

            trials[key] <- made
            made

    let asGiven (contender: Contender) : ContenderSetting = { Values = [||]; Optimizer = contender.Optimizer }

    let median (values: float array) = Statistics.Quantile.median values

    /// Returns the medians over a setting's trials: steps to the target, score of the validation that the objective uses, and steps taken.
    let judge (task: StudyTask) (objective: Objective) (results: TrialResult array) : struct (float * float * float) =
        let validation (result: TrialResult) =
            match objective with
            | TimeToTarget -> result.Best
            | FinalScore -> result.Final

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
    let tune (tuning: Tuning) (find: Trial -> TrialResult voption) (task: StudyTask) (contender: Contender) =
        let about = $"{task.Name}/{contender.Name}"

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

            let results = trials |> List.map (List.map find)

            if results |> List.exists (List.exists _.IsNone) then
                struct (List.concat trials, ValueNone, List.rev decisions)
            else
                let values =
                    [| for results in results -> judge task tuning.Objective [| for result in results -> result.Value |] |]

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

        round (start tuning contender) []

    let pairs =
        [ for task in study.Tasks do
              for contender in study.Contenders -> task, contender ]

    // A finished tuning is final, so it is cached.
    let settled =
        Dictionary<struct (string * string), struct (Trial list * Selection voption * StudyDecision list)>()

    let tuneOnce tuning find (task: StudyTask) (contender: Contender) =
        let key = struct (task.Name, contender.Name)

        match settled.TryGetValue key with
        | true, known -> known
        | _ ->
            let struct (_, selection, _) as tuned = tune tuning find task contender

            if selection.IsSome then
                settled[key] <- tuned

            tuned

    let confirm
        (confirmation: Confirmation)
        (find: Trial -> TrialResult voption)
        (chosen: (StudyTask * Contender * ContenderSetting) list)
        =
        let tuned seeds =
            [ for seed in seeds do
                  for task, contender, setting in chosen -> trial study.Protocol.Kind.Phase task contender 0 setting seed ]

        let defaults seeds =
            [ if confirmation.Defaults then
                  for seed in seeds do
                      for task, contender in pairs -> trial Phase.Defaults task contender 0 (asGiven contender) seed ]

        let decision look count decided last =
            { Kind = DecisionKind.Looked
              About = "confirmation"
              At = int64 look
              Reason =
                if decided then $"Decided with {count} seeds."
                elif last then $"Not decided with {count} seeds. This was the last interim look."
                else $"Not decided with {count} seeds. More seeds are added." }

        match confirmation.InterimLooks with
        | Some looks when untilDecided ->
            let seeds = StudyDesign.seedsToLook confirmation looks

            let rec look number (counts: int list) decisions =
                let count = counts.Head
                let trials = tuned (List.truncate count seeds)
                let results = trials |> List.map find

                if results |> List.forall _.IsSome then
                    let last = counts.Tail.IsEmpty
                    let decided = isDecidedAt number [| for result in results -> result.Value |]
                    let decisions = decision number count decided last :: decisions

                    if decided || last then
                        struct (trials @ defaults (List.truncate count seeds), number, List.rev decisions)
                    else
                        look (number + 1) counts.Tail decisions
                else
                    struct (trials, number - 1, List.rev decisions)

            look 1 looks.Seeds []
        | _ ->
            let trials = tuned confirmation.Seeds
            let all = trials @ defaults confirmation.Seeds
            struct (all, (if trials |> List.forall (fun trial -> (find trial).IsSome) then 1 else 0), [])

    // Returns None for an optimizer without a learning rate, or one that does not allow this rate.
    let withRate (rate: float) (setting: ContenderSetting) : ContenderSetting option =
        match Settings.arguments "lr" setting.Optimizer with
        | [] -> None
        | arguments when arguments |> List.forall (fun argument -> argument.Allows rate) ->
            let others = setting.Values |> Array.filter (fun struct (name, _) -> name <> "lr")
            // Keeps the values that tuning selected: trials are trained from their values, not from their text.
            Some
                { Values = Array.append others [| struct ("lr", rate) |]
                  Optimizer = Optimizer.set "lr" rate setting.Optimizer }
        | _ -> None

    let frontier (frontier: Frontier) (chosen: (StudyTask * Contender * ContenderSetting) list) =
        [ for seed in frontier.Seeds do
              for task, contender, setting in chosen do
                  for index, rate in List.indexed frontier.Rates do
                      match withRate rate setting with
                      | Some setting -> trial Phase.Frontier task contender index setting seed
                      | None -> () ]

    /// <summary>Returns the plan that follows from the results so far.</summary>
    /// <param name="result">Returns the result of a trial by its id, if there is one.</param>
    member _.Make(result: string -> TrialResult voption) : Plan =
        let find (trial: Trial) = result trial.Id
        let isFinished (trials: Trial list) = trials |> List.forall (fun trial -> (find trial).IsSome)

        let tuned =
            match study.Protocol.Tuning with
            | Some tuning -> [ for task, contender in pairs -> task, contender, tuneOnce tuning find task contender ]
            | None -> []

        let tuningTrials =
            [ for _, _, struct (trials, _, _) in tuned do
                  yield! trials ]

        let decisions =
            [ for _, _, struct (_, _, decisions) in tuned do
                  yield! decisions ]

        let chosen =
            match study.Protocol.Tuning with
            | Some _ ->
                [ for task, contender, struct (_, selection, _) in tuned do
                      match selection with
                      | ValueSome selection -> task, contender, selection.Settings[selection.Best]
                      | ValueNone -> () ]
            | None -> [ for task, contender in pairs -> task, contender, asGiven contender ]

        let isTuned = chosen.Length = pairs.Length

        let struct (confirmed, looks, lookDecisions) =
            // Seeds are paired, so confirmation starts only after every contender has its setting.
            if isTuned then confirm study.Protocol.Confirmation find chosen else struct ([], 0, [])

        let frontierTrials =
            match study.Protocol.Frontier with
            | Some rates -> frontier rates chosen
            | None -> []

        let trials = tuningTrials @ confirmed @ frontierTrials
        let named = frontierTrials |> List.countBy _.Task |> Map.ofList

        { Trials = List.toArray trials
          Later =
            [ if not isTuned then
                  for task in study.Tasks do
                      let already = Map.tryFind task.Name named |> Option.defaultValue 0
                      task.Name, StudySize.afterTuning study untilDecided - already ]
          Selections =
            [| for _, _, struct (_, selection, _) in tuned do
                   match selection with
                   | ValueSome selection -> selection
                   | ValueNone -> () |]
          Decisions = List.toArray (decisions @ lookDecisions)
          LooksDone = looks
          IsComplete = isTuned && isFinished trials }
