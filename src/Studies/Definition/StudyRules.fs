namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// <summary>Checks the rules that every study must meet, from a file or from a program. Reading a file checks more.</summary>
[<RequireQualifiedAccess>]
module StudyRules =
    let private names (what: string) (names: string list) =
        [ if names.IsEmpty then
              $"The study has no {what}. Give at least one."

          for name in names do
              if not (StudyDesign.isName name) then
                  $"'{name}' is not a name for one of the {what}. Use at most 60 ASCII letters, digits, '.', '-', '_' and '+'; begin with a letter or digit, and do not end with '.'."

          // The names become file names, and some file systems ignore case.
          for _, same in names |> List.groupBy _.ToLowerInvariant() do
              if same.Length > 1 then
                  $"{same.Length} of the {what} are named '{same.Head}'. Give them different names." ]

    let private task (task: StudyTask) =
        [ if task.Steps < 1L then
              $"The task {task.Name} has a budget of {task.Steps} steps. Use at least 1."

          if task.ValidateEvery < 1 then
              $"The task {task.Name} is validated every {task.ValidateEvery} steps. Use at least 1."

          if int64 task.ValidateEvery > task.Steps then
              $"The task {task.Name} is validated every {task.ValidateEvery} of {task.Steps} steps. Validate at least once within its budget."

          match task.Target with
          | Accuracy least when not (least > 0.0 && least <= 1.0) ->
              $"The task {task.Name} has a target accuracy of {NumberText.ofFloat least}. Use a number above 0 and at most 1."
          | Target.Loss most when not (most > 0.0 && Double.IsFinite most) ->
              $"The task {task.Name} has a target loss of {NumberText.ofFloat most}. Use a number above 0."
          | _ -> () ]

    // The study file and the results know a schedule only by its name.
    let private schedules (study: StudyDesign) =
        try
            StudyDesign.ownSchedules study |> ignore
            []
        with :? ArgumentException as error ->
            [ Refusal.sentence error ]

    let private seeds (what: string) (seeds: int list) =
        [ if seeds.IsEmpty then
              $"The list of {what} seeds is empty. Give at least one seed."

          for seed, count in List.countBy id seeds do
              if count > 1 then
                  $"The seed {seed} appears {count} times in the list of {what} seeds. Use each seed once." ]

    let private ascends (values: 'number list) = values |> List.pairwise |> List.forall (fun (before, after) -> before < after)

    let private tuning (contenders: Contender list) (tuning: Tuning) =
        [ if tuning.Trials < 1 then
              $"Tuning tries {tuning.Trials} settings. Use at least 1."

          yield! seeds "tuning" tuning.Seeds

          if tuning.Extensions < 0 then
              $"Spaces are extended {tuning.Extensions} times. Use 0 or more."

          match tuning.Pruning with
          | Median warmUp when warmUp < 1 -> $"Pruning by the median warms up with {warmUp} trials. Use at least 1."
          | SuccessiveHalving eta when eta < 2 -> $"Successive halving has an η of {eta}. Use at least 2."
          | _ -> ()

          if tuning.Trials >= 1 && not tuning.Seeds.IsEmpty then
              for contender in contenders do
                  try
                      Settings.start tuning contender |> ignore
                  with :? ArgumentException as error ->
                      Refusal.sentence error ]

    let private confirmation (tuning: Tuning) (confirmation: Confirmation) =
        [ yield! seeds "confirmation" confirmation.Seeds

          if not (confirmation.Alpha > 0.0 && confirmation.Alpha < 1.0) then
              $"Alpha is {NumberText.ofFloat confirmation.Alpha}. Use a number between 0 and 1."

          if not (confirmation.EqualWithin > 1.0 && Double.IsFinite confirmation.EqualWithin) then
              $"The least ratio that counts as a difference is {NumberText.ofFloat confirmation.EqualWithin}. Use a number above 1."

          let all =
              match confirmation.InterimLooks with
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

          match confirmation.InterimLooks with
          | Some { Seeds = [] } -> "The list of interim looks is empty. Give at least one look, or leave out the list."
          | Some looks when looks.Seeds.Head < 1 || not (ascends looks.Seeds) ->
              $"""The interim looks are at {String.Join(", ", looks.Seeds)} seeds. Use ascending numbers, the first at least 1."""
          | Some looks when List.last looks.Seeds < confirmation.Seeds.Length ->
              $"The last look is at {List.last looks.Seeds} seeds, but the study starts with {confirmation.Seeds.Length}. Use a last look of at least {confirmation.Seeds.Length} seeds."
          | _ -> ()

          match List.filter (fun seed -> List.contains seed all) tuning.Seeds with
          | [] -> ()
          | shared ->
              $"""The seeds {String.Join(", ", shared)} are used for both tuning and confirmation. Use fresh confirmation seeds, or the result is biased.""" ]

    let private frontier (frontier: Frontier) =
        [ yield! seeds "frontier" frontier.Seeds

          if
              frontier.Rates.IsEmpty
              || not (frontier.Rates.Head > 0.0)
              || not (ascends frontier.Rates)
              || not (Double.IsFinite(List.last frontier.Rates))
          then
              $"""The frontier's learning rates are [{String.Join(", ", frontier.Rates |> List.map NumberText.ofFloat)}]. Give at least one rate, all above 0 and in ascending order.""" ]

    let private testSet (task: StudyTask) =
        [ if task.Problem.ValidatesOnTest then
              $"The task {task.Name} validates on the test images, which the fair protocol scores once, at the end. Hold out validation images." ]

    /// <summary>Returns the reasons why a study cannot run, one sentence each; empty if it can.</summary>
    /// <remarks>Layers, data and optimizers are checked against each other when the tasks are prepared.</remarks>
    let broken (study: StudyDesign) : string list =
        [ yield! names "tasks" (study.Tasks |> List.map _.Name)
          yield! names "optimizers" (study.Contenders |> List.map _.Name)
          yield! List.collect task study.Tasks
          yield! schedules study

          match study.Protocol with
          | Document given -> yield! seeds "study" given
          | Fair(tuned, confirmed, rates) ->
              yield! List.collect testSet study.Tasks
              yield! tuning study.Contenders tuned
              yield! confirmation tuned confirmed
              yield! rates |> Option.map frontier |> Option.defaultValue [] ]
