/// Study files: there and back, and what is said of those that are none.
module CuteDl.Studies.Tests.StudyJsonTests

open System
open Expecto
open CuteDl.Testing
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Studies
open CuteDl.Studies.Tests.StudyGenerators

let parsed text =
    match StudyJson.parse text with
    | Ok study -> study
    | Error errors -> failtestf "%s" (String.concat "\n" (Array.map string errors))

let private errors text =
    match StudyJson.parse text with
    | Ok study -> failtestf "read as %A" study
    | Error errors -> errors

/// The least that a study must say.
let private least tasks optimizers rest =
    $"""{{ "schema": "cutedl/study/1", "name": "s", "tasks": [{tasks}], "optimizers": [{optimizers}]{rest} }}"""

let private mnist = """{ "name": "m", "target": { "accuracy": 0.9 } }"""
let private adam = """{ "optimizer": "adam()" }"""
let private withTask text = least text adam ""
let private withOptimizer text = least mnist text ""
let private withRest text = least mnist adam (", " + text)

let private onlyTask text = (parsed (withTask text)).Tasks.Head

/// Texts that are wrong in one place: the path, and part of what is said.
let private wrong =
    [ withTask """{ "name": "m", "batch": 0, "target": { "accuracy": 0.9 } }""",
      "$.tasks[0].batch",
      "Expected a whole number from 1 to 1000000, found 0."
      withOptimizer """{ "name": "x", "optimizer": "clip_value | clip_norm | adam", "space": { "limit": { "uniform": [1, 2] } } }""",
      "$.optimizers[0].space.limit",
      "Use one of these names: clip_value.limit, clip_norm.limit."
      withTask """{ "name": "m", "batch": 1.5, "target": { "accuracy": 0.9 } }""", "$.tasks[0].batch", "found 1.5."
      withTask """{ "name": "m", "bach": 3, "target": { "accuracy": 0.9 } }""", "$.tasks[0].bach", "Did you mean batch?"
      withTask """{ "name": "m" }""", "$.tasks[0]", "\"target\" is missing"
      withTask """{ "name": "m", "target": { "accuracy": 1.5 } }""", "$.tasks[0].target.accuracy", "(0, 1]"
      withTask """{ "name": "m", "target": { "loss": 0 } }""", "$.tasks[0].target.loss", "(0, ∞)"
      withTask """{ "name": "a/b", "target": { "loss": 1 } }""", "$.tasks[0].name", "letters, digits"
      withTask """{ "name": "m", "activation": "rely", "target": { "loss": 1 } }""", "$.tasks[0].activation", "Did you mean relu?"
      withTask """{ "name": "m", "split": { "validation": 60000 }, "target": { "loss": 1 } }""", "$.tasks[0].split.validation", "59999"
      withTask """{ "name": "m", "initial_weights": "normal(0)", "target": { "loss": 1 } }""", "$.tasks[0].initial_weights", "above 0"
      withTask """{ "name": "m", "steps": 3, "epochs": 1, "target": { "loss": 1 } }""", "$.tasks[0].epochs", "beside \"steps\""
      withTask """{ "name": "m", "steps": 3, "validate_every": 4, "target": { "loss": 1 } }""", "$.tasks[0].validate_every", "from 1 to 3"
      withTask """{ "name": "m", "data": { "folder": "x" }, "epochs": 1, "target": { "loss": 1 } }""",
      "$.tasks[0].epochs",
      "training_images"
      withTask """{ "name": "m", "data": { "folder": "x" }, "target": { "loss": 1 } }""", "$.tasks[0]", "\"steps\" is missing"
      withTask """{ "name": "m", "layers": [{ "dense": 9 }], "target": { "loss": 1 } }""", "$.tasks[0].layers", "10 classes"
      withTask """{ "name": "m", "layers": [{ "dense": 10 }], "hidden": [3], "target": { "loss": 1 } }""",
      "$.tasks[0].hidden",
      "beside \"layers\""
      withTask """{ "name": "f", "function": "rosenbrock", "dimensions": 3, "target": { "loss": 1 } }""", "$.tasks[0].dimensions", "even"
      withTask """{ "name": "f", "function": "quadratic", "examples": 3, "target": { "loss": 1 } }""",
      "$.tasks[0].examples",
      "has no \"examples\""
      withTask """{ "name": "f", "function": "quadratic", "target": { "accuracy": 1 } }""",
      "$.tasks[0].target",
      "Expected { \"loss\": ... }"
      withTask (mnist + "," + mnist.Replace("\"m\"", "\"M\"")), "$.tasks", "2 tasks are named"
      withTask "3", "$.tasks[0]", "Expected an object"
      withOptimizer """{ "optimizer": "adm()" }""", "$.optimizers[0].optimizer", "Did you mean adam?"
      withOptimizer """{ "optimizer": "clip_norm(1) | adam()" }""", "$.optimizers[0]", "\"name\" is missing"
      withOptimizer """{ "optimizer": "adam()", "space": { "lt": 1 } }""", "$.optimizers[0].space.lt", "Did you mean lr?"
      withOptimizer """{ "optimizer": "adam()", "space": { "lr": -1 } }""", "$.optimizers[0].space.lr", "[0, ∞)"
      withOptimizer """{ "optimizer": "adam()", "space": { "lr": { "log": [1, 2] } } }""",
      "$.optimizers[0].space.lr.log",
      "Known names are log_uniform"
      withOptimizer """{ "optimizer": "adam()", "space": { "lr": { "log_uniform": [0, 2] } } }""",
      "$.optimizers[0].space.lr.log_uniform",
      "0 < low"
      withOptimizer """{ "optimizer": "adam()", "space": { "beta2": { "log_uniform_below_one": [0.9, 0.9] } } }""",
      "$.optimizers[0].space.beta2.log_uniform_below_one",
      "low < high < 1"
      withOptimizer """{ "optimizer": "adam()", "space": { "eps": { "log_uniform_below_one": [0, 1] } } }""",
      "$.optimizers[0].space.eps.log_uniform_below_one",
      "low < high < 1"
      withOptimizer """{ "optimizer": "adam()", "space": { "lr": { "uniform": [2, 2] } } }""",
      "$.optimizers[0].space.lr.uniform",
      "low < high"
      withOptimizer """{ "optimizer": "adam()", "space": { "beta1": { "uniform": [0.5, 1] } } }""",
      "$.optimizers[0].space.beta1.uniform[1]",
      "[0, 1)"
      withOptimizer """{ "optimizer": "adam()", "space": { "lr": { "choice": [1, 1] } } }""", "$.optimizers[0].space.lr.choice", "distinct"
      withOptimizer """{ "optimizer": "sgd()", "space": { "nesterov": { "uniform": [0, 1] } } }""",
      "$.optimizers[0].space.nesterov.uniform",
      "[true, false]"
      withOptimizer (adam + "," + adam), "$.optimizers", "2 optimizers are named 'adam'"
      least
          mnist
          """{ "optimizer": "adam()", "space": { "lr": { "uniform": [0, 1] }, "eps": { "uniform": [0, 1] } } }"""
          """, "tuning": { "search": "grid" }""",
      "$.optimizers[0]",
      "lr and eps"
      withRest "\"tuning\": { \"trials\": 0 }", "$.tuning.trials", "from 1"
      withRest "\"tuning\": { \"pruning\": { \"median\": { \"warmup\": 1 } } }", "$.tuning.pruning.median.warmup", "warm_up"
      withRest "\"confirmation\": { \"seeds\": [1, 2, 1] }", "$.confirmation.seeds", "distinct"
      withRest "\"confirmation\": { \"looks\": [6, 6] }", "$.confirmation.looks", "ascending"
      withRest "\"confirmation\": { \"looks\": [6, 8], \"seeds\": 10 }", "$.confirmation.looks", "starts with 10"
      withRest "\"confirmation\": { \"alpha\": 0 }", "$.confirmation.alpha", "(0, 1)"
      withRest "\"confirmation\": { \"equal_within\": 1 }", "$.confirmation.equal_within", "(1, ∞)"
      withRest "\"confirmation\": { \"defaults\": 1 }", "$.confirmation.defaults", "true or false"
      withRest "\"frontier\": { \"rates\": [1, 0.1] }", "$.frontier.rates", "ascending"
      withRest "\"frontier\": { \"rates\": { \"from\": 1, \"to\": 0.1 } }", "$.frontier.rates", "below"
      withRest "\"seeds\": 3", "$.seeds", "has no \"seeds\""
      withRest "\"protocol\": \"document\", \"tuning\": {}", "$.tuning", "has no \"tuning\""
      withRest "\"name\": \"again\"", "$.name", "appears 2 times, on lines 1, 1"
      "{ \"schema\": \"cutedl/study/2\", \"name\": \"s\", \"tasks\": ["
      + mnist
      + "], \"optimizers\": ["
      + adam
      + "] }",
      "$.schema",
      "Did you mean cutedl/study/1?"
      "[1, 2]", "$", "Expected an object" ]

let private readingTests =
    testList
        "errors"
        [ for i, (text, path, part) in List.indexed wrong do
              testCase $"{i + 1}: {path}, {part}" (fun () ->
                  match errors text with
                  | [| error |] ->
                      Expect.equal error.Path path "path"
                      Expect.stringContains error.Problem part "problem"
                      Expect.equal error.Line 1 "line"
                  | other -> failtestf "%A" other)

          testCase "all of them are said, each with its line" (fun () ->
              let text =
                  "{\n  \"schema\": \"cutedl/study/1\",\n  // a comment\n  \"tasks\": [\n    { \"name\": \"m\", \"batch\": \"x\" },\n  ],\n  \"optimizers\": [],\n  \"tunning\": {},\n}"

              Expect.equal
                  [ for error in errors text -> error.Line, error.Column, error.Path ]
                  [ 1, 1, "$"
                    5, 5, "$.tasks[0]"
                    5, 29, "$.tasks[0].batch"
                    7, 17, "$.optimizers"
                    8, 14, "$.tunning" ]
                  "errors")

          testCase "what is not JSON is said with its line" (fun () ->
              for text, line in [ "", 1; "{\n\"a\": }", 2; "{\n\n", 3; "{} x", 1; "{ \"a\": 1e9999 }", 1 ] do
                  match errors text with
                  | [| error |] when error.Path = "$" ->
                      Expect.stringContains error.Problem "not JSON" text
                      Expect.equal error.Line line text
                  | other -> Expect.all other (fun error -> error.Line = line) text)

          testProperty "no text makes it throw" (fun (text: string | null) (cut: uint16) ->
              let example = StudyJson.example
              let broken = example.Remove(int cut % example.Length, 1)
              StudyJson.parse (Option.ofObj text |> Option.defaultValue "") |> ignore
              StudyJson.parse broken |> ignore)

          testCase "reading ends at 200 errors, and the message says that there may be more" (fun () ->
              let optimizers = String.concat "," [ for i in 1..30_000 -> $"{{ \"optimizer\": \"unknown{i}()\" }}" ]

              let text =
                  $"""{{ "schema": "cutedl/study/1", "name": "s", "optimizers": [{optimizers}],
                         "tasks": [{{ "name": "bowl", "function": "quadratic", "target": {{ "loss": 1 }} }}] }}"""

              let failures = ref 0
              let thread = Environment.CurrentManagedThreadId

              let count =
                  EventHandler<Runtime.ExceptionServices.FirstChanceExceptionEventArgs>(fun _ args ->
                      if Environment.CurrentManagedThreadId = thread && args.Exception :? ExpressionException then
                          failures.Value <- failures.Value + 1)

              AppDomain.CurrentDomain.FirstChanceException.AddHandler count

              try
                  Expect.equal (errors text).Length 200 "errors"
              finally
                  AppDomain.CurrentDomain.FirstChanceException.RemoveHandler count

              Expect.isLessThan failures.Value 1000 "optimizers that were read"
              let message = StudyFileException("s.json", errors text).Message
              Expect.stringEnds message "  And at least 180 more errors." "message")
          testCase "a file's errors name the file" (fun () ->
              let path = System.IO.Path.GetTempFileName()

              try
                  System.IO.File.WriteAllText(path, "{}")

                  let error =
                      try
                          StudyJson.load path |> ignore
                          failtest "read"
                      with :? StudyFileException as error ->
                          error

                  Expect.stringContains error.Message path "file"
                  Expect.equal error.Errors.Length 4 "schema, name, tasks, optimizers"
              finally
                  System.IO.File.Delete path) ]

let private meaningTests =
    testList
        "defaults"
        [ testCase "of a task of images" (fun () ->
              Expect.equal
                  (onlyTask mnist)
                  { Name = "m"
                    Problem =
                      { Source = Mnist
                        Split = HoldOut(5000, 0)
                        Layers = [ Dense(128, ReLU); Dense(10, Linear) ]
                        Loss = SoftmaxCrossEntropy
                        Weights = Drawn He
                        Batch = 64
                        Order = Shuffled
                        Mean = OverExamples
                        ScoresTraining = false }
                    Precision = TaskPrecision.Single
                    Steps = 8600L
                    ValidateEvery = 86
                    Target = Accuracy 0.9 }
                  "task")

          testCase "of a protocol" (fun () ->
              match (parsed (withRest "\"frontier\": {}")).Protocol with
              | { Tuning = Some tuning; Confirmation = confirmation; Frontier = Some frontier } ->
                  Expect.equal
                      tuning
                      { Search = Search.Sobol
                        Trials = 8
                        Seeds = [ 1000 ]
                        Objective = TimeToTarget
                        Pruning = NoPruning
                        Extensions = 1
                        Nested = false }
                      "tuning"

                  Expect.equal
                      confirmation
                      { Seeds = [ 1..10 ]; Alpha = 0.05; EqualWithin = 1.05; InterimLooks = None; Defaults = true }
                      "confirmation"

                  Expect.equal frontier.Rates (Settings.logarithmic 1e-5 1.0 8) "rates"
                  Expect.equal frontier.Seeds [ 2000; 2001; 2002 ] "seeds"
              | other -> failtestf "%A" other)

          testCase "epochs are steps of the images that are trained on" (fun () ->
              let steps text =
                  (onlyTask ("{ \"name\": \"m\", \"target\": { \"loss\": 1 }, " + text + " }")).Steps

              Expect.equal (steps "\"epochs\": 2") (2L * 860L) "55000 / 64, upwards"
              Expect.equal (steps "\"epochs\": 2, \"split\": \"test_as_validation\", \"batch\": 100") 1200L "60000 / 100"
              Expect.equal (steps "\"epochs\": 3, \"data\": { \"folder\": \"f\", \"training_images\": 5064 }") 3L "(5064 - 5000) / 64"
              Expect.equal (steps "\"steps\": 7") 7L "steps"

              Expect.equal (onlyTask "{ \"name\": \"m\", \"target\": { \"loss\": 1 }, \"steps\": 7 }").ValidateEvery 1 "at least 1")

          testCase "looks say how many seeds there are at most" (fun () ->
              let study = parsed (withRest "\"confirmation\": { \"looks\": [6, 8] }")
              Expect.equal study.Protocol.Confirmation.Seeds [ 1..8 ] "seeds")

          testCase "flags are true and false" (fun () ->
              let text =
                  withOptimizer """{ "optimizer": "sgd(momentum=0.9)", "space": { "nesterov": { "choice": [true, false] }, "lr": 0.5 } }"""

              let study = parsed text
              Expect.equal study.Contenders.Head.Space [ "nesterov", Choice [ 1.0; 0.0 ]; "lr", Fixed 0.5 ] "space"
              Expect.stringContains (StudyJson.print study) "\"choice\": [true, false]" "printed") ]

let tests =
    testList
        "json"
        [ readingTests
          meaningTests

          forAllStudies "what is printed is read as the same" (fun study ->
              let text = StudyJson.print study
              Expect.equal (parsed text) study "study"
              Expect.equal (StudyJson.print (parsed text)) text "text"
              Expect.all (text.Split '\n') (fun line -> not (line.EndsWith ' ')) "no trailing spaces")

          forAllStudies "a study does not differ from itself, and does from one with other numbers" (fun study ->
              Expect.isEmpty (StudyJson.differences study study) "itself"

              let first = study.Tasks.Head
              let other = { study with Tasks = { first with Steps = first.Steps + 1L } :: study.Tasks.Tail }

              Expect.equal
                  (StudyJson.differences study other)
                  [| { Path = "$.tasks[0].steps"
                       First = Some(NumberText.ofFloat (float first.Steps))
                       Second = Some(NumberText.ofFloat (float first.Steps + 1.0)) } |]
                  "steps")

          testCase "a written study names its JSON schema, and the example does too" (fun () ->
              let named = """"$schema": "study.schema.json","""
              Expect.stringContains (StudyJson.print (parsed (sample "functions"))) named "written"
              Expect.stringContains StudyJson.example named "the example"
              Expect.stringContains StudyJson.schema "https://json-schema.org/draft/2020-12/schema" "the schema")

          testCase "messages about a file are short, however long the file or a text in it is" (fun () ->
              let huge = String.replicate 1_000_000 "x"

              for text in
                  [ withRest $"\"{huge}\": 1"
                    withTask $"{{ \"name\": \"{huge}\", \"target\": {{ \"loss\": 1 }} }}"
                    withTask $"{{ \"name\": \"m\", \"activation\": \"{huge}\", \"target\": {{ \"loss\": 1 }} }}"
                    withOptimizer $"{{ \"optimizer\": \"{huge}\" }}"
                    withOptimizer $"{{ \"optimizer\": \"adam()\", \"space\": {{ \"{huge}\": 1 }} }}"
                    withOptimizer $"{{ \"optimizer\": \"adam()\", \"space\": {{ \"lr\": {{ \"{huge}\": 1 }} }} }}"
                    withRest (String.replicate 50_000 "\"a\": 1, " + "\"b\": 1")
                    withRest (String.concat ", " [ for i in 1..50_000 -> $"\"key{i}\": 1" ])
                    withRest ("\"seeds\": [" + String.replicate 50_000 "x" + "]") ] do
                  let found = errors text
                  Expect.isLessThan (StudyFileException("file", found).Message.Length) 20_000 (text.Substring(0, 200))
                  Expect.isLessThanOrEqual found.Length 200 "errors"

              let other = { parsed (sample "functions") with Name = huge }
              let difference = StudyJson.differences other (parsed (sample "functions")) |> Array.exactlyOne
              Expect.isLessThan (string difference).Length 200 "a difference")

          testCase "what one has and the other has not is a difference" (fun () ->
              let study = parsed (sample "functions")
              let fewer = { study with Tasks = List.take 2 study.Tasks }
              let difference = StudyJson.differences study fewer |> Array.exactlyOne
              Expect.equal difference.Path "$.tasks[2]" "path"
              Expect.isNone difference.Second "nothing"
              Expect.stringContains (string difference) "and nothing" "in words"
              let document = { study with Protocol = DocumentProtocol.make [ 1 ] }
              let paths = StudyJson.differences study document |> Array.map _.Path
              Expect.equal paths [| "$.protocol"; "$.tuning"; "$.confirmation"; "$.frontier"; "$.seeds" |] "protocols")

          testCase "images that a program holds are printed by name" (fun () ->
              let set = DataSet(1, [| 0uy; 1uy |], [| 0; 1 |], 2)
              let held = Held("two pixels", DataParts.create set (Some set))
              let study = parsed (sample "mnist-six")

              match study.Tasks.Head.Problem with
              | :? DataSetProblem as images ->
                  let task = { study.Tasks.Head with Problem = { images with Source = held } }
                  let text = StudyJson.print { study with Tasks = [ task ] }
                  Expect.stringContains text "{ \"held\": \"two pixels\" }" "name"
                  Expect.isError (StudyJson.parse text) "not a file's"
              | other -> failtestf "%A" other)

          testCase "the example is a study without errors in it" (fun () ->
              let study = parsed StudyJson.example
              Expect.hasLength study.Contenders 3 "optimizers"
              Expect.equal (parsed (StudyJson.print study)) study "printed")

          testCase "what the example's comments call a default is one" (fun () ->
              let given = parsed StudyJson.example

              let left =
                  { given with
                      Contenders = []
                      Tasks = [ { given.Tasks.Head with Steps = 8600L; Target = Accuracy 0.9; Name = "m" } ] }

              let fromDefaults = parsed (withRest "\"frontier\": {}")

              Expect.equal
                  (StudyJson.differences left fromDefaults |> Array.map _.Path)
                  [| "$.name"; "$.tasks[0].validate_every"; "$.optimizers[0]"; "$.tuning.search" |]
                  "but for these")

          for name in samples do
              testCase $"the sample {name} is read, and printed it is the same" (fun () ->
                  let study = parsed (sample name)
                  Expect.equal (parsed (StudyJson.print study)) study "printed")

          testCase "the document's sample has its runs" (fun () ->
              let study = parsed (sample "document")

              Expect.equal
                  [ for contender in study.Contenders -> contender.Name, contender.Optimizer ]
                  [ for run in DocumentedRuns.all -> run.Name, run.Optimizer ]
                  "runs"

              match study.Tasks.Head.Problem with
              | :? DataSetProblem as images ->
                  Expect.equal images.Layers [ Dense(10, ReLU) ] "model"
                  Expect.equal images.Weights (Drawn(Normal 0.01)) "weights"
                  Expect.equal images.Mean OverBatches "mean"
                  Expect.equal study.Tasks.Head.Steps (5000L * 938L) "budget"
              | other -> failtestf "%A" other

              Expect.equal study.Protocol (DocumentProtocol.make [ 1..10 ]) "seeds")

          testCase "the six are the document's" (fun () ->
              let study = parsed (sample "mnist-six")
              Expect.equal [ for contender in study.Contenders -> contender.Name ] [ for kind in Rules.document -> kind.Name ] "rules"
              Expect.isLessThan (sample "mnist-six" |> _.Split('\n') |> _.Length) 41 "lines") ]
