namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// <summary>What a study must be for its answer to mean anything, however it was made: from a file, which is read by stricter rules, or by a program.</summary>
[<RequireQualifiedAccess>]
module StudyRules =
    let private names (what: string) (names: string list) =
        [ if names.IsEmpty then
              $"there are no {what}, and at least one is needed."

          for name in names do
              if not (StudyDesign.isName name) then
                  $"'{name}' is no name for one of the {what}: at most 60 letters, digits, '.', '-', '_' and '+' are allowed, the first a letter or digit, the last no '.'."

          // Files are named after them, on disks that may not tell cases apart.
          for _, same in names |> List.groupBy _.ToLowerInvariant() do
              if same.Length > 1 then
                  $"{same.Length} of the {what} are named '{same.Head}': different names are allowed." ]

    let private task (task: StudyTask) =
        [ if task.Steps < 1L then
              $"the task {task.Name} has a budget of {task.Steps} steps: at least 1 is allowed."

          if task.ValidateEvery < 1 then
              $"the task {task.Name} is validated every {task.ValidateEvery} steps: at least 1 is allowed."

          if int64 task.ValidateEvery > task.Steps then
              $"the task {task.Name} is validated every {task.ValidateEvery} of {task.Steps} steps: at most its budget is allowed."

          match task.Target with
          | Accuracy least when not (least > 0.0 && least <= 1.0) ->
              $"the task {task.Name} has a target accuracy of {NumberText.ofFloat least}: above 0 and at most 1 is allowed."
          | Target.Loss most when not (most > 0.0 && Double.IsFinite most) ->
              $"the task {task.Name} has a target loss of {NumberText.ofFloat most}: above 0 is allowed."
          | _ -> () ]

    let private seeds (what: string) (seeds: int list) =
        [ if seeds.IsEmpty then
              $"there are no seeds of the {what}, and at least one is needed."

          for seed, count in List.countBy id seeds do
              if count > 1 then
                  $"the seed {seed} is there {count} times among those of the {what}: once is allowed." ]

    let private ascends (values: 'number list) = values |> List.pairwise |> List.forall (fun (before, after) -> before < after)

    let private tuning (contenders: Contender list) (tuning: Tuning) =
        [ if tuning.Trials < 1 then
              $"tuning tries {tuning.Trials} settings: at least 1 is allowed."

          yield! seeds "tuning" tuning.Seeds

          if tuning.Extensions < 0 then
              $"spaces are extended {tuning.Extensions} times: at least 0 is allowed."

          match tuning.Pruning with
          | Median warmUp when warmUp < 1 -> $"pruning by the median warms up with {warmUp} trials: at least 1 is allowed."
          | SuccessiveHalving eta when eta < 2 -> $"successive halving has an η of {eta}: at least 2 is allowed."
          | _ -> ()

          if tuning.Trials >= 1 && not tuning.Seeds.IsEmpty then
              for contender in contenders do
                  try
                      Settings.start tuning contender |> ignore
                  with :? ArgumentException as error ->
                      Refusal.ofException error ]

    let private confirmation (tuning: Tuning) (confirmation: Confirmation) =
        [ yield! seeds "confirmation" confirmation.Seeds

          if not (confirmation.Alpha > 0.0 && confirmation.Alpha < 1.0) then
              $"alpha is {NumberText.ofFloat confirmation.Alpha}: between 0 and 1 is allowed."

          if not (confirmation.EqualWithin > 1.0 && Double.IsFinite confirmation.EqualWithin) then
              $"the least ratio that is a difference is {NumberText.ofFloat confirmation.EqualWithin}: above 1 is allowed."

          let all =
              match confirmation.Looks with
              | None -> confirmation.Seeds
              | Some looks when
                  looks.Seeds.IsEmpty
                  || looks.Seeds.Head < 1
                  || not (ascends looks.Seeds)
                  || List.last looks.Seeds < confirmation.Seeds.Length
                  || confirmation.Seeds.IsEmpty
                  ->
                  confirmation.Seeds
              | Some looks -> StudyDesign.seedsToLook confirmation looks

          match confirmation.Looks with
          | Some { Seeds = [] } -> "there are no looks in the list of them, and at least one is needed."
          | Some looks when looks.Seeds.Head < 1 || not (ascends looks.Seeds) ->
              $"""the looks are at {String.Join(", ", looks.Seeds)} seeds: ascending numbers from at least 1 are allowed."""
          | Some looks when List.last looks.Seeds < confirmation.Seeds.Length ->
              $"the last look is at {List.last looks.Seeds} seeds, and there are {confirmation.Seeds.Length} from the start: as many or more are allowed."
          | _ -> ()

          match List.filter (fun seed -> List.contains seed all) tuning.Seeds with
          | [] -> ()
          | shared ->
              $"""seeds {String.Join(", ", shared)} have chosen the settings and confirm them: what was luck would be taken for merit.""" ]

    let private frontier (frontier: Frontier) =
        [ yield! seeds "frontier" frontier.Seeds

          if
              frontier.Rates.IsEmpty
              || not (frontier.Rates.Head > 0.0)
              || not (ascends frontier.Rates)
              || not (Double.IsFinite(List.last frontier.Rates))
          then
              "the frontier's rates ascend from above 0, and there is at least one." ]

    let private testSet (task: StudyTask) =
        match task.Problem with
        | Images { Split = TestAsValidation } ->
            [ $"the task {task.Name} validates on the test images, and the fair protocol scores them once, at the end: hold validation images out." ]
        | _ -> []

    /// <summary>Why a study cannot be carried out, each a sentence; none if it can.</summary>
    /// <remarks>Whether layers, data and optimizers fit each other is found when tasks are prepared and trials begin.</remarks>
    let broken (study: StudyDesign) : string list =
        [ yield! names "tasks" (study.Tasks |> List.map _.Name)
          yield! names "optimizers" (study.Contenders |> List.map _.Name)
          yield! List.collect task study.Tasks

          match study.Protocol with
          | Document given -> yield! seeds "study" given
          | Fair(tuned, confirmed, rates) ->
              yield! List.collect testSet study.Tasks
              yield! tuning study.Contenders tuned
              yield! confirmation tuned confirmed
              yield! rates |> Option.map frontier |> Option.defaultValue [] ]
