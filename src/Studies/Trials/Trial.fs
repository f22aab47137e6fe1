namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open System.Text.Json.Serialization
open CuteDl.Core.Models
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// <summary>One training run: task, optimizer and seed. Equal trials give bit-identical results.</summary>
[<CustomEquality; NoComparison>]
type Trial =
    {
        /// <summary>The purpose.</summary>
        Phase: Phase
        Task: string
        Contender: string
        /// <summary>The index of the contender's setting, from 0, in the order of creation; 0 outside tuning and frontier.</summary>
        Setting: int
        /// <summary>The seed of the initial weights, the order of examples and the dropout masks.</summary>
        Seed: int
        /// <summary>The text form of the optimizer.</summary>
        Optimizer: string
        /// <summary>The hyper-parameters that the study sets, by name.</summary>
        Values: struct (string * float) array
    }

    /// <summary>Returns <c>tuning/mnist/adam/3/1000</c>: unique in a study, and the path of its files.</summary>
    member trial.Id =
        let phase = trial.Phase.ToString().ToLowerInvariant()
        $"{phase}/{trial.Task}/{trial.Contender}/{trial.Setting}/{trial.Seed}"

    override trial.Equals(other: obj | null) =
        match other with
        | :? Trial as other -> trial.Id = other.Id && trial.Optimizer = other.Optimizer
        | _ -> false

    override trial.GetHashCode() = HashCode.Combine(trial.Id, trial.Optimizer)
    override trial.ToString() = trial.Id

/// <summary>The reason why a trial ended.</summary>
type Ending =
    /// <summary>All steps of the budget were taken.</summary>
    | Completed = 0
    /// <summary>The training failed: a loss was NaN or infinite.</summary>
    | Diverged = 1
    /// <summary>The pruning rule ended it.</summary>
    | Pruned = 2
    /// <summary>
    /// The validation loss did not improve for too many validations. This ending and the two below come from stop rules.
    /// </summary>
    | NoImprovement = 3
    /// <summary>The validation loss fell too slowly.</summary>
    | TooSlow = 4
    /// <summary>The validation accuracy stayed at or above its target.</summary>
    | TargetHeld = 5
    /// <summary>An exception of the rule or of the task ended the training.</summary>
    | Failed = 6
    /// <summary>The study was cancelled while the trial was under way. It has no result yet, and no journal has this ending.</summary>
    | Cancelled = 7

/// <summary>The result of one validation, or of scoring the test set.</summary>
/// <param name="step">The number of steps taken before it.</param>
/// <param name="loss">The mean loss; NaN or infinite after divergence.</param>
/// <param name="accuracy">The accuracy, in [0, 1]; NaN for a task without classes.</param>
/// <param name="rSquared">R² of targets that are numbers; NaN if it is unknown. Default: NaN.</param>
/// <param name="meanAbsoluteError">The mean absolute error of targets that are numbers; NaN if it is unknown. Default: NaN.</param>
[<Struct; CustomEquality; NoComparison>]
type Score
    [<JsonConstructor>]
    (
        step: int64,
        loss: float,
        accuracy: float,
        [<Optional; DefaultParameterValue(Double.NaN)>] rSquared: float,
        [<Optional; DefaultParameterValue(Double.NaN)>] meanAbsoluteError: float
    ) =

    /// <summary>The number of steps taken before it.</summary>
    member _.Step = step

    /// <summary>The mean loss; NaN or infinite after divergence.</summary>
    member _.Loss = loss

    /// <summary>The accuracy, in [0, 1]; NaN for a task without classes.</summary>
    member _.Accuracy = accuracy

    /// <summary>R² of targets that are numbers; NaN for classes, for constant targets, or if it is unknown.</summary>
    member _.RSquared = rSquared

    /// <summary>The mean absolute error of targets that are numbers; NaN for classes, or if it is unknown.</summary>
    member _.MeanAbsoluteError = meanAbsoluteError

    member private _.Quality: Quality =
        { Loss = loss; Accuracy = accuracy; RSquared = rSquared; MeanAbsoluteError = meanAbsoluteError }

    static member internal Of(step: int64, quality: Quality) : Score =
        Score(step, quality.Loss, quality.Accuracy, quality.RSquared, quality.MeanAbsoluteError)

    /// Returns the score of the last validation of a history; null if there is none.
    static member internal Newest(history: History) : Nullable<Score> =
        if history.Count = 0 then
            Nullable()
        else
            let newest = history[history.Count - 1]
            Nullable(Score.Of(newest.Step, newest.Quality))

    // Compiler-generated equality treats NaN as unequal when a score is inside a Nullable of another record.
    override score.Equals(other: obj | null) =
        match other with
        | :? Score as other -> score.Step = other.Step && score.Quality = other.Quality
        | _ -> false

    override score.GetHashCode() = HashCode.Combine(score.Step, score.Quality)

    /// <summary>Returns <c>step 100: loss 0.0912, accuracy 0.9731</c>.</summary>
    override score.ToString() = $"step {score.Step}: {score.Quality}"

/// <summary>The metrics on all training examples at each validation. A metric that does not apply is null.</summary>
type TrainingCurve =
    {
        /// <summary>The loss, the same mean as the validation loss.</summary>
        [<JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)>]
        Loss: float array | null
        /// <summary>The accuracy; null for a task without classes.</summary>
        [<JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)>]
        Accuracy: float array | null
        /// <summary>R²; null if the targets are classes.</summary>
        [<JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)>]
        RSquared: float array | null
        /// <summary>The mean absolute error; null if the targets are classes.</summary>
        [<JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)>]
        MeanAbsoluteError: float array | null
    }

/// <summary>All validations of a trial, oldest first. All arrays have the same length.</summary>
type Curve =
    {
        /// <summary>The number of steps taken before each validation.</summary>
        Steps: int64 array
        /// <summary>The training loss of the last step before each validation.</summary>
        TrainingLoss: float array
        /// <summary>The validation loss.</summary>
        Loss: float array
        /// <summary>The validation accuracy; NaN for a task without classes.</summary>
        Accuracy: float array
        /// <summary>R² on the validation examples; null if the targets are classes.</summary>
        [<JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)>]
        RSquared: float array | null
        /// <summary>The mean absolute error on the validation examples; null if the targets are classes.</summary>
        [<JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)>]
        MeanAbsoluteError: float array | null
        /// <summary>The metrics on all training examples; null if the task does not score them.</summary>
        [<JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)>]
        Training: TrainingCurve | null
        /// <summary>‖g‖ at the last step before each validation.</summary>
        GradientNorm: float array
        /// <summary>‖Δ‖ / ‖w‖ at the last step before each validation.</summary>
        UpdateRatio: float array
        /// <summary>
        /// The training time in seconds until each validation, without validations. Not repeatable, unlike everything else.
        /// </summary>
        Seconds: float array
    }

    /// Returns the curve of a history, with the diagnosis at each validation.
    static member internal Of(history: History, diagnoses: IReadOnlyList<Diagnosis>) : Curve =
        let column (read: Validation -> float) = [| for validation in history -> read validation |]

        let ifKnown (read: Validation -> float) : float array | null =
            let values = column read
            if Array.forall Double.IsNaN values then null else values

        let training =
            { TrainingCurve.Loss = ifKnown _.Training.Loss
              Accuracy = ifKnown _.Training.Accuracy
              RSquared = ifKnown _.Training.RSquared
              MeanAbsoluteError = ifKnown _.Training.MeanAbsoluteError }

        { Steps = [| for validation in history -> validation.Step |]
          TrainingLoss = column _.TrainingLoss
          Loss = column _.Loss
          Accuracy = column _.Accuracy
          RSquared = ifKnown _.Quality.RSquared
          MeanAbsoluteError = ifKnown _.Quality.MeanAbsoluteError
          Training = if isNull training.Loss then null else training
          GradientNorm = [| for diagnosis in diagnoses -> diagnosis.GradientNorm |]
          UpdateRatio = [| for diagnosis in diagnoses -> diagnosis.UpdateRatio |]
          Seconds = [| for diagnosis in diagnoses -> diagnosis.Seconds |] }

    /// No validation.
    static member internal Empty: Curve = Curve.Of([||], [||])

    /// The columns that only some curves have, and their values in a history.
    static member internal Metrics: ((Curve -> float array | null) * (Validation -> float)) list =
        let ofTraining (read: TrainingCurve -> float array | null) (curve: Curve) : float array | null =
            match curve.Training with
            | null -> null
            | training -> read training

        [ _.RSquared, _.Quality.RSquared
          _.MeanAbsoluteError, _.Quality.MeanAbsoluteError
          ofTraining _.Loss, _.Training.Loss
          ofTraining _.Accuracy, _.Training.Accuracy
          ofTraining _.RSquared, _.Training.RSquared
          ofTraining _.MeanAbsoluteError, _.Training.MeanAbsoluteError ]

    /// Returns the score of a validation.
    member internal curve.Score(index: int) : Score =
        let at (values: float array | null) =
            match values with
            | null -> nan
            | values -> values[index]

        Score(curve.Steps[index], curve.Loss[index], curve.Accuracy[index], at curve.RSquared, at curve.MeanAbsoluteError)

    /// Returns the validation with the highest accuracy, or with the lowest loss if the target is a loss. Of equal ones, the first.
    member internal curve.Best(target: Target) : Nullable<Score> =
        let objective (score: Score) =
            match target with
            | Accuracy _ -> score.Accuracy
            | Loss _ -> -score.Loss

        let scores =
            [| for index in 0 .. curve.Steps.Length - 1 do
                   let score = curve.Score index

                   if Double.IsFinite score.Loss && not (Double.IsNaN(objective score)) then
                       score |]

        // Array.maxBy returns the first of equal values.
        if scores.Length = 0 then Nullable() else Nullable(Array.maxBy objective scores)

    /// Returns the steps and the seconds to the first validation that meets the target; infinite if none does.
    member internal curve.ToTarget(target: Target) : struct (float * float) =
        let meets index =
            Double.IsFinite curve.Loss[index]
            && match target with
               | Accuracy least -> curve.Accuracy[index] >= least
               | Loss most -> curve.Loss[index] <= most

        match seq { 0 .. curve.Steps.Length - 1 } |> Seq.tryFind meets with
        | Some index -> struct (float curve.Steps[index], curve.Seconds[index])
        | None -> struct (infinity, infinity)

/// <summary>The result of a trial. The best, the final and the at-stop score answer different questions.</summary>
type TrialResult =
    {
        Trial: Trial
        /// <summary>The reason why it ended.</summary>
        Ending: Ending
        /// <summary>The number of steps taken.</summary>
        Steps: int64
        /// <summary>All validations.</summary>
        Curve: Curve
        /// <summary>The steps to the first validation that met the target; infinite if none did, also if the trial was pruned.</summary>
        StepsToTarget: float
        /// <summary>The examples to the target: steps × batch size.</summary>
        ExamplesToTarget: float
        /// <summary>The training time to the target in seconds. Not repeatable.</summary>
        SecondsToTarget: float
        /// <summary>
        /// The best validation: the highest accuracy, or the lowest loss if the target is a loss. Of equal ones, the first.
        /// </summary>
        Best: Nullable<Score>
        /// <summary>The last validation of a trial that used its whole budget; else null.</summary>
        Final: Nullable<Score>
        /// <summary>The last validation of a trial that a stop rule ended; else null.</summary>
        AtStop: Nullable<Score>
        /// <summary>The score on the test set, computed once at the end of a confirmation trial or a run; else null.</summary>
        Test: Nullable<Score>
        /// <summary>The state of the model's units.</summary>
        Health: Health
        /// <summary>
        /// The fingerprint: 16 bits of a hash of the training losses, one mark per <c>FingerprintEvery</c> steps. A replay compares it.
        /// </summary>
        Fingerprint: uint16 array
        /// <summary>The number of steps per mark of the fingerprint.</summary>
        FingerprintEvery: int
        /// <summary>A hash of the bits of the last parameters.</summary>
        Parameters: uint64
        /// <summary>The training time in seconds, without validations. Not repeatable.</summary>
        Seconds: float
        /// <summary>The message of the exception that ended the training; empty if there was none.</summary>
        Failure: string
    }

    /// <summary>True if the training diverged, or an exception ended it. Such a trial missed its target.</summary>
    [<JsonIgnore>]
    member result.HasFailed = result.Ending = Ending.Diverged || result.Ending = Ending.Failed

    static member private WithoutScores(trial: Trial, curve: Curve) : TrialResult =
        { Trial = trial
          Ending = Ending.Completed
          Steps = Array.tryLast curve.Steps |> Option.defaultValue 0L
          Curve = curve
          StepsToTarget = infinity
          ExamplesToTarget = infinity
          SecondsToTarget = infinity
          Best = Nullable()
          Final = Nullable()
          AtStop = Nullable()
          Test = Nullable()
          Health = Health.Sound
          Fingerprint = [||]
          FingerprintEvery = 1
          Parameters = 0UL
          Seconds = Array.tryLast curve.Seconds |> Option.defaultValue 0.0
          Failure = "" }

    /// Returns the result of a trial that an exception ended: the validations before it, and no score.
    static member internal OfFailure(trial: Trial, curve: Curve, error: exn) : TrialResult =
        // A message can be empty, and a failure needs a reason.
        let failure =
            match Refusal.sentence error with
            | "" -> error.GetType().Name
            | message -> message

        { TrialResult.WithoutScores(trial, curve) with Ending = Ending.Failed; Failure = failure }

    /// Returns what is known of a trial that was cancelled under way. Nothing is measured for it, because it ends at once.
    static member internal OfInterruption(trial: Trial, task: StudyTask, steps: int64, curve: Curve) : TrialResult =
        let struct (stepsToTarget, seconds) = curve.ToTarget task.Target

        { TrialResult.WithoutScores(trial, curve) with
            Ending = Ending.Cancelled
            Steps = steps
            StepsToTarget = stepsToTarget
            ExamplesToTarget = stepsToTarget * float task.Problem.ExamplesAStep
            SecondsToTarget = seconds
            Best = curve.Best task.Target }
