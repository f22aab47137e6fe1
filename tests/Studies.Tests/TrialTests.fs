/// Trials and their names.
module CuteDl.Studies.Tests.TrialTests

open System
open System.Text.Json
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Studies
open CuteDl.Studies.Tests.Analysis

/// Histories whose metrics are those of classes or of numbers, with or without those of the training examples.
let private histories =
    let metric = Gen.elements [ 0.0; -1.5; 0.1; 1.0 / 3.0; infinity; 1e-300 ]

    let quality hasClasses =
        gen {
            let! loss = metric
            let! first = metric
            let! second = metric

            return
                if hasClasses then
                    Quality.Of(struct (loss, first))
                else
                    { Loss = loss; Accuracy = nan; RSquared = first; MeanAbsoluteError = second }
        }

    gen {
        let! hasClasses = Gen.elements [ false; true ]
        let! scoresTraining = Gen.elements [ false; true ]
        let! length = Gen.choose (0, 4)
        let! ofValidation = Gen.listOfLength length (quality hasClasses)
        let! ofTraining = Gen.listOfLength length (quality hasClasses)

        return
            List.zip ofValidation ofTraining
            |> List.mapi (fun i (ofValidation, ofTraining) ->
                { Step = int64 (i + 1)
                  TrainingLoss = 1.0
                  Quality = ofValidation
                  Training = if scoresTraining then ofTraining else Quality.Unknown })
            |> List.toArray
    }

/// A trial with these validations.
let private ofHistory (history: Validation array) : TrialResult =
    let diagnoses = [| for _ in history -> { GradientNorm = 1.0; UpdateRatio = 0.5; Seconds = 1.0 } |]
    let made = Made.result Phase.Run "mnist" "adam" 0 infinity 0.5

    { made with
        Steps = int64 history.Length
        Curve = Curve.Of(history, diagnoses)
        Test = Score.Newest history }

/// Its validations, as the curve has them.
let private metricsOf (curve: Curve) (index: int) : float list =
    [ for column, _ in Curve.Metrics ->
          match column curve with
          | null -> nan
          | values -> values[index] ]

let private json =
    testList
        "as JSON"
        [ property "has all metrics that apply, and reads them again" histories (fun history ->
              let result = ofHistory history
              let read = TrialJson.read (TrialJson.write result)
              Expect.equal (TrialJson.write read) (TrialJson.write result) "result"

              for i in 0 .. history.Length - 1 do
                  let expected = [ for _, valueOf in Curve.Metrics -> valueOf history[i] ]

                  for found, expected in List.zip (metricsOf read.Curve i) expected do
                      Expect.isTrue (found.Equals expected) "metric"

              Expect.equal read.Test (Score.Newest history) "test")
          property "leaves out metrics that do not apply" histories (fun history ->
              let result = ofHistory history
              use document = JsonDocument.Parse(TrialJson.write result)

              let names (element: JsonElement) = set [ for part in element.EnumerateObject() -> part.Name ]

              let has (read: Validation -> float) name = if history |> Array.exists (read >> Double.IsNaN >> not) then [ name ] else []

              let training =
                  [ has _.Training.Loss "loss"
                    has _.Training.Accuracy "accuracy"
                    has _.Training.RSquared "r_squared"
                    has _.Training.MeanAbsoluteError "mean_absolute_error" ]
                  |> List.concat

              let curve = document.RootElement.GetProperty "curve"

              let expected =
                  [ [ "steps"; "training_loss"; "loss"; "accuracy"; "gradient_norm"; "update_ratio"; "seconds" ]
                    has _.Quality.RSquared "r_squared"
                    has _.Quality.MeanAbsoluteError "mean_absolute_error"
                    has _.Training.Loss "training" ]
                  |> List.concat
                  |> set

              Expect.equal (names curve) expected "curve"

              if not training.IsEmpty then
                  Expect.equal (names (curve.GetProperty "training")) (set training) "training"

              if history.Length > 0 then
                  let test = names (document.RootElement.GetProperty "test")
                  Expect.equal (test.Contains "r_squared") (expected.Contains "r_squared") "test")
          testCase "is refused if a metric has another length, or is none of the file's members" (fun () ->
              let result =
                  ofHistory
                      [| { Step = 1L
                           TrainingLoss = 1.0
                           Quality = Quality.Of(struct (0.5, 0.5))
                           Training = Quality.Unknown } |]

              for curve in
                  [ { result.Curve with RSquared = [| 0.1; 0.2 |] }
                    { result.Curve with MeanAbsoluteError = [||] }
                    { result.Curve with
                        Training = { Loss = [| 1.0 |]; Accuracy = [| 0.1; 0.2 |]; RSquared = null; MeanAbsoluteError = null } } ] do
                  Expect.throwsT<JsonException>
                      (fun () -> TrialJson.read (TrialJson.write { result with Curve = curve }) |> ignore)
                      "length"

              let text = TrialJson.write result

              let refused (from: string) (into: string) =
                  Expect.isTrue (text.Contains from) from
                  Expect.throwsT<JsonException> (fun () -> TrialJson.read (text.Replace(from, into)) |> ignore) into

              refused "\"gradient_norm\"" "\"r_sqared\":[0.1],\"gradient_norm\""
              refused "\"gradient_norm\"" "\"r_squared\":null,\"r_squared\":null,\"gradient_norm\""
              refused "\"accuracy\":[0.5]," "") ]

/// y = x₀ − x₁ from 40 examples, in two outputs.
let private numbers: DataParts =
    let random = Random 3
    let inputs = Array.init 80 (fun _ -> random.NextDouble())

    let targets =
        [| for i in 0..39 do
               inputs[2 * i] - inputs[2 * i + 1]
               inputs[2 * i] |]

    DataParts.create (DataSet(TensorShape.Flat 2, Features.Doubles inputs, Targets.Values(2, targets))) None

let private prepared scoresTraining : PreparedTask =
    { Name = "numbers"
      Problem =
        { Source = Held("numbers", numbers)
          Split = HoldOut(10, 1)
          Layers = [ Dense(2, Linear) ]
          Loss = MeanSquaredError
          Weights = Drawn Glorot
          Batch = 8
          Order = Shuffled
          Mean = OverExamples
          ScoresTraining = scoresTraining }
      Precision = TaskPrecision.Double
      Steps = 12L
      ValidateEvery = 4
      Target = Loss 1e-9 }
    |> PreparedTask.prepareUnder [] (DataReader(fun _ -> numbers))

let private replays =
    testCase "is replayed with its metrics, and another metric is found" (fun () ->
        let task = prepared true

        let trial =
            { Phase = Phase.Tuning
              Task = "numbers"
              Contender = "adam"
              Setting = 0
              Seed = 1
              Optimizer = "adam(lr=0.1)"
              Values = [||] }

        let run = TrialRunner.start task trial
        run.RunToEnd(ignore, Threading.CancellationToken.None)
        let result = run.Result Threading.CancellationToken.None
        let check result = Replay.check task result ignore Threading.CancellationToken.None
        Expect.equal (check (TrialJson.read (TrialJson.write result))) BitEqual "itself"

        let changed (values: float array | null) =
            nonNull values |> Array.mapi (fun i value -> if i = 1 then value + 1e-12 else value)

        for curve in
            [ { result.Curve with RSquared = changed result.Curve.RSquared }
              { result.Curve with MeanAbsoluteError = null }
              { result.Curve with
                  Training = { nonNull result.Curve.Training with Loss = changed (nonNull result.Curve.Training).Loss } } ] do
            match check { result with Curve = curve } with
            | Differs(_, _, "validation") -> ()
            | other -> failtest $"%A{other}"

        Expect.notEqual task.Identity (prepared false).Identity "the training metrics are part of the problem")

let tests =
    testList
        "trial"
        [ testCase "is named by what it is" (fun () ->
              let trial =
                  { Phase = Phase.Confirmation
                    Task = "mnist"
                    Contender = "adam"
                    Setting = 0
                    Seed = 7
                    Optimizer = "adam()"
                    Values = [||] }

              Expect.equal trial.Id "confirmation/mnist/adam/0/7" "id")
          json
          replays ]
