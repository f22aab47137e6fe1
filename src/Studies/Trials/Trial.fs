namespace CuteDl.Studies

open System
open System.Text.Json.Serialization
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
[<Struct; CustomEquality; NoComparison>]
type Score =
    {
        /// <summary>The number of steps taken before it.</summary>
        Step: int64
        /// <summary>The mean loss; NaN or infinite after divergence.</summary>
        Loss: float
        /// <summary>The accuracy, in [0, 1]; NaN for a task without classes.</summary>
        Accuracy: float
    }

    /// Returns the score of the last validation of a history; null if there is none.
    static member internal Newest(history: History) : Nullable<Score> =
        if history.Count = 0 then
            Nullable()
        else
            let v = history[history.Count - 1]
            Nullable { Step = v.Step; Loss = v.Loss; Accuracy = v.Accuracy }

    // Compiler-generated equality treats NaN as unequal when a score is inside a Nullable of another record.
    override score.Equals(other: obj | null) =
        match other with
        | :? Score as other -> score.Step = other.Step && score.Loss.Equals other.Loss && score.Accuracy.Equals other.Accuracy
        | _ -> false

    override score.GetHashCode() = HashCode.Combine(score.Step, score.Loss, score.Accuracy)

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
        /// <summary>‖g‖ at the last step before each validation.</summary>
        GradientNorm: float array
        /// <summary>‖Δ‖ / ‖w‖ at the last step before each validation.</summary>
        UpdateRatio: float array
        /// <summary>
        /// The training time in seconds until each validation, without validations. Not repeatable, unlike everything else.
        /// </summary>
        Seconds: float array
    }

    /// No validation.
    static member internal Empty: Curve =
        { Steps = [||]
          TrainingLoss = [||]
          Loss = [||]
          Accuracy = [||]
          GradientNorm = [||]
          UpdateRatio = [||]
          Seconds = [||] }

    /// Returns the score of a validation.
    member internal curve.Score(index: int) : Score =
        { Step = curve.Steps[index]; Loss = curve.Loss[index]; Accuracy = curve.Accuracy[index] }

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
