namespace CuteDl.Studies

open System

/// <summary>What a trial is for. Seeds of tuning and of confirmation are never the same.</summary>
type Phase =
    /// <summary>To find a setting.</summary>
    | Tuning = 0
    /// <summary>A setting that tuning found, with a fresh seed.</summary>
    | Confirmation = 1
    /// <summary>The contender as given, with the seeds of the confirmation.</summary>
    | Defaults = 2
    /// <summary>One of the frontier's learning rates.</summary>
    | Frontier = 3
    /// <summary>A run of the document's protocol.</summary>
    | Document = 4

/// <summary>One training: what, with what, from which seed. Equal trials give equal bits.</summary>
[<CustomEquality; NoComparison>]
type Trial =
    {
        /// <summary>What it is for.</summary>
        Phase: Phase
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>Which of the contender's settings, from 0, in the order in which they were made; 0 outside tuning and frontier.</summary>
        Setting: int
        /// <summary>Decides initial weights, order and dropouts.</summary>
        Seed: int
        /// <summary>The optimizer's text form.</summary>
        Optimizer: string
        /// <summary>The hyper-parameters that the study chose, by name.</summary>
        Values: struct (string * float) array
    }

    /// <summary>tuning/mnist/adam/3/1000: unique in a study, and a path for its files.</summary>
    member trial.Id =
        let phase = trial.Phase.ToString().ToLowerInvariant()
        $"{phase}/{trial.Task}/{trial.Contender}/{trial.Setting}/{trial.Seed}"

    override trial.Equals(other: obj | null) =
        match other with
        | :? Trial as other -> trial.Id = other.Id && trial.Optimizer = other.Optimizer
        | _ -> false

    override trial.GetHashCode() = HashCode.Combine(trial.Id, trial.Optimizer)
    override trial.ToString() = trial.Id

/// <summary>Why a trial ended.</summary>
type Ending =
    /// <summary>Its steps were used up.</summary>
    | Completed = 0
    /// <summary>A loss was NaN or infinite: a failure, counted as one.</summary>
    | Diverged = 1
    /// <summary>It promised little.</summary>
    | Pruned = 2
    /// <summary>No smaller validation loss for too many validations (the document's protocol only, like the two below).</summary>
    | NoImprovement = 3
    /// <summary>The validation loss fell too slowly.</summary>
    | TooSlow = 4
    /// <summary>The validation accuracy stayed above its target.</summary>
    | TargetHeld = 5

/// <summary>What one validation saw, or one pass over the test set.</summary>
[<Struct; CustomEquality; NoComparison>]
type Score =
    {
        /// <summary>Steps taken before it.</summary>
        Step: int64
        /// <summary>The mean loss; NaN or infinite where it diverged.</summary>
        Loss: float
        /// <summary>The share answered rightly; NaN for a task without classes.</summary>
        Accuracy: float
    }

    // The equality that the compiler writes takes NaN for unequal when the score is inside a Nullable of another record.
    override score.Equals(other: obj | null) =
        match other with
        | :? Score as other -> score.Step = other.Step && score.Loss.Equals other.Loss && score.Accuracy.Equals other.Accuracy
        | _ -> false

    override score.GetHashCode() = HashCode.Combine(score.Step, score.Loss, score.Accuracy)

/// <summary>All validations of a trial, oldest first: arrays of equal length.</summary>
type Curve =
    {
        /// <summary>Steps taken before each.</summary>
        Steps: int64 array
        /// <summary>The training loss of the last step before it.</summary>
        TrainingLoss: float array
        /// <summary>The validation loss.</summary>
        Loss: float array
        /// <summary>The validation accuracy; NaN for a task without classes.</summary>
        Accuracy: float array
        /// <summary>‖g‖ at the last step before it.</summary>
        GradientNorm: float array
        /// <summary>‖Δ‖ / ‖w‖ at the last step before it.</summary>
        UpdateRatio: float array
        /// <summary>Seconds of training until then, validations left out. Not repeatable, unlike all else.</summary>
        Seconds: float array
    }

/// <summary>What became of a trained model's units.</summary>
type Health =
    {
        /// <summary>Outputs that are 0 for every image of training and validation: a relu that has died.</summary>
        DeadLogits: int array
        /// <summary>Outputs above 0 for less than one training image in a thousand.</summary>
        AlmostDeadLogits: int array
        /// <summary>The accuracy that these outputs leave within reach; 1 if none is dead.</summary>
        AccuracyCeiling: float
        /// <summary>Of each hidden relu layer, how many units are 0 for every validation image.</summary>
        DeadUnits: int array
        /// <summary>The first step, from 1, with a training loss, a gradient or an optimizer's state that was not finite; 0 if there was none.</summary>
        FirstNonFinite: int64
    }

/// <summary>What came of a trial. Best, final and at-stop values are different questions, and have different names.</summary>
type TrialResult =
    {
        /// <summary>What was trained.</summary>
        Trial: Trial
        /// <summary>Why it ended.</summary>
        Ending: Ending
        /// <summary>Steps taken.</summary>
        Steps: int64
        /// <summary>All validations.</summary>
        Curve: Curve
        /// <summary>
        /// Steps to the first validation that met the target; infinite if none did within the budget. Where pruning ended the trial, too.
        /// </summary>
        StepsToTarget: float
        /// <summary>Examples to the target: steps × batch.</summary>
        ExamplesToTarget: float
        /// <summary>Seconds of training to the target. Not repeatable.</summary>
        SecondsToTarget: float
        /// <summary>The best validation: the greatest accuracy, or the least loss where the target is a loss; the first, on ties.</summary>
        Best: Nullable<Score>
        /// <summary>The last validation of a trial that used its whole budget; nothing for any other.</summary>
        Final: Nullable<Score>
        /// <summary>The last validation of a trial that a stop rule ended; nothing for any other.</summary>
        AtStop: Nullable<Score>
        /// <summary>The test set, scored once at the end of a confirmed trial; nothing for any other.</summary>
        Test: Nullable<Score>
        /// <summary>What became of its units.</summary>
        Health: Health
        /// <summary>16 bits of a hash of each step's training loss, or of every so many steps: what a replay is held against.</summary>
        Fingerprint: uint16 array
        /// <summary>Steps from one mark of the fingerprint to the next.</summary>
        FingerprintEvery: int
        /// <summary>A hash of the bits of the last parameters.</summary>
        Parameters: uint64
        /// <summary>Seconds of training, validations left out. Not repeatable.</summary>
        Seconds: float
    }
