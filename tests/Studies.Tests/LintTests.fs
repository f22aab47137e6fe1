/// What is said against studies: each finding where it belongs, and not elsewhere.
module CuteDl.Studies.Tests.LintTests

open System.IO
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.StudyGenerators

let private six = lazy StudyJsonTests.parsed (sample "mnist-six")
let private document = lazy StudyJsonTests.parsed (sample "document")

let private codes study = Lint.check study |> Array.map _.Code |> Array.distinct |> Array.toList

let private ofCode code study = Lint.check study |> Array.filter (fun finding -> finding.Code = code)

/// The code is found where it should be, and not in the study as it was.
let private finds code name (path: string) severity (change: StudyDesign -> StudyDesign) =
    testCase $"{code} {name}" (fun () ->
        let before: Finding array = ofCode code six.Value

        let found =
            ofCode code (change six.Value) |> Array.filter (fun finding -> not (Array.contains finding before))

        Expect.isNonEmpty found "found"
        Expect.contains ([ for finding in found -> finding.Path ]) path "path"
        Expect.all found (fun (finding: Finding) -> finding.Severity = severity) "severity"
        Expect.all found (fun finding -> finding.Message.EndsWith '.' && finding.Advice.EndsWith '.') "sentences")

let private isSilent code name (change: StudyDesign -> StudyDesign) =
    testCase $"{code} is silent: {name}" (fun () -> Expect.isEmpty (ofCode code (change six.Value)) "none")

let private withTask change (study: StudyDesign) = { study with Tasks = List.map change study.Tasks }

let private withImages change =
    withTask (fun task ->
        match task.Problem with
        | :? DataSetProblem as images -> { task with Problem = change images }
        | _ -> task)

let private withContender index change (study: StudyDesign) =
    { study with
        Contenders = study.Contenders |> List.mapi (fun i contender -> if i = index then change contender else contender) }

let private withFair change (study: StudyDesign) =
    match study.Protocol with
    | { Tuning = Some tuning; Confirmation = confirmation; Frontier = frontier } ->
        { study with Protocol = FairProtocol.make (change (tuning, confirmation, frontier)) }
    | _ -> study

let private withTuning change =
    withFair (fun (tuning, confirmation, frontier) -> change tuning, confirmation, frontier)

let private withConfirmation change =
    withFair (fun (tuning, confirmation, frontier) -> tuning, change confirmation, frontier)

let private withFrontierSeeds seeds =
    withFair (fun (tuning, confirmation, frontier) ->
        tuning, confirmation, frontier |> Option.map (fun frontier -> { frontier with Frontier.Seeds = seeds }))

let private withSpace index space = withContender index (fun contender -> { contender with Space = space })
let private withPruning pruning = withTuning (fun tuning -> { tuning with Pruning = pruning })
let private withTarget target = withTask (fun task -> { task with Target = target })
let private withSeeds seeds = withConfirmation (fun confirmation -> { confirmation with Seeds = seeds })

let private optimizer index text =
    withContender index (fun contender -> { contender with Optimizer = Expression.parse text })

let private warning = Severity.Warning
let private note = Severity.Note

/// A folder of images of 3 × 2 pixels, as MNIST's files have them.
let private writeImages (folder: string) (images: int) : unit =
    let number (value: int) = [| byte (value >>> 24); byte (value >>> 16); byte (value >>> 8); byte value |]

    let write (name: string) (dimensions: int list) (cells: byte array) =
        let header =
            Array.concat [ [| 0uy; 0uy; 8uy; byte dimensions.Length |]; yield! List.map number dimensions ]

        File.WriteAllBytes(Path.Combine(folder, name), Array.append header cells)

    for set in [ "train"; "t10k" ] do
        write $"{set}-images-idx3-ubyte" [ images; 3; 2 ] (Array.init (images * 6) byte)
        write $"{set}-labels-idx1-ubyte" [ images ] (Array.init images (fun i -> byte (i % 2)))

/// Optimizers that fit one kind of task, and not another.
let private misfits =
    let study tasks optimizers =
        StudyJsonTests.parsed
            $"""{{ "schema": "cutedl/study/1", "name": "s", "tasks": [{tasks}], "optimizers": [{optimizers}], "confirmation": {{ "defaults": false }} }}"""

    let task name kind = $"""{{ "name": "{name}", {kind}, "steps": 100, "target": {{ "loss": 1 }} }}"""
    let quadratic = task "bowl" "\"function\": \"quadratic\""
    let rosenbrock = task "valley" "\"function\": \"rosenbrock\""
    let regression = task "line" "\"function\": \"logistic_regression\""

    let images (folder: string) rest =
        task "images" $"\"data\": {{ \"folder\": \"{folder}\", \"classes\": 2 }}, \"hidden\": []{rest}"

    let errors study =
        [ for finding in Lint.check study do
              if finding.Severity = Severity.Error then
                  finding.Code, finding.Path ]

    // Whatever the check passes is carried out to its first step, and whatever it refuses is refused there too.
    let agrees (study: StudyDesign) =
        let begun =
            try
                let read source =
                    match source with
                    | Folder(path, classes, expansion) -> CuteDl.Core.Data.MnistFormat.readFolderWithin expansion classes path
                    | Mnist
                    | Held _ -> failtest "only folders"

                let trials: ITrialSource = PreparedTrials.Of(read, study)

                for task in study.Tasks do
                    for contender in study.Contenders do
                        let run =
                            trials.Start
                                { Phase = Phase.Run
                                  Task = task.Name
                                  Contender = contender.Name
                                  Setting = 0
                                  Seed = 1
                                  Optimizer = string contender.Optimizer
                                  Values = [||] }

                        run.RunTo(1L, System.Threading.CancellationToken.None)

                true
            with
            | :? System.ArgumentException
            | :? IOException
            | :? CuteDl.Core.Data.DataFormatException -> false

        Expect.equal begun (errors study).IsEmpty $"%A{errors study}"

    testCase "S016, S019 for every kind of task" (fun () ->
        JournalTests.inFolder (fun folder ->
            let muon = """{ "name": "muon", "optimizer": "muon()" }"""
            let adam = """{ "optimizer": "adam()" }"""
            let biases = """{ "name": "g", "optimizer": "{ \"bias\": adam(), \"*\": fixed() }" }"""
            writeImages folder 10
            let misfit j = "S016", $"$.optimizers[{j}].optimizer"
            let data = "S019", "$.tasks[0]"
            let split n = $", \"split\": {{ \"validation\": {n} }}"

            for tasks, optimizers, expected in
                [ quadratic, adam, []
                  quadratic, muon, [ misfit 0 ]
                  rosenbrock, $"{adam}, {muon}", [ misfit 1 ]
                  regression, muon, [ misfit 0 ]
                  regression, biases, []
                  quadratic, biases, [ misfit 0 ]
                  $"{regression}, {rosenbrock}", biases, [ misfit 0 ]
                  images folder (split 4), adam, []
                  images folder (split 4), muon, [ misfit 0 ]
                  images folder (split 4), biases, [ misfit 0 ]
                  images folder (split 10), adam, [ data ]
                  images (folder + "/none") (split 4), adam, [ data ] ] do
                let study = study tasks optimizers
                Expect.equal (errors study) expected $"{optimizers} on {tasks}"
                agrees study))

let tests =
    testList
        "lint"
        [ finds
              "S001"
              "the test set chooses"
              "$.tasks[0].split"
              Severity.Error
              (withImages (fun images -> { images with Split = TestAsValidation }))

          testCase "S001 the test set stops" (fun () ->
              match ofCode "S001" document.Value with
              | [| finding |] -> Expect.equal finding.Severity Severity.Warning "as the document does it"
              | other -> failtestf "%A" other)

          finds "S001" "the test set compares what is given" "$.tasks[0].split" warning (fun study ->
              { withImages (fun images -> { images with Split = TestAsValidation }) study with
                  Protocol = AsGivenProtocol.kind.Protocol })

          finds "S002" "one has nothing to tune" "$.optimizers" warning (withSpace 5 [])
          finds "S002" "choices of different size" "$.optimizers" warning (fun study ->
              study
              |> withSpace 4 [ "eps", Choice [ 1e-8; 1e-6 ] ]
              |> withSpace 5 [ "eps", Choice [ 1e-8; 1e-6; 1e-4; 1e-2 ] ])
          isSilent
              "S002"
              "choices of the same size"
              (withSpace 4 [ "lr", LogUniform(0.01, 1.0); "eps", Choice [ 1e-8; 1e-6 ] ]
               >> withSpace 5 [ "lr", LogUniform(0.01, 1.0); "eps", Choice [ 1e-8; 1e-6 ] ])
          finds
              "S003"
              "one tunes two numbers"
              "$.optimizers"
              warning
              (withTuning (fun tuning -> { tuning with Search = Search.Sobol })
               >> withSpace 5 [ "lr", LogUniform(0.001, 0.1); "beta2", Uniform(0.9, 0.999) ])
          finds "S004" "five seeds" "$.confirmation.seeds" warning (withSeeds [ 1..5 ])
          finds
              "S004"
              "a look at four"
              "$.confirmation.looks"
              warning
              (withConfirmation (fun confirmation -> { confirmation with InterimLooks = Some { Seeds = [ 4; 10 ] } }))
          isSilent "S004" "six seeds" (withSeeds [ 1..6 ])

          testCase "S004 of the document's protocol" (fun () ->
              Expect.isEmpty (ofCode "S004" document.Value) "ten"
              Expect.isNonEmpty (ofCode "S004" { document.Value with Protocol = DocumentProtocol.make [ 1; 2; 3 ] }) "three")

          finds "S005" "nine seeds for fifteen pairs" "$.confirmation.seeds" warning (withSeeds [ 1..9 ])
          isSilent
              "S005"
              "six seeds for one pair"
              (withSeeds [ 1..6 ] >> fun study -> { study with Contenders = List.take 2 study.Contenders })
          isSilent
              "S005"
              "one optimizer alone"
              (withSeeds [ 1..6 ] >> fun study -> { study with Contenders = List.take 1 study.Contenders })

          testCase "S005 says whether ties are possible" (fun () ->
              for seeds, possible in [ 9, "only ties are possible"; 8, "no pair can tie either" ] do
                  match ofCode "S005" (withSeeds [ 1..seeds ] six.Value) with
                  | [| finding |] -> Expect.stringContains finding.Message possible $"{seeds} seeds"
                  | other -> failtestf "%A" other)

          testCase "S005 says how many are enough" (fun () ->
              for alpha in [ 0.2; 0.05; 0.01; 0.001 ] do
                  let study seeds =
                      six.Value
                      |> withConfirmation (fun confirmation -> { confirmation with Alpha = alpha; Seeds = seeds })

                  match ofCode "S005" (study [ 1..6 ]) with
                  | [| finding |] ->
                      let needed = finding.Advice.Split(' ')[3] |> int
                      Expect.isEmpty (ofCode "S005" (study [ 1..needed ])) "enough"
                      Expect.isNonEmpty (ofCode "S005" (study [ 1 .. needed - 1 ])) "one less"
                  | other -> failtestf "%A" other)

          finds "S006" "tuning's seeds confirm" "$.confirmation.seeds" Severity.Error (withSeeds [ 991..1000 ])
          finds "S006" "tuning's seeds in the frontier" "$.frontier.seeds" warning (withFrontierSeeds [ 999; 1000 ])
          finds "S006" "confirmation's seeds in the frontier" "$.frontier.seeds" warning (withFrontierSeeds [ 10; 11 ])
          isSilent "S006" "all fresh" id
          finds "S007" "ε by the optimizer" "$.optimizers[0].space" warning (optimizer 0 "adam()")
          isSilent "S007" "ε in the space" (fun study ->
              { study with
                  Contenders = [ { study.Contenders[5] with Space = [ "eps", LogUniform(1e-10, 1.0) ] }; study.Contenders[0] ] })
          finds "S008" "relu outputs" "$.tasks[0].output" warning (withImages (fun images -> { images with Layers = [ Dense(10, ReLU) ] }))
          isSilent "S008" "linear outputs" (withImages (fun images -> { images with Layers = [ Dense(10, Linear) ] }))
          finds "S009" "coarse" "$.optimizers[0].space.lr" warning (withSpace 0 [ "lr", LogUniform(1e-8, 1.0) ])
          finds
              "S009"
              "coarse towards 1"
              "$.optimizers[5].space.beta2"
              warning
              (withSpace 5 [ "beta2", LogUniformBelowOne(0.0, 1.0 - 1e-8) ])
          isSilent "S009" "a distance to 1 in each decade" (withSpace 5 [ "beta2", LogUniformBelowOne(0.0, 1.0 - 1e-7) ])
          isSilent "S009" "a value in each decade" (withSpace 0 [ "lr", LogUniform(1e-7, 1.0) ])
          finds "S010" "never reached" "$.tasks[0].target" warning (withTarget (Accuracy 1.0))
          finds "S010" "reached by guessing" "$.tasks[0].target" warning (withTarget (Accuracy 0.1))
          finds "S010" "a loss reached by guessing" "$.tasks[0].target" warning (withTarget (Target.Loss 2.4))
          isSilent "S010" "a loss below that of guessing" (withTarget (Target.Loss 2.3))
          isSilent "S010" "an accuracy above that of guessing" (withTarget (Accuracy 0.11))
          finds "S011" "a median of two" "$.tuning.pruning" warning (withPruning (Median 2))
          finds "S011" "the best ninth of eight" "$.tuning.pruning" warning (withPruning (SuccessiveHalving 9))
          finds
              "S011"
              "before the end of an epoch"
              "$.tuning.pruning"
              warning
              (withPruning (SuccessiveHalving 3) >> withTask (fun task -> { task with Steps = 2000L }))
          isSilent "S011" "a median of four" (withPruning (Median 4))
          isSilent "S011" "the best third after three epochs" (withPruning (SuccessiveHalving 3))
          finds "S012" "one twice" "$.optimizers[6]" warning (fun study ->
              { study with Contenders = study.Contenders @ [ { study.Contenders[0] with Name = "again" } ] })
          isSilent "S012" "one with two spaces" (fun study ->
              { study with
                  Contenders =
                      study.Contenders
                      @ [ { study.Contenders[0] with Name = "again"; Space = [ "lr", LogUniform(0.1, 1.0) ] } ] })
          finds "S013" "a rate that is not tuned" "$.optimizers[1].space" warning (withSpace 1 [ "decay", Uniform(0.5, 0.99) ])
          finds "S013" "a rate that is fixed" "$.optimizers[1].space" warning (withSpace 1 [ "lr", Fixed 0.1 ])
          isSilent "S013" "nobody's rate is tuned" (fun study ->
              { study with
                  Contenders = study.Contenders |> List.map (fun contender -> { contender with Space = [] }) })
          finds
              "S014"
              "less than an epoch"
              "$.tasks[0].steps"
              warning
              (withTask (fun task -> { task with Steps = 859L; ValidateEvery = 10 }))
          isSilent "S014" "an epoch" (withTask (fun task -> { task with Steps = 860L }))
          // Within 1.05 a time is known from 21 distances of validations on: half the budget of 8,600 steps is 4,300.
          finds "S015" "seldom validated" "$.tasks[0].validate_every" warning (withTask (fun task -> { task with ValidateEvery = 205 }))
          finds "S015" "rarely enough to wonder" "$.tasks[0].validate_every" note (withTask (fun task -> { task with ValidateEvery = 103 }))
          isSilent
              "S015"
              "runs are not compared"
              (withTask (fun task -> { task with ValidateEvery = 205 })
               >> fun study -> { study with Protocol = RunsProtocol.make [ 1..6 ] [] })
          isSilent "S015" "times are known from a quarter of the budget on" (withTask (fun task -> { task with ValidateEvery = 102 }))
          finds
              "S015"
              "a twentieth of the budget resolves no time at all"
              "$.tasks[0].validate_every"
              warning
              (withTask (fun task -> { task with Steps = 16000L; ValidateEvery = 800 }))
          property "S015 is silent for tasks with the default distance of validations" (Gen.choose (1, 1_000_000)) (fun steps ->
              let study =
                  StudyJsonTests.parsed
                      $"""{{ "schema": "cutedl/study/1", "name": "s", "optimizers": [{{ "optimizer": "adam()" }}], "tasks": [
                          {{ "name": "mnist", "data": "mnist", "steps": {steps}, "target": {{ "accuracy": 0.9 }} }},
                          {{ "name": "bowl", "function": "quadratic", "steps": {steps}, "target": {{ "loss": 1 }} }} ] }}"""

              Expect.isEmpty (ofCode "S015" study) "none"
              Expect.all study.Tasks (fun task -> int64 task.ValidateEvery * 100L <= max 100L task.Steps) "a hundredth of the steps")
          property
              "S015 is silent for the quick form of a study for which it is silent"
              (Gen.zip (Gen.choose (1, 100_000)) (Gen.choose (1, 2000)))
              (fun (steps, every) ->
                  let change (task: StudyTask) = { task with Steps = int64 (max steps every); ValidateEvery = every }
                  let study = withTask change six.Value
                  let quick = Quick.study study

                  for before, after in List.zip study.Tasks quick.Tasks do
                      Expect.isLessThanOrEqual after.Steps before.Steps "steps"
                      Expect.isLessThanOrEqual after.ValidateEvery before.ValidateEvery "distance"
                      Expect.isLessThanOrEqual (int64 after.ValidateEvery) after.Steps "at least one validation"

                  if (ofCode "S015" study).Length = 0 then
                      Expect.isEmpty (ofCode "S015" quick) $"{quick.Tasks}")
          testCase "S015 is silent for the quick form of the sample, which validates more often" (fun () ->
              let quick = Quick.study six.Value
              Expect.isEmpty (ofCode "S015" quick) "none"
              Expect.equal [ for task in quick.Tasks -> task.Steps, task.ValidateEvery ] [ 2150L, 25 ] "a quarter of 8,600 steps"
              Expect.isEmpty (StudyRules.broken quick) "rules")
          isSilent "S015" "every step" (withTask (fun task -> { task with ValidateEvery = 1 }))
          testCase "S018, the document's protocol with another budget" (fun () ->
              let codes (change: StudyTask -> StudyTask) = codes { document.Value with Tasks = List.map change document.Value.Tasks }

              Expect.isFalse (List.contains "S018" (codes id)) "as the document does it"
              Expect.contains (codes (fun task -> { task with Steps = 1000L })) "S018" "fewer steps"
              Expect.contains (codes (fun task -> { task with ValidateEvery = 100 })) "S018" "validated more often")

          finds
              "S016"
              "a group without a tensor"
              "$.optimizers[0].optimizer"
              Severity.Error
              (optimizer 0 "{ \"*.scale\": adam(), \"*\": fixed() }")
          isSilent "S016" "groups that fit" (optimizer 0 "{ \"*.bias\": adam(), \"*\": fixed() }")
          misfits

          finds
              "S017"
              "a grid over two ranges"
              "$.optimizers[5].space"
              Severity.Error
              (withSpace 5 [ "lr", LogUniform(0.1, 1.0); "beta1", Uniform(0.1, 0.9) ])
          finds
              "S017"
              "values that do not fit together"
              "$.optimizers[0].space"
              Severity.Error
              (optimizer 0 "sgd()" >> withSpace 0 [ "nesterov", Fixed 1.0 ])
          isSilent "S017" "the six" id

          finds
              "S006"
              "tuning's seeds at a later look"
              "$.confirmation.seeds"
              Severity.Error
              (withConfirmation (fun confirmation -> { confirmation with Seeds = [ 990..999 ]; InterimLooks = Some { Seeds = [ 10; 12 ] } }))
          isSilent
              "S005"
              "enough at the last look"
              (withConfirmation (fun confirmation -> { confirmation with Seeds = [ 1..6 ]; InterimLooks = Some { Seeds = [ 6; 12 ] } }))

          testCase "the samples have no more than is meant" (fun () ->
              Expect.equal (codes six.Value) [ "S007" ] "six"
              Expect.equal (codes document.Value) [ "S001"; "S008" ] "document"
              Expect.equal (codes (StudyJsonTests.parsed (sample "functions"))) [ "S007" ] "functions"
              Expect.equal (codes (StudyJsonTests.parsed StudyJson.example)) [ "S007" ] "example")

          testCase "a finding in words" (fun () ->
              let finding = ofCode "S008" document.Value |> Array.head
              Expect.stringStarts (string finding) "S008 warning, $.tasks[0].output: The outputs are relu." "words")

          forAllStudies "any study can be checked" (fun study ->
              for finding in Lint.check study do
                  Expect.isMatch finding.Code "^S0[0-2][0-9]$" "code"
                  Expect.stringStarts finding.Path "$." "path") ]
