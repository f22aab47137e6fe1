namespace CuteDl.Studies

open System
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// <summary>How much a finding takes from what a study can say.</summary>
type Severity =
    /// <summary>Worth knowing.</summary>
    | Note = 0
    /// <summary>The results may mislead, or say less than hoped.</summary>
    | Warning = 1
    /// <summary>The results would be wrong, or there would be none.</summary>
    | Error = 2

/// <summary>Something about a study that its reader would object to.</summary>
type Finding =
    {
        /// <summary>S001, S002, ...: the same for the same kind of finding.</summary>
        Code: string
        /// <summary>How much it takes.</summary>
        Severity: Severity
        /// <summary>The place in the study: <c>$.tasks[0].output</c>.</summary>
        Path: string
        /// <summary>What is the matter.</summary>
        Message: string
        /// <summary>What to do.</summary>
        Advice: string
    }

    /// <summary>S008 warning, $.tasks[0].output: ...</summary>
    override finding.ToString() =
        $"{finding.Code} {finding.Severity.ToString().ToLowerInvariant()}, {finding.Path}: {finding.Message} {finding.Advice}"

/// <summary>What can be said against a study before anything is computed.</summary>
[<RequireQualifiedAccess>]
module Lint =
    let private finding severity code path message advice =
        { Code = code; Severity = severity; Path = path; Message = message; Advice = advice }

    let private error code = finding Severity.Error code
    let private warning code = finding Severity.Warning code

    let private images (task: StudyTask) =
        match task.Problem with
        | Images images -> Some images
        | Function _ -> None

    let private classes (task: ImagesTask) =
        match List.tryLast task.Layers with
        | Some(Dense(units, _)) -> units
        | _ -> 1

    /// The steps of an epoch, where the number of images is known.
    let private epoch (task: ImagesTask) : int64 option =
        let images =
            match task.Source with
            | Mnist -> Some StudyKeys.mnistImages
            | Held(_, data) -> Some data.Training.Count
            | Folder _ -> None

        match images, task.Split with
        | Some images, HoldOut(validation, _) -> Some(int64 (Batches.count (max 1 (images - validation)) task.Batch))
        | Some images, TestAsValidation -> Some(int64 (Batches.count images task.Batch))
        | None, _ -> None

    // Tasks

    let private testSet (study: StudyDesign) i (task: StudyTask) =
        match images task, study.Protocol with
        | Some { Split = TestAsValidation }, Fair _ ->
            [ error
                  "S001"
                  $"$.tasks[{i}].split"
                  "settings are chosen by the test images, so the accuracy reported on them is too good."
                  "Hold validation images out: { \"validation\": 5000 }." ]
        | Some { Split = TestAsValidation }, Document _ ->
            [ warning
                  "S001"
                  $"$.tasks[{i}].split"
                  "runs are stopped by the test images, as in the document: their accuracy is not that on unseen images."
                  "Take the protocol \"fair\" to compare optimizers." ]
        | _ -> []

    let private reluOutputs i task =
        match images task with
        | Some images when
            (match List.tryLast images.Layers with
             | Some(Dense(_, ReLU)) -> true
             | _ -> false)
            ->
            [ warning
                  "S008"
                  $"$.tasks[{i}].output"
                  "the outputs are relu: one that is 0 for every image gets no gradient and never comes back, by the luck of the initial weights."
                  "Make the outputs linear." ]
        | _ -> []

    let private target i (task: StudyTask) =
        let path = $"$.tasks[{i}].target"

        match task.Target, images task with
        | Accuracy least, _ when least >= 1.0 ->
            [ warning
                  "S010"
                  path
                  $"an accuracy of {NumberText.ofFloat least} is hardly ever reached."
                  "Take a target that a good run reaches halfway." ]
        | Accuracy least, Some images when least <= 1.0 / float (classes images) ->
            [ warning
                  "S010"
                  path
                  $"guessing among {classes images} classes reaches an accuracy of {NumberText.ofFloat least}."
                  "Take a target that a good run reaches halfway." ]
        | Target.Loss most, Some images when images.Loss = SoftmaxCrossEntropy && most >= Math.Log(float (classes images)) ->
            [ warning
                  "S010"
                  path
                  $"guessing among {classes images} classes reaches a loss of {NumberText.ofFloat most}."
                  "Take a target that a good run reaches halfway." ]
        | _ -> []

    let private budget i (task: StudyTask) =
        [ match images task |> Option.bind epoch with
          | Some epoch when task.Steps < epoch ->
              warning
                  "S014"
                  $"$.tasks[{i}].steps"
                  $"{task.Steps} steps are less than the {epoch} of an epoch: most images are never seen."
                  "Take at least an epoch."
          | _ -> () ]

    /// A time T is known to lie between two validations, so to a factor of T / (T − distance). Compared with the ratio that counts as equal, this
    /// gives the earliest time that is known well enough. The times themselves are not known before some runs are finished.
    let private resolution (study: StudyDesign) i (task: StudyTask) =
        let equalWithin = StudyDesign.equalWithin study
        let earliest = float task.ValidateEvery * equalWithin / (equalWithin - 1.0)
        let share = earliest / float task.Steps

        if task.ValidateEvery > 1 && share > 0.25 then
            let shown = earliest.ToString("#,0", Globalization.CultureInfo.InvariantCulture)
            let advised = max 1L (int64 (0.1 * float task.Steps * (1.0 - 1.0 / equalWithin)))

            [ finding
                  (if share > 0.5 then Severity.Warning else Severity.Note)
                  "S015"
                  $"$.tasks[{i}].validate_every"
                  $"a validation every {task.ValidateEvery} of {task.Steps} steps resolves only times from step {shown} on to within {NumberText.ofFloat equalWithin}, the ratio that counts as equal. When the runs arrive is not known before they are run."
                  $"Validate every {advised} steps, which resolves times from a tenth of the budget on." ]
        else
            []

    // What the document's stop rules, which count validations, were made for.
    let private documentEpochs = 5000L

    let private document (study: StudyDesign) i (task: StudyTask) =
        match study.Protocol, images task |> Option.bind epoch with
        | Document _, Some epoch when int64 task.ValidateEvery <> epoch || task.Steps <> documentEpochs * epoch ->
            [ finding
                  Severity.Note
                  "S018"
                  $"$.tasks[{i}]"
                  $"runs are validated every {task.ValidateEvery} steps, and end after {task.Steps}: the document validates every epoch, of {epoch} steps, and ends after {documentEpochs}. Its stop rules count validations."
                  $"To do as it does: \"epochs\": {documentEpochs}, \"validate_every\": {epoch}." ]
        | _ -> []

    let private fits (study: StudyDesign) i (task: StudyTask) =
        match Fit.layout task with
        | Error problem ->
            [ error "S019" $"$.tasks[{i}]" $"the task {task.Name} cannot be trained: {problem}" "Change the data, the split or the layers." ]
        | Ok layout ->
            let tensors =
                String.Join(", ", layout.Parameters |> Seq.truncate 4 |> Seq.map _.Name)
                + (if Seq.length layout.Parameters > 4 then ", ..." else "")

            [ for j, contender in List.indexed study.Contenders do
                  match Fit.problem contender.Optimizer layout with
                  | Some problem ->
                      error
                          "S016"
                          $"$.optimizers[{j}].optimizer"
                          $"{contender.Name} does not fit the task {task.Name}: {problem}"
                          $"Leave it out, or give it groups for the tensors of this task: {tensors}."
                  | None -> () ]

    // Contenders

    let private tuned (contender: Contender) =
        contender.Space
        |> List.filter (
            snd
            >> function
                | Fixed _ -> false
                | Choice values -> values.Length > 1
                | _ -> true
        )
        |> List.map fst

    /// The settings to begin with, or why there are none.
    let private started (tuning: Tuning) (contender: Contender) : Result<SettingList, string> =
        try
            Ok(Settings.start tuning contender)
        with :? ArgumentException as error ->
            Error(Refusal.ofException error)

    let private counts (of': (Contender * int) list) =
        String.Join(", ", of' |> List.map (fun (contender, count) -> $"{contender.Name} {count}"))

    let private budgets (tuning: Tuning) (contenders: Contender list) =
        let settings =
            contenders
            |> List.choose (fun contender ->
                match started tuning contender with
                | Ok list -> Some(contender, list.Settings.Length)
                | Error _ -> None)

        let dimensions =
            contenders
            |> List.map (fun contender -> contender, (tuned contender).Length)
            |> List.filter (snd >> (<) 0)

        // Choices that are alike for all give the same chance to all.
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
                  $"not all have as many settings: {counts settings}. Who may try more often has the better best."
                  "Give all of them a space to tune."

          for name, sizes in choices do
              let shown = String.Join(" and ", sizes |> List.map snd |> List.distinct)

              warning
                  "S002"
                  "$.optimizers"
                  $"{name} has {shown} values to choose from, depending on the optimizer."
                  "Give all of them as many values."

          if dimensions |> List.distinctBy snd |> List.length > 1 then
              warning
                  "S003"
                  "$.optimizers"
                  $"with one budget they tune different numbers of hyper-parameters: {counts dimensions}. More of them need more trials."
                  "Tune as many of each, or say so with the results." ]

    let private seedless (tuning: Tuning) (confirmation: Confirmation) (frontier: Frontier option) =
        let confirming =
            match confirmation.Looks with
            | Some looks -> StudyDesign.seedsToLook confirmation looks
            | None -> confirmation.Seeds

        let shared (a: int list) (b: int list) = Set.intersect (Set.ofList a) (Set.ofList b) |> Set.toList

        let shown (seeds: int list) =
            String.Join(", ", List.truncate 5 seeds) + (if seeds.Length > 5 then ", ..." else "")

        [ match shared tuning.Seeds confirming with
          | [] -> ()
          | seeds ->
              error
                  "S006"
                  "$.confirmation.seeds"
                  $"seeds {shown seeds} have chosen the settings and confirm them: what was luck is taken for merit."
                  "Confirm with other seeds."

          match frontier with
          | Some frontier ->
              for other, name in [ tuning.Seeds, "tuning"; confirming, "confirmation" ] do
                  match shared frontier.Seeds other with
                  | [] -> ()
                  | seeds ->
                      warning
                          "S006"
                          "$.frontier.seeds"
                          $"seeds {shown seeds} are those of the {name} too, so that the two do not speak for each other."
                          "Take other seeds."
          | None -> () ]

    let private fewestSeeds = 6

    let private seedCount path (n: int) (looks: int list) =
        [ if n < fewestSeeds then
              warning
                  "S004"
                  path
                  $"of {n} seeds no ranking is made: no result of the sign-flip test is below p = 2/2^{n} = {NumberText.ofFloat (Math.Pow(2.0, float (1 - n)))}."
                  $"Take at least {fewestSeeds}."

          match looks |> List.filter (fun seeds -> seeds < fewestSeeds) with
          | [] -> ()
          | early ->
              let shown = String.Join(", ", early)
              warning "S004" "$.confirmation.looks" $"a look at {shown} seeds can decide nothing." $"Look first at {fewestSeeds} or more." ]

    /// The smallest p-value of the exact sign-flip test has to pass what Holm's correction asks of the smallest of all.
    let private decisions (contenders: int) (confirmation: Confirmation) =
        let pairs = contenders * (contenders - 1) / 2

        let n =
            match confirmation.Looks with
            | Some looks -> max confirmation.Seeds.Length (List.last looks.Seeds)
            | None -> confirmation.Seeds.Length

        let asked = confirmation.Alpha / float pairs

        if pairs > 0 && n >= fewestSeeds && Math.Pow(2.0, float (1 - n)) > asked then
            let needed = int (Math.Ceiling(1.0 - Math.Log2 asked))

            [ warning
                  "S005"
                  "$.confirmation.seeds"
                  $"{n} seeds cannot decide anything: for the first of {pairs} pairs Holm's correction asks for p below {NumberText.ofFloat (Math.Round(asked, 5))}, and the smallest there is is 2/2^{n}."
                  $"Take at least {needed} seeds, or fewer optimizers." ]
        else
            []

    let private contender (others: Contender list) (tuning: Tuning) j (contender: Contender) =
        let path = $"$.optimizers[{j}].space"
        let tunedNames = tuned contender
        let arguments = Settings.argumentNames contender.Optimizer

        [ if List.contains "eps" arguments && not (List.contains "eps" tunedNames) then
              warning
                  "S007"
                  path
                  $"ε of {contender.Name} is fixed. Where it is tuned, adaptive optimizers can do better and rankings change (Choi et al. 2019)."
                  "Add \"eps\" to the space, or read the verdict as one on this ε."

          let tunesRate (contender: Contender) = List.contains "lr" (tuned contender)

          if List.contains "lr" arguments && not (tunesRate contender) && List.exists tunesRate others then
              warning "S013" path $"the learning rate of {contender.Name} is not tuned, and that of others is." "Add \"lr\" to its space."

          match started tuning contender with
          | Error problem ->
              finding Severity.Error "S017" path $"the space cannot be searched: {problem}" "Change the space, the optimizer or the search."
          | Ok list when tuning.Search = Search.Grid ->
              for name, space in contender.Space do
                  match space with
                  | LogUniform(low, high) ->
                      let values =
                          list.Settings
                          |> Array.collect _.Values
                          |> Array.filter (fun struct (other, _) -> other = name)
                          |> Array.distinct

                      let ratio = Math.Pow(high / low, 1.0 / float (values.Length - 1))

                      // Decades that are whole are no coarser for being rounded.
                      if ratio > 10.0 * (1.0 + 1e-9) then
                          warning
                              "S009"
                              $"{path}.{name}"
                              $"each value of the grid is {NumberText.ofFloat (Math.Round(ratio, 1))} times the one before it: the best is likely between two."
                              "Take a shorter range or more trials."
                  | _ -> ()
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
                "Leave one out: each pair more costs certainty.")

    let private pruning (study: StudyDesign) (tuning: Tuning) =
        [ match tuning.Pruning with
          | NoPruning -> ()
          | Median warmUp ->
              if warmUp < 4 then
                  warning
                      "S011"
                      "$.tuning.pruning"
                      $"a median of {warmUp} trials decides about the next."
                      "Let at least 4 trials go to their end first."
          | SuccessiveHalving eta ->
              if tuning.Trials < eta then
                  warning
                      "S011"
                      "$.tuning.pruning"
                      $"the best 1/{eta} of {tuning.Trials} trials is less than one of them."
                      "Take a smaller η or more trials."

              for task in study.Tasks do
                  match images task |> Option.bind epoch with
                  | Some epoch when task.Steps / int64 eta < epoch ->
                      warning
                          "S011"
                          "$.tuning.pruning"
                          $"trials of {task.Name} end after {task.Steps / int64 eta} steps, less than the {epoch} of an epoch."
                          "Take a smaller η or a greater budget."
                  | _ -> () ]

    /// <summary>All findings: about tasks, then optimizers, then the protocol. None does not make a study good.</summary>
    let check (study: StudyDesign) : Finding array =
        [| for i, task in List.indexed study.Tasks do
               yield! testSet study i task
               yield! reluOutputs i task
               yield! target i task
               yield! budget i task
               yield! resolution study i task
               yield! document study i task
               yield! fits study i task

           yield! twice study.Contenders

           match study.Protocol with
           | Fair(tuning, confirmation, frontier) ->
               for j, item in List.indexed study.Contenders do
                   yield! contender study.Contenders tuning j item

               yield! budgets tuning study.Contenders
               yield! pruning study tuning
               yield! seedless tuning confirmation frontier
               let looks = confirmation.Looks |> Option.map _.Seeds |> Option.defaultValue []
               yield! seedCount "$.confirmation.seeds" confirmation.Seeds.Length looks
               yield! decisions study.Contenders.Length confirmation
           | Document seeds -> yield! seedCount "$.seeds" seeds.Length [] |]
        |> Array.distinct
