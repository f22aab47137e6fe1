/// Studies and results made up for tests: what came of trials is given, and nothing is trained.
module CuteDl.Studies.Tests.Analysis.Made

open System
open System.Collections.Generic
open CuteDl.Core.Networks
open CuteDl.Core.Data
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Studies

/// Steps of every trial's budget.
let budget = 1000L

let imagesTask name : StudyTask =
    { Name = name
      Problem =
        { Source = DataSource.Mnist
          Split = HoldOut(5000, 1)
          Layers = []
          Loss = SoftmaxCrossEntropy
          Weights = Drawn(Initialization.Normal 0.01)
          Batch = 50
          Order = Order.FileOrder
          Mean = OverExamples
          ScoresTraining = false }
      Precision = TaskPrecision.Single
      Steps = budget
      // Every step, so that times are known exactly.
      ValidateEvery = 1
      Target = Accuracy 0.91 }

let contender name : Contender =
    { Name = name
      Label = name
      Optimizer = Optimizer.create Rules.adam.Defaults
      Space = [ "lr", LogUniform(1e-4, 1e-1) ] }

let study (tasks: string list) (contenders: string list) (seeds: int list) (looks: int list) : StudyDesign =
    { Name = "made"
      Tasks = tasks |> List.map imagesTask
      Metrics = Metric.Defaults
      Contenders = contenders |> List.map contender
      Protocol =
        FairProtocol.make (
            { Search = Grid
              Trials = 4
              Seeds = [ 1; 2 ]
              Objective = TimeToTarget
              Pruning = NoPruning
              Extensions = 0
              Nested = false },
            { Seeds = seeds
              Alpha = 0.05
              EqualWithin = 1.1
              InterimLooks = if looks.IsEmpty then None else Some { InterimLooks.Seeds = looks }
              Defaults = false },
            None
        ) }

let documentStudy contenders seeds =
    { study [ "mnist" ] contenders [] [] with Protocol = DocumentProtocol.make seeds }

/// Validations of which only the steps and the accuracies matter. The loss is 1 − accuracy.
let curve (steps: int64 array) (accuracies: float array) : Curve =
    let nothing = Array.create steps.Length 0.0

    { Steps = steps
      TrainingLoss = nothing
      Loss = accuracies |> Array.map (fun accuracy -> 1.0 - accuracy)
      Accuracy = accuracies
      RSquared = null
      MeanAbsoluteError = null
      Training = null
      GradientNorm = nothing
      UpdateRatio = nothing
      Seconds = nothing }

let private score step accuracy : Nullable<Score> = Nullable(Score(step, 1.0 - accuracy, accuracy))

/// A trial that reached its target after so many steps (infinite: never) and ended at this accuracy.
let result phase task contender seed (steps: float) (accuracy: float) : TrialResult =
    { Trial =
        { Phase = phase
          Task = task
          Contender = contender
          Setting = 0
          Seed = seed
          Optimizer = $"{contender}()"
          Values = [||] }
      Ending = Ending.Completed
      Steps = budget
      Curve =
        { Steps = [| 500L; 1000L |]
          TrainingLoss = [| 1.0; 0.5 |]
          Loss = [| 1.0; 0.5 |]
          Accuracy = [| accuracy; accuracy |]
          RSquared = null
          MeanAbsoluteError = null
          Training = null
          GradientNorm = [| 1.0; 1.0 |]
          UpdateRatio = [| 0.001; 0.001 |]
          Seconds = [| 1.0; 2.0 |] }
      StepsToTarget = steps
      ExamplesToTarget = steps * 50.0
      SecondsToTarget = steps / 500.0
      Best = score 500L accuracy
      Final = score 1000L accuracy
      AtStop = Nullable()
      Test = score 1000L (accuracy - 0.001)
      Health = Health.Sound
      Fingerprint = [||]
      FingerprintEvery = 1
      Parameters = 0UL
      Seconds = 2.0
      Failure = "" }

let confirmed task contender seed steps accuracy = result Phase.Confirmation task contender seed steps accuracy

/// The same, but a loss became infinite.
let diverged (made: TrialResult) =
    { made with
        Ending = Ending.Diverged
        Final = Nullable()
        Test = Nullable()
        StepsToTarget = infinity
        Health = { made.Health with FirstNonFinite = 120L } }

/// The same, with a class lost.
let dead logit ceiling (made: TrialResult) =
    { made with Health = { made.Health with DeadLogits = [| logit |]; AccuracyCeiling = ceiling } }

/// A run of the document's that a stop rule ended.
let documentRun contender seed (steps: int64) ending accuracy =
    let made =
        result Phase.Document "mnist" contender seed (if ending = Ending.TargetHeld then float steps else infinity) accuracy

    { made with
        Ending = ending
        Steps = steps
        Final = Nullable()
        AtStop = score steps accuracy
        Test = Nullable() }

/// A trial with a learning rate.
let withRate phase setting contender seed rate steps accuracy =
    let made = result phase "mnist" contender seed steps accuracy

    { made with
        Trial =
            { made.Trial with
                Setting = setting
                Optimizer = $"{contender}(lr={rate})"
                Values = [| struct ("lr", rate) |] } }

/// The result of a trial: the steps to the target, and the accuracy of the last validation.
let ofTrial (trial: Trial) (steps: float) (accuracy: float) : TrialResult =
    { result trial.Phase trial.Task trial.Contender trial.Seed steps accuracy with Trial = trial }

/// Answers what a study needs until it needs nothing more. Returns all plans, the last first, and the results.
let internal answered (planner: Planner) (answer: Trial -> TrialResult) : Plan list * TrialResult array =
    let known = Dictionary<string, TrialResult>()

    let find id =
        match known.TryGetValue id with
        | true, result -> ValueSome result
        | _ -> ValueNone

    let rec ask plans =
        let plan = planner.Make find
        let missing = plan.Trials |> Array.filter (fun trial -> not (known.ContainsKey trial.Id))

        if missing.Length = 0 then
            plan :: plans
        else
            for trial in missing do
                known[trial.Id] <- answer trial

            ask (plan :: plans)

    ask [], Array.ofSeq known.Values
