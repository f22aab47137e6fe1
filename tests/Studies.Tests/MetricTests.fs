/// Metrics of the library and of one's own: their names, their values, and their independence of each other.
module CuteDl.Studies.Tests.MetricTests

open System
open System.Collections
open System.Reflection
open System.Threading
open Expecto
open FsCheck.FSharp
open Microsoft.FSharp.Reflection
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.Analysis
open CuteDl.Studies.Tests.Analysis.Made

let private metric name scale role (applies: MetricScope -> bool) (value: TrialResult -> Nullable<float>) =
    { new IMetric with
        member _.Name = name
        member _.Title = "value of " + name
        member _.Meaning = "a metric of a test"
        member _.Scale = scale
        member _.Role = role
        member _.AppliesTo(trials) = applies trials
        member _.Value(_, result) = value result }

let private always (_: MetricScope) = true

/// Final accuracy, written from its definition.
let private copied =
    metric
        "copied"
        MetricScale.Share
        MetricRole.Primary
        (fun trials -> trials.Task.Problem.ComparesAccuracy && not trials.CanStop)
        (fun result -> if result.Final.HasValue then Nullable result.Final.Value.Accuracy else Nullable())

/// The steps until the loss is at most a tenth.
let private stepsToTenth =
    metric "steps_to_tenth" MetricScale.Time MetricRole.Primary always (fun result ->
        result.Curve.Loss
        |> Array.tryFindIndex (fun loss -> loss <= 0.1)
        |> Option.map (fun i -> float result.Curve.Steps[i])
        |> Option.defaultValue infinity
        |> Nullable)

let private isSmall =
    metric "small_steps" MetricScale.Outcome MetricRole.Secondary always (fun result ->
        Nullable(if Array.last result.Curve.UpdateRatio < 1e-4 then 1.0 else 0.0))

let private own = [ copied; stepsToTenth; isSmall ]

/// Shows all digits of a value, and of a metric only its name.
let rec private show (value: obj | null) : string =
    match value with
    | null -> "null"
    | :? IMetric as metric -> metric.Name
    | :? float as number -> number.ToString "R"
    | :? string as text -> text
    | :? IEnumerable as items -> String.Join(";", items |> Seq.cast<obj> |> Seq.map show)
    | record when FSharpType.IsRecord(record.GetType()) -> String.Join(",", FSharpValue.GetRecordFields record |> Seq.map show)
    | other -> string other

/// Results of any kind: late and early, with failures, of tuning and of confirmation.
let private results =
    let trial make =
        gen {
            let! steps = Gen.frequency [ 4, Gen.choose (1, 1000) |> Gen.map float; 1, Gen.constant infinity ]
            let! accuracy = Gen.choose (1, 100) |> Gen.map (fun percent -> float percent / 100.0)
            let! fails = Gen.frequency [ 7, Gen.constant false; 1, Gen.constant true ]
            let result: TrialResult = make steps accuracy
            return if fails then diverged result else result
        }

    Gen.sequenceToList
        [ for contender in [ "a"; "b"; "c" ] do
              for task in [ "mnist"; "other" ] do
                  for seed in 1..7 -> trial (confirmed task contender seed)

              for setting in 0..2 do
                  for seed in 101..102 -> trial (withRate Phase.Tuning setting contender seed (0.001 * float (1 <<< setting))) ]

let private compared metrics : StudyDesign =
    { study [ "mnist"; "other" ] [ "a"; "b"; "c" ] [ 1..7 ] [] with Metrics = metrics }

/// Everything that an analysis shows of a metric.
let private shown (analysis: StudyAnalysis) (metric: IMetric) : string =
    let isOf (other: IMetric) = other.Name = metric.Name

    show
        [ box (analysis.Comparisons |> Array.filter (fun pair -> isOf pair.Metric))
          box (analysis.Overall |> Array.filter (fun pair -> isOf pair.Metric))
          box (analysis.Verdicts |> Array.filter (fun verdict -> isOf verdict.Metric))
          box (analysis.Profiles |> Array.filter (fun row -> isOf row.Metric))
          box (analysis.BestOfK |> Array.filter (fun row -> isOf row.Metric))
          box (
              analysis.Summaries
              |> Array.collect (fun row -> row.Metrics |> Array.filter (fun summary -> isOf summary.Metric))
          ) ]

let private independence =
    propertyWith
        (Share.OneIn(5, "each case analyzes two studies"))
        "further metrics do not change the results of the others"
        (gen {
            let! results = results
            let! all = Gen.shuffle (Array.ofList (Metric.BuiltIn @ own))
            let! count = Gen.choose (1, all.Length)
            return results, List.ofArray all, count
        })
        (fun (results, all, count) ->
            let few = all |> List.truncate count
            let ofFew = Analysis.ofResults (compared few) results 1
            let ofAll = Analysis.ofResults (compared all) results 1

            for metric in few do
                Expect.equal (shown ofFew metric) (shown ofAll metric) metric.Name

            let common (analysis: StudyAnalysis) =
                show
                    [ box (analysis.Summaries |> Array.map (fun row -> { row with Metrics = [||] }))
                      box analysis.Settings
                      box analysis.Resolutions
                      box analysis.Autopsies
                      box analysis.Failures ]

            Expect.equal (common ofFew) (common ofAll) "tables without a metric")

let private ofOnesOwn =
    testList
        "of one's own"
        [ propertyWith
              (Share.OneIn(5, "each case analyzes a study"))
              "one with the formula of final accuracy has its results"
              results
              (fun results ->
                  let analysis = Analysis.ofResults (compared [ Metric.FinalAccuracy; copied ]) results 1

                  let renamed (text: string) =
                      text.Replace(copied.Title, Metric.FinalAccuracy.Title).Replace(copied.Name, Metric.FinalAccuracy.Name)

                  Expect.isNonEmpty analysis.Comparisons "pairs"
                  Expect.equal (renamed (shown analysis copied)) (shown analysis Metric.FinalAccuracy) "results")

          testCase "they take part in a study from a file that is read with a registry, and in one from code" (fun () ->
              let study: StudyDesign =
                  { Name = "own metrics"
                    Tasks =
                      [ { Name = "bowl"
                          Problem = Quadratic(3, 10.0)
                          Precision = TaskPrecision.Double
                          Steps = 60L
                          ValidateEvery = 1
                          Target = Loss 1e-3 } ]
                    Metrics = [ Metric.StepsToTarget; stepsToTenth; isSmall ]
                    Contenders =
                      [ for rate in [ "0.01"; "0.09" ] -> Contender.Of($"sgd-{rate}", Expression.parse $"fixed(lr={rate})", []) ]
                    Protocol = DocumentProtocol.make [ 1..6 ] }

              let registry =
                  own
                  |> List.fold (fun (registry: StudyRegistry) metric -> registry.Add metric) StudyRegistry.Standard

              let read =
                  match StudyJson.parseWith registry (StudyJson.print study) with
                  | Ok study -> study
                  | Error errors -> failtestf "%A" errors

              Expect.equal read study "the file names the metrics"
              Expect.isEmpty (StudyRules.broken read) "it can run"

              use run =
                  StudyRun.InMemory(read, false, PreparedTrials.Of(DataReader(fun _ -> invalidOp "no images"), read))

              let outcome = run.Run(RunOptions.Defaults, ignore, CancellationToken.None)
              let analysis = Analysis.ofResults read outcome.Results 1
              let pair = analysis.Comparisons |> Array.find (fun pair -> pair.Metric.Name = "steps_to_tenth")

              let expected (contender: string) =
                  [| for result in outcome.Results do
                         if result.Trial.Contender = contender then
                             min 60.0 (stepsToTenth.Value(read.Tasks[0], result).Value) |]

              Expect.equal pair.FirstValues (expected pair.First) "values of the first"
              Expect.equal pair.SecondValues (expected pair.Second) "values of the second"
              Expect.equal (pair.Outcome, pair.Winner) (Outcome.Wins, "sgd-0.09") "winner"
              Expect.exists analysis.Profiles (fun row -> row.Metric = stepsToTenth) "a profile"
              Expect.exists analysis.Comparisons (fun pair -> pair.Metric = isSmall) "an outcome"
              let sentences = String.Join("\n", analysis.Sentences)
              Expect.stringContains sentences "bowl, value of steps_to_tenth (n = 6): sgd-0.09 beats every other." "verdict")

          testCase "it is not called for failed trials: they have the worst value" (fun () ->
              let strict =
                  metric "strict" MetricScale.Share MetricRole.Primary always (fun result ->
                      if result.HasFailed then failtest "called" else Nullable 0.5)

              let results =
                  [ for seed in 1..7 do
                        confirmed "mnist" "a" seed 10.0 0.5
                        confirmed "mnist" "b" seed 10.0 0.5 |> if seed = 3 then diverged else id ]

              let study = { study [ "mnist" ] [ "a"; "b" ] [ 1..7 ] [] with Metrics = [ strict ] }
              let pair = (Analysis.ofResults study results 1).Comparisons[0]
              Expect.equal pair.SecondValues [| 0.5; 0.5; 0.0; 0.5; 0.5; 0.5; 0.5 |] "values")

          testCase "a metric without a value on a task is not compared there, even if a trial failed" (fun () ->
              let results =
                  [ for seed in 1..7 do
                        { confirmed "mnist" "a" seed 10.0 0.5 with Test = Nullable() }
                        { confirmed "mnist" "b" seed 10.0 0.5 with Test = Nullable() } |> if seed = 3 then diverged else id ]

              let study =
                  { study [ "mnist" ] [ "a"; "b" ] [ 1..7 ] [] with
                      Metrics = [ Metric.FinalAccuracy; Metric.TestAccuracy ] }

              let analysis = Analysis.ofResults study results 1
              Expect.equal (analysis.Comparisons |> Array.map _.Metric) [| Metric.FinalAccuracy |] "compared"

              for row in analysis.Summaries do
                  Expect.equal (row.Metrics |> Array.map _.Value.HasValue) [| true; false |] row.Contender) ]

let private message (metric: IMetric) : string =
    let study = { study [ "mnist" ] [ "a"; "b" ] [ 1..7 ] [] with Metrics = [ metric ] }

    try
        Analysis.ofResults study [ confirmed "mnist" "a" 1 10.0 0.5 ] 1 |> ignore
        failtest "nothing was thrown"
    with :? StudyException as error ->
        error.Message

let private mistakes =
    testList
        "mistakes"
        [ for scale, value, shown, allowed in
              [ MetricScale.Share, nan, "NaN", "A share is a number from 0 to 1."
                MetricScale.Share, -0.01, "-0.01", "A share is a number from 0 to 1."
                MetricScale.Share, 1.01, "1.01", "A share is a number from 0 to 1."
                MetricScale.Outcome, 0.5, "0.5", "An outcome is 0 or 1."
                MetricScale.Outcome, nan, "NaN", "An outcome is 0 or 1."
                MetricScale.Time, nan, "NaN", "A time is a number of steps above 0"
                MetricScale.Time, 0.0, "0", "A time is a number of steps above 0"
                MetricScale.Time, -infinity, "-Infinity", "A time is a number of steps above 0"
                MetricScale.Time, 1001.0, "1001", "at most the steps of the trial" ] do
              testCase $"{scale} does not allow {shown}" (fun () ->
                  let text = message (metric "wrong" scale MetricRole.Primary always (fun _ -> Nullable value))
                  Expect.stringContains text $"'wrong' gave {shown} for the trial confirmation/mnist/a/0/1 of the task mnist." "what"
                  Expect.stringContains text allowed "what is allowed")

          testCase "an exception names metric, task and trial" (fun () ->
              let fails = metric "wrong" MetricScale.Share MetricRole.Primary

              Expect.equal
                  (message (fails always (fun _ -> failwith "no luck")))
                  "The metric 'wrong' failed for the trial confirmation/mnist/a/0/1 of the task mnist: no luck"
                  "value"

              Expect.equal
                  (message (fails (fun _ -> failwith "no luck") (fun _ -> Nullable 0.5)))
                  "The metric 'wrong' failed for the task mnist: no luck"
                  "applies") ]

let private names =
    testList
        "names"
        [ testCase "every metric of the library is in the registry, and has a name and a title of its own" (fun () ->
              let members =
                  [ for field in typeof<Metric>.GetProperties(BindingFlags.Public ||| BindingFlags.Static) do
                        if field.PropertyType = typeof<IMetric> then
                            unbox<IMetric>(nonNull (field.GetValue null)) ]

              let known = List.ofSeq StudyRegistry.Standard.Metrics
              Expect.containsAll known members "in the registry"
              Expect.equal known.Length members.Length "no others"
              Expect.equal (known |> List.distinctBy _.Name).Length known.Length "names"
              Expect.equal (known |> List.distinctBy _.Title).Length known.Length "titles")

          testCase "a registry has each name once" (fun () ->
              let registry = StudyRegistry.Standard.Add copied

              for taken in [ "copied"; "Copied"; "success"; "SUCCESS"; "mean_accuracy"; ""; "a b" ] do
                  let other = metric taken MetricScale.Share MetricRole.Primary always (fun _ -> Nullable())
                  Expect.throwsT<ArgumentException> (fun () -> registry.Add other |> ignore) taken)

          testCase "an unknown name is an error that lists the known ones" (fun () ->
              let text = StudyJson.print (compared [ copied; Metric.Success ])

              match StudyJson.parse text with
              | Ok _ -> failtest "read without the registry"
              | Error errors ->
                  let problem = errors |> Array.map string |> String.concat "\n"
                  Expect.stringContains problem "$.metrics[0]: \"copied\" is not allowed here." "place"

                  for known in StudyRegistry.Standard.Metrics do
                      Expect.stringContains problem known.Name "known")

          testCase "the default is not in the text, and other metrics are" (fun () ->
              Expect.isFalse ((StudyJson.print (compared Metric.Defaults)).Contains "metrics") "default"
              Expect.stringContains (StudyJson.print (compared [ Metric.MeanAccuracy ])) "\"metrics\": [\"mean_accuracy\"]" "others")

          testCase "a study with no metric, one twice, or two of one name cannot run" (fun () ->
              let other = metric "success" MetricScale.Share MetricRole.Primary always (fun _ -> Nullable())
              let second = metric "copied" MetricScale.Share MetricRole.Primary always (fun _ -> Nullable())
              let reasons metrics = String.Join("\n", StudyRules.broken (compared metrics))
              Expect.stringContains (reasons []) "$.metrics: Expected a list of metrics with at least one item" "none"
              Expect.stringContains (reasons [ Metric.Success; Metric.Success ]) "Expected a list of distinct metrics" "twice"
              Expect.stringContains (reasons [ other ]) "The registry has a metric success already." "of the library"
              Expect.stringContains (reasons [ copied; second ]) "The registry has a metric copied already." "of one's own") ]

let private meanAccuracy =
    property
        "mean accuracy is the mean over all steps of the accuracy at the next validation"
        (gen {
            let! gaps = Gen.choose (1, 40) |> Gen.nonEmptyListOf

            let! accuracies =
                Gen.listOfLength gaps.Length (Gen.choose (0, 1000) |> Gen.map (fun share -> float share / 1000.0))

            return List.scan (+) 0 gaps |> List.tail |> Array.ofList, Array.ofList accuracies
        })
        (fun (steps, accuracies) ->
            let made = confirmed "mnist" "a" 1 1.0 (Array.last accuracies)

            let result =
                { made with
                    Steps = int64 (Array.last steps)
                    Curve = { made.Curve with Steps = Array.map int64 steps; Accuracy = accuracies } }

            let expected =
                [ 1 .. Array.last steps ]
                |> List.averageBy (fun step -> accuracies[Array.findIndex (fun validation -> validation >= step) steps])

            let value (result: TrialResult) = Metric.MeanAccuracy.Value(imagesTask "mnist", result)
            Expect.floatClose Expecto.Accuracy.high (value result).Value expected "mean"
            Expect.isFalse (value { result with Final = Nullable() }).HasValue "a trial that was ended early")

let tests = testList "metrics" [ names; ofOnesOwn; mistakes; independence; meanAccuracy ]
