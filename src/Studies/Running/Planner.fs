namespace CuteDl.Studies

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// <summary>The trials and decisions of a study that follow from its results so far.</summary>
type internal Plan =
    {
        /// <summary>All trials known to be needed, finished or not, in the order in which they start.</summary>
        Trials: Trial array
        /// <summary>The number of trials of each task that are needed, but whose settings are not selected yet.</summary>
        Later: (string * int) list
        /// <summary>The selections of finished tunings, by task.</summary>
        Selections: Selection array
        /// <summary>The decisions so far.</summary>
        Decisions: StudyDecision array
        /// <summary>The number of interim looks taken.</summary>
        LooksDone: int
        /// <summary>True if no further trial is needed.</summary>
        IsComplete: bool
        /// <summary>
        /// The ids of trials without a result on which the plan depends. It stays the same until one of them has a result.
        /// </summary>
        Awaits: IReadOnlySet<string>
    }

    /// <summary>The number of trials that the study needs as far as is known, those after tuning included.</summary>
    member plan.Expected: int = plan.Trials.Length + List.sumBy snd plan.Later

/// The trials of one tuning, and the compared trials that use its settings.
type private RepetitionPlan =
    {
        Repetition: Repetition
        Tuning: Trial list
        /// The selections so far.
        Selections: Selection list
        Decisions: StudyDecision list
        /// The settings of the contenders whose tuning is finished.
        Chosen: (StudyTask * Contender * ContenderSetting) list
        /// True if every contender has its setting on every task.
        IsTuned: bool
        /// The compared trials; empty until every contender has its setting.
        Compared: Trial list
    }

/// The compared trials up to an interim look.
type private ComparisonPlan =
    {
        Parts: RepetitionPlan list
        /// The seeds up to this look.
        Seeds: int list
        /// True if no seeds will be added.
        IsLast: bool
        LooksDone: int
        Decisions: StudyDecision list
    }

/// <summary>
/// Plans the next trials. A plan depends only on the study and its results, and not on threads, times or interruptions.
/// </summary>
/// <param name="study">The study.</param>
/// <param name="untilDecided">True if seeds are added at the interim looks.</param>
/// <param name="isDecided">True if the confirmation trials decide the comparisons at a look, counted from 1.</param>
[<Sealed>]
type internal Planner(study: StudyDesign, untilDecided: bool, isDecided: int -> TrialResult array -> bool) =

    // The outcome of a look is final: later results do not change it.
    let looks = Dictionary<int, bool>()

    let isDecidedAt (look: int) (results: TrialResult array) : bool =
        match looks.TryGetValue look with
        | true, decided -> decided
        | _ ->
            let decided = isDecided look results
            looks[look] <- decided
            decided

    // Cached, because a plan is made often, and printing an optimizer takes longer than this lookup.
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

    let tuner = Tuner trial

    // By reference, because the trials above are made once, and to print an id takes longer than this lookup.
    let ids = Dictionary<Trial, string>(HashIdentity.Reference)

    let idOf (trial: Trial) : string =
        match ids.TryGetValue trial with
        | true, id -> id
        | _ ->
            let id = trial.Id
            ids[trial] <- id
            id

    let asGiven (contender: Contender) : ContenderSetting = { Values = [||]; Optimizer = contender.Optimizer }

    let pairs =
        [ for task in study.Tasks do
              for contender in study.Contenders -> task, contender ]

    let repetitions = Dictionary<int, Repetition list>()

    /// Returns the repetitions for the first seeds.
    let repetitionsOf (seeds: int list) : Repetition list =
        match repetitions.TryGetValue seeds.Length with
        | true, known -> known
        | _ ->
            let made = Repetitions.ofSeeds study.Protocol seeds
            repetitions[seeds.Length] <- made
            made

    /// Plans a repetition: the tuning of all contenders on all tasks, then the trials that compare their settings.
    let carryOut (find: Trial -> TrialResult voption) (repetition: Repetition) : RepetitionPlan =
        let tuned =
            match repetition.Tuning with
            | Some tuning -> [ for task, contender in pairs -> task, contender, tuner.Tune(repetition, tuning, find, task, contender) ]
            | None -> []

        let selections =
            [ for task, contender, struct (_, selection, _) in tuned do
                  match selection with
                  | ValueSome selection -> task, contender, selection
                  | ValueNone -> () ]

        let chosen =
            match repetition.Tuning with
            | Some _ -> [ for task, contender, selection in selections -> task, contender, selection.Settings[selection.Best] ]
            | None -> [ for task, contender in pairs -> task, contender, asGiven contender ]

        let isTuned = chosen.Length = pairs.Length

        { Repetition = repetition
          Tuning =
            [ for _, _, struct (trials, _, _) in tuned do
                  yield! trials ]
          Selections = [ for _, _, selection in selections -> selection ]
          Decisions =
            [ for _, _, struct (_, _, decisions) in tuned do
                  yield! decisions ]
          Chosen = chosen
          IsTuned = isTuned
          Compared =
            // Seeds are paired, so their trials begin only after every contender has its setting.
            [ if isTuned then
                  for seed in repetition.Seeds do
                      for task, contender, setting in chosen -> trial study.Protocol.Kind.Phase task contender 0 setting seed ] }

    let defaults (seeds: int list) =
        [ if study.Protocol.Confirmation.Defaults then
              for seed in seeds do
                  for task, contender in pairs -> trial Phase.Defaults task contender 0 (asGiven contender) seed ]

    let decisionOf look count decided last =
        { Kind = DecisionKind.Looked
          About = "confirmation"
          At = int64 look
          Reason =
            if decided then $"Decided with {count} seeds."
            elif last then $"Not decided with {count} seeds. This was the last interim look."
            else $"Not decided with {count} seeds. More seeds are added." }

    /// Plans the compared trials, look by look.
    let compare (find: Trial -> TrialResult voption) : ComparisonPlan =
        let confirmation = study.Protocol.Confirmation
        let upTo (seeds: int list) = repetitionsOf seeds |> List.map (carryOut find)
        let isTuned (parts: RepetitionPlan list) = parts |> List.forall _.IsTuned

        match confirmation.InterimLooks with
        | Some looks when untilDecided ->
            let all = StudyDesign.seedsToLook confirmation looks

            let rec look number (counts: int list) decisions =
                let seeds = List.truncate counts.Head all
                let parts = upTo seeds
                let compared = parts |> List.collect _.Compared

                if isTuned parts && Tuner.HaveResults(find, compared) then
                    let last = counts.Tail.IsEmpty
                    let decided = isDecidedAt number [| for trial in compared -> (find trial).Value |]
                    let decisions = decisionOf number counts.Head decided last :: decisions

                    if decided || last then
                        { Parts = parts; Seeds = seeds; IsLast = true; LooksDone = number; Decisions = List.rev decisions }
                    else
                        look (number + 1) counts.Tail decisions
                else
                    { Parts = parts
                      Seeds = seeds
                      IsLast = false
                      LooksDone = number - 1
                      Decisions = List.rev decisions }

            look 1 looks.Seeds []
        | _ ->
            let parts = upTo confirmation.Seeds

            let isDone = isTuned parts && Tuner.HaveResults(find, parts |> List.collect _.Compared)

            { Parts = parts
              Seeds = confirmation.Seeds
              IsLast = isTuned parts
              LooksDone = if isDone then 1 else 0
              Decisions = [] }

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

    /// Returns the number of trials of a task that are needed, but whose settings are not selected yet.
    let later (plan: ComparisonPlan) (frontierTrials: Trial list) (task: StudyTask) : int =
        let contenders = study.Contenders.Length

        let compared =
            plan.Parts
            |> List.sumBy (fun part -> if part.IsTuned then 0 else contenders * part.Repetition.Seeds.Length)

        let defaults =
            if study.Protocol.Confirmation.Defaults && not plan.IsLast then
                contenders * plan.Seeds.Length
            else
                0

        let rates =
            if plan.Parts.Head.IsTuned then
                0
            else
                let named = frontierTrials |> List.filter (fun trial -> trial.Task = task.Name)
                StudySize.frontier study - named.Length

        compared + defaults + rates

    /// <summary>Returns the plan that follows from the results so far.</summary>
    /// <param name="result">Returns the result of a trial by its id, if there is one.</param>
    member _.Make(result: string -> TrialResult voption) : Plan =
        let awaits = HashSet<string>()

        // A plan follows from the answers that it was made from. A result that it did not ask for, or that it has, cannot change it.
        let find (trial: Trial) =
            let id = idOf trial
            let found = result id

            if found.IsNone then
                awaits.Add id |> ignore

            found

        let plan = compare find

        let frontierTrials =
            match study.Protocol.Frontier with
            // One frontier serves all seeds. It uses the settings of the first tuning.
            | Some rates -> frontier rates plan.Parts.Head.Chosen
            | None -> []

        let trials =
            [ for part in plan.Parts do
                  yield! part.Tuning
                  yield! part.Compared
              if plan.IsLast then
                  yield! defaults plan.Seeds
              yield! frontierTrials ]

        { Trials = List.toArray trials
          Later =
            [ for task in study.Tasks do
                  match later plan frontierTrials task with
                  | 0 -> ()
                  | count -> task.Name, count ]
          Selections =
            [| for part in plan.Parts do
                   yield! part.Selections |]
          Decisions =
            [| for part in plan.Parts do
                   yield! part.Decisions
               yield! plan.Decisions |]
          LooksDone = plan.LooksDone
          IsComplete = plan.IsLast && Tuner.HaveResults(find, trials)
          Awaits = awaits }

    /// <summary>Returns the id of a trial of a plan.</summary>
    member _.IdOf(trial: Trial) : string = idOf trial
