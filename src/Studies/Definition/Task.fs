namespace CuteDl.Studies

/// <summary>The target in validation.</summary>
type Target =
    /// <summary>An accuracy of at least this, in (0, 1].</summary>
    | Accuracy of least: float
    /// <summary>A loss of at most this.</summary>
    | Loss of most: float

/// <summary>The floating-point precision of a trial.</summary>
type TaskPrecision =
    /// <summary>float32.</summary>
    | Single = 0
    /// <summary>float64.</summary>
    | Double = 1

/// <summary>A problem with the training settings that all optimizers of a study share.</summary>
type StudyTask =
    {
        /// <summary>The name in results; unique in a study.</summary>
        Name: string
        /// <summary>The problem to learn.</summary>
        Problem: IProblem
        /// <summary>The precision.</summary>
        Precision: TaskPrecision
        /// <summary>The budget of a trial in steps, at least 1.</summary>
        Steps: int64
        /// <summary>The number of steps between validations, at least 1.</summary>
        ValidateEvery: int
        /// <summary>The target.</summary>
        Target: Target
    }

/// <summary>Default values of tasks.</summary>
[<RequireQualifiedAccess>]
module StudyTask =
    /// <summary>
    /// Returns the default number of steps between validations: a hundredth of the budget, at least 1. With the default ratio that counts as
    /// equal, this resolves times after a fifth of the budget. More validations would cost more than the training of a short trial.
    /// </summary>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    let validateEvery (steps: int64) : int = int (min (int64 System.Int32.MaxValue) (max 1L (steps / 100L)))
