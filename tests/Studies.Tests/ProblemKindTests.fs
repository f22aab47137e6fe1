/// Tests that a kind of problem from outside the library takes part in studies like the built-in kinds.
module CuteDl.Studies.Tests.ProblemKindTests

open System
open System.Threading
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Studies

let noImages = DataReader(fun _ -> invalidOp "A function has no images.")

/// A kind that the library does not know. It computes a built-in quadratic.
type private Bowl(kind: string) =
    let inner: IProblem = Quadratic(4, 30.0)

    interface IProblem with
        member _.Kind = kind
        member _.HasAccuracy = inner.HasAccuracy
        member _.ComparesAccuracy = inner.ComparesAccuracy
        member _.ValidatesOnTest = inner.ValidatesOnTest
        member _.HasData = inner.HasData
        member _.ExamplesAStep = inner.ExamplesAStep
        member _.StepsAnEpoch = inner.StepsAnEpoch
        member _.Classes = inner.Classes
        member _.GuessedLoss = inner.GuessedLoss
        member _.Findings path = inner.Findings path
        member _.Layout() = inner.Layout()
        member own.InFolder _ = own
        member _.ForDocument images = inner.ForDocument images
        member _.Prepare(task, images) = inner.Prepare(task, images)

let private bowl: IProblem = Bowl "bowl"

let taskOf (problem: IProblem) precision : StudyTask =
    { Name = "task"
      Problem = problem
      Precision = precision
      Steps = 60L
      ValidateEvery = 4
      Target = Target.Loss 0.1 }

let trial seed : Trial =
    { Phase = Phase.Confirmation
      Task = "task"
      Contender = "contender"
      Setting = 0
      Seed = seed
      Optimizer = "momentum(lr=0.01, decay=0.9)"
      Values = [||] }

let run (task: PreparedTask) (trial: Trial) (cut: int64) : TrialResult =
    let first = TrialRunner.start task trial
    first.RunTo(cut, ignore, CancellationToken.None)
    let second = TrialRunner.resume task trial "memory" (first.Snapshot())
    second.RunToEnd(ignore, CancellationToken.None)

    { second.Result CancellationToken.None with Seconds = 0.0; SecondsToTarget = 0.0 }

let text (result: TrialResult) = TrialJson.write { result with Curve = { result.Curve with Seconds = [||] } }

let cases =
    Gen.map3
        (fun seed cut precision -> seed, int64 cut, precision)
        (Gen.choose (0, 1000))
        (Gen.choose (0, 60))
        (Gen.elements [ TaskPrecision.Single; TaskPrecision.Double ])

let private file =
    """{ "schema": "cutedl/study/1", "name": "n",
         "tasks": [{ "name": "mine", "problem": "bowl", "steps": 100, "target": { "loss": 0.1 } }],
         "optimizers": [{ "name": "adam", "optimizer": "adam()", "space": { "lr": { "log_uniform": [0.001, 1] } } }] }"""

let private registry = StudyRegistry.Standard.Add bowl

let private problems (registry: StudyRegistry) (text: string) =
    match StudyJson.parseWith registry text with
    | Ok _ -> [||]
    | Error errors -> errors |> Array.map string

let tests =
    testList
        "problem kinds"
        [ property "a kind from outside gives the bits of the built-in one, resumed at any step" cases (fun (seed, cut, precision) ->
              let prepare problem = PreparedTask.prepare noImages (taskOf problem precision)
              let expected = text (run (prepare (Quadratic(4, 30.0))) (trial seed) 60L)
              Expect.equal (text (run (prepare bowl) (trial seed) cut)) expected "result")

          testCase "a study file names a kind of the registry" (fun () ->
              let study =
                  match StudyJson.parseWith registry file with
                  | Ok study -> study
                  | Error errors -> failtestf "%A" errors

              Expect.isTrue (obj.ReferenceEquals(study.Tasks.Head.Problem, bowl)) "the problem of the registry"
              Expect.equal (StudyJson.parseWith registry (StudyJson.print study)) (Ok study) "printed")

          testCase "a study file names a loss of the registry" (fun () ->
              let loss = OwnLoss("cubes", fun _ _ _ -> 0.0)
              let registry = StudyRegistry.Standard.Add loss

              let file =
                  """{ "schema": "cutedl/study/1", "name": "n",
                       "tasks": [{ "name": "mine", "loss": "cubes", "steps": 100, "target": { "accuracy": 0.9 } }],
                       "optimizers": [{ "name": "adam", "optimizer": "adam()", "space": { "lr": { "log_uniform": [0.001, 1] } } }] }"""

              let study =
                  match StudyJson.parseWith registry file with
                  | Ok study -> study
                  | Error errors -> failtestf "%A" errors

              match study.Tasks.Head.Problem with
              | :? DataSetProblem as images -> Expect.equal images.Loss (Own loss) "the loss of the registry"
              | other -> failtest other.Kind

              Expect.equal (StudyJson.parseWith registry (StudyJson.print study)) (Ok study) "printed"
              Expect.equal (StudyJson.parseWith (StudyRegistry.ofStudy study) (StudyJson.print study)) (Ok study) "the study's registry"

              let refused = problems StudyRegistry.Standard file
              Expect.equal refused.Length 1 "one error"
              Expect.stringContains refused[0] "\"huber(δ)\" with a transition δ above 0, found \"cubes\"." "allowed losses"
              Expect.throwsT<ArgumentException> (fun () -> registry.Add(OwnLoss("cubes", fun _ _ _ -> 1.0)) |> ignore) "twice")

          testCase "a kind that the registry does not have is an error with the known kinds" (fun () ->
              let other = file.Replace("\"bowl\"", "\"bowls\"")
              let found = problems registry other
              Expect.hasLength found 1 "one error"
              Expect.stringContains found[0] "line 2, column 49, $.tasks[0].problem" "place"
              Expect.stringContains found[0] "'bowls' is not a problem of the registry" "what is wrong"
              Expect.stringContains found[0] "bowl" "what is known"
              let found = problems StudyRegistry.Standard file
              Expect.stringContains found[0] "The registry has none. Read the study in its program" "a registry without problems")

          testCase "a task of one's own has the checks of every task" (fun () ->
              let found =
                  problems registry (file.Replace("\"steps\": 100", "\"steps\": 0, \"epochs\": 3, \"batch\": 2"))

              Expect.hasLength found 3 (String.Join("\n", found))
              let found = problems registry (file.Replace("\"loss\": 0.1", "\"accuracy\": 0.1"))
              Expect.stringContains found[0] "because this function has no classes" "accuracy")

          testCase "a registry refuses a second kind of a name" (fun () ->
              for taken in "bowl" :: "BOWL" :: "data" :: (FunctionKinds.all |> List.map _.Word) do
                  Expect.throwsT<ArgumentException> (fun () -> registry.Add(Bowl taken) |> ignore) taken)

          testCase "a study over a kind from outside runs, and equals that of the built-in kind" (fun () ->
              let study problem : StudyDesign =
                  { Name = "n"
                    Tasks = [ taskOf problem TaskPrecision.Double ]
                    Metrics = Metric.Defaults
                    Contenders =
                      [ for name in [ "fixed"; "momentum" ] ->
                            { Name = name
                              Label = name
                              Optimizer = Expression.parse $"{name}()"
                              Space = [ "lr", LogUniform(1e-3, 0.05) ] } ]
                    Protocol = DocumentProtocol.make [ 1; 2 ] }

              let results problem =
                  let study = study problem
                  use run = StudyRun.InMemory(study, false, PreparedTrials.Of(noImages, study))

                  [ for result in (run.Run(RunOptions.Defaults, ignore, CancellationToken.None)).Results ->
                        result.Trial.Id, result.Steps, result.Parameters ]

              Expect.equal (results bowl) (results (Quadratic(4, 30.0))) "results") ]
