/// Tests problems of one's own, made of functions.
module CuteDl.Studies.Tests.OwnProblemTests

open System
open System.Threading
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.JournalTests
open CuteDl.Studies.Tests.ProblemKindTests

let private flat = Layout.OfShapes [ "x", [ 4 ] ]

let private start (seed: int) : float array =
    let next = Landscape.normal seed "function/start" 1.0
    Array.init 4 (fun _ -> next ())

/// The formula of the built-in quadratic, as anybody would write it.
let private quadratic (x: float array) (_: ProblemStep) : struct (float * float array) =
    let gradient = x |> Array.mapi (fun i x -> Math.Pow(30.0, float i / 3.0) * x)
    struct (0.5 * (Array.map2 (*) gradient x |> Array.sum), gradient)

let private bowl = OwnProblem.From("bowl", flat, start, quadratic)

/// A regression on examples that are drawn anew at each step, with an array that all steps of a trial share.
let private noisy (classes: int) : OwnProblem =
    OwnProblem.Of(
        "noisy",
        flat,
        (fun seed ->
            let gradient = Array.zeroCreate 4

            { Initial = start seed
              Evaluate =
                fun x step ->
                    let random = step.Random()

                    for i in 0..3 do
                        gradient[i] <- x[i] - random.NextDouble()

                    struct (0.5 * Array.sumBy (fun g -> g * g) gradient, gradient)
              Validate = Some(fun x -> struct (Array.sumBy (fun x -> (x - 0.5) * (x - 0.5)) x, 0.75))
              Test = Some(fun x -> struct (Array.sum x, 0.5)) }),
        classes = classes
    )

let private prepared (problem: IProblem) = PreparedTask.prepare noImages (taskOf problem TaskPrecision.Double)

let private message (act: unit -> 'result) : string =
    try
        act () |> ignore
        failtest "Nothing was thrown."
    with
    | :? ArgumentException as error -> error.Message
    | :? StudyException as error -> error.Message
    | :? FormatException as error -> error.Message

let private of4 evaluate = OwnProblem.From("mine", flat, start, evaluate)

let private studyOver (problem: IProblem) : StudyDesign =
    { Name = "own"
      Tasks = [ { taskOf problem TaskPrecision.Single with Name = "mine" } ]
      Metrics = Metric.Defaults
      Contenders =
        [ for name in [ "fixed"; "momentum" ] ->
              { Name = name
                Label = name
                Optimizer = Expression.parse $"{name}()"
                Space = [ "lr", LogUniform(1e-3, 0.05) ] } ]
      Protocol = DocumentProtocol.make [ 1; 2; 3 ] }

let private outcomeOf (study: StudyDesign) : StudyOutcome =
    use run = StudyRun.InMemory(study, false, PreparedTrials.Of(noImages, study))
    run.Run(RunOptions.Defaults, ignore, CancellationToken.None)

let private source (study: StudyDesign) : struct (ITrialSource * struct (string * string) array) =
    let trials = PreparedTrials.Of(noImages, study)
    struct (trials, trials.DataHashes)

/// Takes the first steps of a study in a folder.
let private begun (study: StudyDesign) (folder: string) : unit =
    let struct (trials, data) = source study
    use cancel = new CancellationTokenSource()
    use run = StudyRun.Begin(study, false, folder, trials, data)

    run.Run({ RunOptions.Defaults with Workers = 1 }, (fun _ -> cancel.Cancel()), cancel.Token)
    |> ignore

let tests =
    testList
        "own problems"
        [ property
              "a function has the bits of the built-in problem with its formula, resumed at any step"
              cases
              (fun (seed, cut, precision) ->
                  let prepare problem = PreparedTask.prepare noImages (taskOf problem precision)
                  let expected = text (run (prepare (Quadratic(4, 30.0))) (trial seed) 60L)
                  Expect.equal (text (run (prepare bowl) (trial seed) cut)) expected "result")

          property "a function of the step's random numbers has the same bits, resumed at any step" cases (fun (seed, cut, precision) ->
              let task = PreparedTask.prepare noImages (taskOf (noisy 2) precision)
              let whole = run task (trial seed) 60L
              Expect.equal (text (run task (trial seed) cut)) (text whole) "result"
              Expect.equal whole.Test.Value.Accuracy 0.5 "the test set is scored"
              Expect.allEqual whole.Curve.Accuracy 0.75 "validations")

          testCase "without classes, validations have no accuracy" (fun () ->
              let result = run (prepared (noisy 0)) (trial 1) 60L
              Expect.isTrue (Array.forall Double.IsNaN result.Curve.Accuracy) "accuracy")

          testCase "numbers of elements that do not fit refuse the study" (fun () ->
              let short = of4 (fun _ _ -> struct (1.0, [| 1.0 |]))
              let text = message (fun () -> prepared short)

              Expect.equal
                  text
                  "The gradient of step 0 of the problem 'mine' has 1 elements, but its layout has 4. The numbers must be equal."
                  "gradient"

              let initial = OwnProblem.From("mine", flat, (fun _ -> [||]), quadratic)

              Expect.stringContains
                  (message (fun () -> prepared initial))
                  "The initial array of seed 0 of the problem 'mine' has 0 elements"
                  "initial")

          testCase "a NaN in the gradient fails the trial with the tensor and the element" (fun () ->
              let mine =
                  OwnProblem.From(
                      "mine",
                      flat,
                      start,
                      (fun x step -> struct (1.0, (if step.Step < 5L then x else [| 0.0; 0.0; nan; 0.0 |]))),
                      validate = (fun _ -> 1.0)
                  )

              let result = (outcomeOf (studyOver mine)).Results[0]
              Expect.equal result.Ending Ending.Failed "ending"

              Expect.equal
                  result.Failure
                  "The problem 'mine' returned a gradient that is NaN in element 2 of 'x' at step 5, but the loss there is 1. Return a gradient without NaN, or a loss that is NaN."
                  "failure")

          testCase "a NaN in the gradient of a NaN loss is divergence" (fun () ->
              let mine =
                  OwnProblem.From(
                      "mine",
                      flat,
                      start,
                      (fun x step -> if step.Step < 5L then struct (1.0, x) else struct (nan, Array.create 4 nan)),
                      validate = (fun _ -> 1.0)
                  )

              Expect.equal (outcomeOf (studyOver mine)).Results[0].Ending Ending.Diverged "ending")

          testCase "an exception fails its trial, and the others end as without it" (fun () ->
              let throwing =
                  OwnProblem.From(
                      "bowl",
                      flat,
                      (fun seed -> if seed = 3 then failwith "Seed 3 has no start." else start seed),
                      (fun x step -> if step.Seed = 2 && step.Step = 9L then failwith "No data." else quadratic x step)
                  )

              let rows problem =
                  [ for result in (outcomeOf (studyOver problem)).Results -> result.Trial.Seed, result ]

              let expected = rows bowl |> List.filter (fun (seed, _) -> seed = 1) |> List.map (snd >> _.Parameters)
              let found = rows throwing
              Expect.equal (found |> List.filter (fun (seed, _) -> seed = 1) |> List.map (snd >> _.Parameters)) expected "seed 1"

              for seed, result in found do
                  if seed > 1 then
                      Expect.equal result.Ending Ending.Failed "ending"
                      Expect.equal result.Failure (if seed = 2 then "No data." else "Seed 3 has no start.") "failure")

          testCase "a function that keeps something between calls is refused" (fun () ->
              let mutable calls = 0.0

              let counting =
                  of4 (fun x _ ->
                      calls <- calls + 1.0
                      struct (calls, x))

              Expect.stringContains (message (fun () -> prepared counting)) "gave two results for the same parameters and step" "message")

          testCase "a loss that changes from step to step needs a validation" (fun () ->
              let stochastic = of4 (fun x step -> struct (step.Random().NextDouble(), x))
              Expect.stringContains (message (fun () -> prepared stochastic)) "Give it a validation" "message")

          testCase "an accuracy outside of its range fails the trial" (fun () ->
              let mine =
                  OwnProblem.Of(
                      "mine",
                      flat,
                      (fun seed ->
                          { Initial = start seed
                            Evaluate = quadratic
                            Validate = Some(fun _ -> struct (1.0, 75.0))
                            Test = None }),
                      classes = 3
                  )

              Expect.stringContains
                  (message (fun () -> prepared mine))
                  "returned the validation accuracy 75. It must be from 0 to 1"
                  "message")

          testCase "names, layouts and numbers that are not allowed are refused" (fun () ->
              let refused act = Expect.throwsT<ArgumentException> (act >> ignore) "refused"

              for name in [ ""; "Bowl"; "1"; "a b"; "quadratic"; "data" ] do
                  refused (fun () -> OwnProblem.From(name, flat, start, quadratic))

              refused (fun () -> OwnProblem.From("mine", Layout.OfShapes [], start, quadratic))

              Expect.throwsT<ArgumentOutOfRangeException>
                  (fun () -> OwnProblem.Of("mine", flat, (fun _ -> failwith ""), classes = 1) |> ignore)
                  "classes"

              Expect.throwsT<ArgumentOutOfRangeException>
                  (fun () -> OwnProblem.Of("mine", flat, (fun _ -> failwith ""), examplesAStep = 0) |> ignore)
                  "examples")

          testCase "a study resumes with the same function, and refuses another one" (fun () ->
              inFolder (fun folder ->
                  let study = studyOver bowl
                  begun study folder

                  let other =
                      OwnProblem.From(
                          "bowl",
                          flat,
                          start,
                          (fun x step ->
                              let struct (loss, g) = quadratic x step in struct (loss, Array.map (fun g -> g * (1.0 + 1e-15)) g))
                      )

                  let refusal =
                      message (fun () -> StudyRun.Resume(folder, Some(studyOver other), (fun study -> source study)))

                  Expect.stringContains refusal "of the task 'mine' differ" "another function"
                  use run = StudyRun.Resume(folder, Some study, (fun study -> source study))
                  let outcome = run.Run(RunOptions.Defaults, ignore, CancellationToken.None)
                  Expect.isTrue outcome.IsComplete "complete"

                  Expect.equal
                      (outcome.Results |> Array.map _.Parameters)
                      ((outcomeOf study).Results |> Array.map _.Parameters)
                      "the results of an uninterrupted study"))

          testCase "another validation or another test is another problem" (fun () ->
              let hashOf validation test =
                  OwnProblem.Of(
                      "mine",
                      flat,
                      fun seed ->
                          { Initial = start seed
                            Evaluate = quadratic
                            Validate = Some(fun x -> struct (validation * Array.sum x, nan))
                            Test = Some(fun x -> struct (test * Array.sum x, nan)) }
                  )
                  |> prepared
                  |> _.Identity

              Expect.equal (hashOf 1.0 1.0) (hashOf 1.0 1.0) "the same"
              Expect.notEqual (hashOf 1.0 1.0) (hashOf 2.0 1.0) "another validation"
              Expect.notEqual (hashOf 1.0 1.0) (hashOf 1.0 2.0) "another test")

          testCase "a folder of a study is resumed with a registry that has the problem, and not without" (fun () ->
              inFolder (fun folder ->
                  begun (studyOver bowl) folder

                  let without = message (fun () -> StudyRun.Resume(folder, None, (fun study -> source study)))
                  Expect.stringContains without "'bowl' is not a problem of the registry" "without"

                  use run = StudyRun.Resume(folder, None, (fun study -> source study), StudyRegistry.Standard.Add bowl)

                  Expect.isTrue (run.Run(RunOptions.Defaults, ignore, CancellationToken.None)).IsComplete "with")) ]
