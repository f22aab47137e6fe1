namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// <summary>Checks a study for mistakes before any trial runs.</summary>
[<RequireQualifiedAccess>]
module Lint =
    let private finding severity code path message advice =
        { Code = code; Severity = severity; Path = path; Message = message; Advice = advice }

    let private error code = finding Severity.Error code
    let private warning code = finding Severity.Warning code

    // Tasks

    let private testSet (study: StudyDesign) i (task: StudyTask) =
        [ if study.Protocol.Tuning.IsSome then
              yield!
                  TestImages.finding
                      Severity.Error
                      "Settings are chosen on the test images, so the test accuracy is biased upwards."
                      TestImages.HoldOut
                      i
                      task ]

    let private target i (task: StudyTask) =
        let found (message: string) =
            [ warning "S010" $"$.tasks[{i}].target" message "Use a target that a good run reaches after half of its steps." ]

        let classes = task.Problem.Classes

        match task.Target with
        | Accuracy least when least >= 1.0 -> found $"The target accuracy {NumberText.ofFloat least} is hardly ever reached."
        | Accuracy least when classes > 0 && least <= 1.0 / float classes ->
            found $"The target accuracy {NumberText.ofFloat least} is reached by guessing among {classes} classes."
        | Target.Loss most when most >= task.Problem.GuessedLoss ->
            found $"The target loss {NumberText.ofFloat most} is reached by guessing among {classes} classes."
        | Accuracy _
        | Target.Loss _ -> []

    let private budget i (task: StudyTask) =
        [ match task.Problem.StepsAnEpoch with
          | Some epoch when task.Steps < epoch ->
              warning
                  "S014"
                  $"$.tasks[{i}].steps"
                  $"The budget of {task.Steps} steps is less than an epoch ({epoch} steps), so some images are never used."
                  $"Use at least {epoch} steps."
          | Some _
          | None -> () ]

    // The share of the budget from which times should be known.
    let private knownFrom = 0.25

    /// <summary>
    /// Returns the longest validation interval that resolves times after a quarter of the budget to within the margin of equality; at least
    /// 1.
    /// </summary>
    let coarsest (equalWithin: float) (steps: int64) : int =
        int (max 1.0 (min (float Int32.MaxValue) (knownFrom * float steps * (1.0 - 1.0 / equalWithin))))

    /// A time to the target is known only up to one validation interval. The margin of equality therefore gives the earliest time that is
    /// known well enough. The actual times are unknown before the first runs have finished.
    let private resolution (study: StudyDesign) i (task: StudyTask) =
        let equalWithin = study.Protocol.Confirmation.EqualWithin
        let earliest = float task.ValidateEvery * equalWithin / (equalWithin - 1.0)
        let share = earliest / float task.Steps

        if study.Protocol.Kind.ComparesPairs && task.ValidateEvery > coarsest equalWithin task.Steps then
            let shown = earliest.ToString("#,0", Globalization.CultureInfo.InvariantCulture)
            let advised = max 1L (int64 (0.1 * float task.Steps * (1.0 - 1.0 / equalWithin)))

            [ finding
                  (if share > 0.5 then Severity.Warning else Severity.Note)
                  "S015"
                  $"$.tasks[{i}].validate_every"
                  $"With a validation every {task.ValidateEvery} of {task.Steps} steps, only times after step {shown} are known to within {NumberText.ofFloat equalWithin}, the ratio that counts as equal. Runs that reach the target earlier cannot be told apart."
                  $"Validate every {advised} steps. This is enough for times after a tenth of the budget." ]
        else
            []

    let private fits (study: StudyDesign) i (task: StudyTask) =
        match task.Problem.Layout() with
        | Error problem ->
            [ error "S019" $"$.tasks[{i}]" $"The task {task.Name} cannot be trained. {problem}" "Change the data, the split or the layers." ]
        | Ok layout ->
            let tensors = Quotation.list (layout.Parameters |> Seq.map _.Name)

            [ for j, contender in List.indexed study.Contenders do
                  match Fit.problem contender.Optimizer task layout with
                  | Some problem ->
                      error
                          "S016"
                          $"$.optimizers[{j}].optimizer"
                          $"{contender.Name} does not fit the task {task.Name}: {problem}"
                          $"Remove this optimizer, or give it groups for the tensors of this task: {tensors}."
                  | None -> () ]

    // Contenders

    let private tuned (contender: Contender) =
        contender.Space
        |> List.filter (
            snd
            >> function
                | Fixed _ -> false
                | Choice values -> values.Length > 1
                | LogUniform _
                | LogUniformBelowOne _
                | Uniform _ -> true
        )
        |> List.map fst

    let private counts (numbers: (Contender * int) list) =
        String.Join(", ", numbers |> List.map (fun (contender, count) -> $"{contender.Name} {count}"))

    let private budgets (tuning: Tuning) (contenders: Contender list) =
        let settings =
            contenders
            |> List.choose (fun contender ->
                match Settings.tryStart tuning contender with
                | Ok list -> Some(contender, list.Settings.Length)
                | Error _ -> None)

        let dimensions =
            contenders
            |> List.map (fun contender -> contender, (tuned contender).Length)
            |> List.filter (snd >> (<) 0)

        // Choices that are the same for all optimizers are not reported.
        let choices =
            contenders
            |> List.collect (fun contender ->
                contender.Space
                |> List.choose (function
                    | name, Choice values when values.Length > 1 -> Some(name, values.Length)
                    | _ -> None))
            |> List.groupBy fst
            |> List.filter (fun (_, sizes) -> sizes |> List.distinctBy snd |> List.length > 1)

        [ if settings |> List.distinctBy snd |> List.length > 1 then
              warning
                  "S002"
                  "$.optimizers"
                  $"The optimizers try different numbers of settings: {counts settings}. More settings have a better best by chance alone."
                  "Give every optimizer a search space."

          for name, sizes in choices do
              let shown = String.Join(" and ", sizes |> List.map snd |> List.distinct)

              warning
                  "S002"
                  "$.optimizers"
                  $"The optimizers choose {name} from different numbers of values: {shown}."
                  "Give every optimizer the same number of values."

          if dimensions |> List.distinctBy snd |> List.length > 1 then
              warning
                  "S003"
                  "$.optimizers"
                  $"With equal budgets, the optimizers tune different numbers of hyper-parameters: {counts dimensions}. More hyper-parameters need more trials."
                  "Tune the same number for each optimizer, or state the difference beside the results." ]

    /// The path of the seeds of the compared trials.
    let private seedsPath (kind: ProtocolKind) : string =
        if kind.Has ProtocolKey.Seeds then "$.seeds"
        elif kind.Has ProtocolKey.Confirmation then "$.confirmation.seeds"
        else "$.protocol"

    let private seedless (protocol: Protocol) (tuning: Tuning) =
        let confirming = StudyDesign.seedsAtMost protocol.Confirmation

        let shared (a: int list) (b: int list) = Set.intersect (Set.ofList a) (Set.ofList b) |> Set.toList

        let shown (seeds: int list) =
            String.Join(", ", List.truncate 5 seeds) + (if seeds.Length > 5 then ", ..." else "")

        [ match shared tuning.Seeds confirming with
          | [] -> ()
          | seeds ->
              error
                  "S006"
                  (seedsPath protocol.Kind)
                  $"Seeds {shown seeds} are used for both tuning and confirmation, so the result is biased."
                  "Use fresh confirmation seeds."

          match protocol.Frontier with
          | Some frontier ->
              for other, name in [ tuning.Seeds, "tuning"; confirming, "confirmation" ] do
                  match shared frontier.Seeds other with
                  | [] -> ()
                  | seeds ->
                      warning
                          "S006"
                          "$.frontier.seeds"
                          $"Seeds {shown seeds} are used for both the frontier and {name}, so the two results are not independent."
                          "Use other frontier seeds."
          | None -> () ]

    let private fewestSeeds = 6

    let private seedCount path (n: int) (looks: int list) =
        [ if n < fewestSeeds then
              warning
                  "S004"
                  path
                  $"With {n} seeds, optimizers are not ranked: the smallest p-value of the sign-flip test is 2/2^{n} = {NumberText.ofFloat (Math.Pow(2.0, float (1 - n)))}."
                  $"Use at least {fewestSeeds} seeds."

          match looks |> List.filter (fun seeds -> seeds < fewestSeeds) with
          | [] -> ()
          | early ->
              let shown = String.Join(", ", early)

              warning
                  "S004"
                  "$.confirmation.looks"
                  $"An interim look at {shown} seeds cannot decide anything."
                  $"Use {fewestSeeds} seeds or more at the first look." ]

    /// The smallest p-value of the exact sign-flip test must meet the strictest level of Holm's correction.
    let private decisions (contenders: int) (confirmation: Confirmation) =
        let pairs = contenders * (contenders - 1) / 2

        let n =
            match confirmation.InterimLooks with
            | Some looks -> max confirmation.Seeds.Length (List.last looks.Seeds)
            | None -> confirmation.Seeds.Length

        let asked = confirmation.Alpha / float pairs

        if pairs > 0 && n >= fewestSeeds && Math.Pow(2.0, float (1 - n)) > asked then
            let needed = int (Math.Ceiling(1.0 - Math.Log2 asked))

            // The tests of a tie are one-sided: their smallest p-value is half of that.
            let possible =
                if Math.Pow(2.0, float -n) <= asked then "only ties are possible" else "no pair can tie either"

            [ warning
                  "S005"
                  "$.confirmation.seeds"
                  $"With {n} seeds, no optimizer can beat another; {possible}. With {pairs} pairs, Holm's correction needs a p-value of at most {NumberText.ofFloat (Math.Round(asked, 5))}, and the smallest p-value is 2/2^{n}."
                  $"Use at least {needed} seeds, or fewer optimizers." ]
        else
            []

    let private contender (others: Contender list) (tuning: Tuning) j (contender: Contender) =
        let path = $"$.optimizers[{j}].space"
        let tunedNames = tuned contender
        let has name = not (Settings.arguments name contender.Optimizer).IsEmpty

        [ if has "eps" && not (List.contains "eps" tunedNames) then
              warning
                  "S007"
                  path
                  $"The ε of {contender.Name} is not tuned. Tuning it can improve adaptive optimizers and change rankings (Choi et al. 2019)."
                  "Add \"eps\" to the search space, or limit the conclusion to this ε."

          let tunesRate (contender: Contender) = List.contains "lr" (tuned contender)

          if has "lr" && not (tunesRate contender) && List.exists tunesRate others then
              warning
                  "S013"
                  path
                  $"The learning rate of {contender.Name} is not tuned, but other optimizers tune theirs."
                  "Add \"lr\" to its search space."

          match Settings.tryStart tuning contender with
          | Error problem -> finding Severity.Error "S017" path problem "Change the search space, the optimizer or the search."
          | Ok list when tuning.Search = Search.Grid ->
              for name, space in contender.Space do
                  let factor =
                      match space with
                      | LogUniform(low, high) -> Some("values", high / low)
                      | LogUniformBelowOne(low, high) -> Some("distances to 1", (1.0 - low) / (1.0 - high))
                      | Uniform _
                      | Choice _
                      | Fixed _ -> None

                  match factor with
                  | Some(what, factor) ->
                      let values =
                          list.Settings
                          |> Array.collect _.Values
                          |> Array.filter (fun struct (other, _) -> other = name)
                          |> Array.distinct

                      let ratio = Math.Pow(factor, 1.0 / float (values.Length - 1))

                      // The tolerance prevents a warning for a grid of whole decades whose ratio is rounded up.
                      if ratio > 10.0 * (1.0 + 1e-9) then
                          warning
                              "S009"
                              $"{path}.{name}"
                              $"Neighbouring {what} of the grid differ by a factor of {NumberText.ofFloat (Math.Round(ratio, 1))}. The best value is likely between two of them."
                              "Use a narrower range or more trials."
                  | None -> ()
          | Ok _ -> () ]

    let private twice (contenders: Contender list) =
        contenders
        |> List.indexed
        |> List.groupBy (fun (_, contender) -> struct (string contender.Optimizer, Map.ofList contender.Space))
        |> List.filter (fun (_, same) -> same.Length > 1)
        |> List.map (fun (_, same) ->
            let names = String.Join(" and ", same |> List.map (fun (_, contender) -> contender.Name))

            warning
                "S012"
                $"$.optimizers[{fst same[1]}]"
                $"{names} are the same optimizer with the same space."
                "Remove one of them: every further pair makes it harder to decide the others.")

    let private nested (tuning: Tuning) (contenders: Contender list) =
        [ if tuning.Nested && contenders |> List.forall (tuned >> List.isEmpty) then
              warning
                  "S020"
                  "$.tuning.nested"
                  "The tuning is repeated for each confirmation seed, but no optimizer has anything to tune, so all repetitions select the same settings."
                  "Remove \"nested\", or give the optimizers search spaces." ]

    let private pruning (study: StudyDesign) (tuning: Tuning) =
        [ match tuning.Pruning with
          | NoPruning
          | PruningRule _ -> ()
          | Median warmUp ->
              if warmUp < 4 then
                  warning
                      "S011"
                      "$.tuning.pruning"
                      $"Pruning compares a trial with the median of only {warmUp} trials."
                      "Use a \"warm_up\" of at least 4 trials."
          | SuccessiveHalving eta ->
              if tuning.Trials < eta then
                  warning
                      "S011"
                      "$.tuning.pruning"
                      $"The best 1/{eta} of {tuning.Trials} trials is less than one trial."
                      "Use a smaller \"eta\" or more trials."

              for task in study.Tasks do
                  match task.Problem.StepsAnEpoch with
                  | Some epoch when task.Steps / int64 eta < epoch ->
                      warning
                          "S011"
                          "$.tuning.pruning"
                          $"Trials of the task {task.Name} are pruned after {task.Steps / int64 eta} steps, which is less than an epoch ({epoch} steps)."
                          "Use a smaller \"eta\" or more steps."
                  | Some _
                  | None -> () ]

    let private compared (study: StudyDesign) =
        let kind = study.Protocol.Kind
        let confirmation = study.Protocol.Confirmation
        // The protocol fixes what a study cannot set, so a study is not blamed for it.
        let isSet = kind.Has ProtocolKey.Confirmation

        [ let looks =
              if isSet then confirmation.InterimLooks |> Option.map _.Seeds |> Option.defaultValue [] else []

          yield! seedCount (seedsPath kind) confirmation.Seeds.Length looks

          if isSet then
              yield! decisions study.Contenders.Length confirmation ]

    let private findings (ofData: StudyDesign -> int -> StudyTask -> Finding list) (study: StudyDesign) : Finding array =
        [| yield! study.Protocol.Kind.Check study

           for i, task in List.indexed study.Tasks do
               yield! testSet study i task
               yield! task.Problem.Findings $"$.tasks[{i}]"
               yield! target i task
               yield! budget i task
               yield! resolution study i task
               yield! ofData study i task

           yield! twice study.Contenders

           match study.Protocol.Tuning with
           | Some tuning ->
               for j, item in List.indexed study.Contenders do
                   yield! contender study.Contenders tuning j item

               yield! budgets tuning study.Contenders
               yield! nested tuning study.Contenders
               yield! pruning study tuning
               yield! seedless study.Protocol tuning
           | None -> ()

           if study.Protocol.Kind.ComparesPairs then
               yield! compared study |]
        |> Array.distinct

    /// <summary>
    /// Returns all findings: of the kind of protocol, then about tasks, optimizers and the parts of the protocol. Reads the images of folders.
    /// No findings do not prove that a study is sound.
    /// </summary>
    let check (study: StudyDesign) : Finding array = findings fits study

    /// <summary>
    /// Returns the findings that depend only on the study, and so are the same on every machine. Reads no images: it does not check whether
    /// images, layers and optimizers fit each other.
    /// </summary>
    let checkDesign (study: StudyDesign) : Finding array = findings (fun _ _ _ -> []) study
