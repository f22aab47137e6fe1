namespace CuteDl.Studies

open CuteDl.Core.Data
open CuteDl.Core.Networks

/// <summary>The source of a task's images.</summary>
type ImageSource =
    /// <summary>MNIST, from the data package.</summary>
    | Mnist
    /// <summary>
    /// A folder with four files in MNIST's format. <c>expansion</c> is the largest allowed ratio of unpacked to packed size.
    /// </summary>
    | Folder of path: string * classes: int * expansion: int
    /// <summary>Images in memory, with their name in results.</summary>
    | Held of name: string * data: DataSets

/// <summary>The division of images into training, validation and test sets.</summary>
type Split =
    /// <summary>
    /// A hold-out of the training images is used for validation: the number of images, and the seed that selects them, stratified by
    /// class. Test images are scored once, at the end of a confirmation trial.
    /// </summary>
    | HoldOut of validation: int * seed: int
    /// <summary>
    /// Validates on the test images, as the source document does. The validation loss is the mean of the batches' means, and nothing else is
    /// scored.
    /// </summary>
    | TestAsValidation

/// <summary>A classifier of images.</summary>
type ImagesTask =
    {
        /// <summary>The images.</summary>
        Source: ImageSource
        /// <summary>The division of the images.</summary>
        Split: Split
        /// <summary>The layers, in order. The last is dense, with one unit per class.</summary>
        Layers: Layer list
        /// <summary>The loss function.</summary>
        Loss: Loss
        /// <summary>The random initial weights. The trial's seed decides them.</summary>
        Initialization: Initialization
        /// <summary>The number of images per step.</summary>
        Batch: int
        /// <summary>The order of images in an epoch. The trial's seed decides it.</summary>
        Order: Order
    }

/// <summary>A small deterministic problem. The seed decides only the start, and the examples of the regression.</summary>
type FunctionTask =
    /// <summary>½ Σ λᵢ xᵢ², with λ from 1 to the condition number, evenly spaced in the logarithm.</summary>
    | Quadratic of dimensions: int * condition: float
    /// <summary>Σ 100 (x₂ᵢ − x₂ᵢ₋₁²)² + (1 − x₂ᵢ₋₁)² over pairs (Rosenbrock 1960). The number of dimensions is even.</summary>
    | Rosenbrock of dimensions: int
    /// <summary>Logistic regression on examples around two centres, with full batches.</summary>
    | LogisticRegression of dimensions: int * examples: int

/// <summary>The problem to learn.</summary>
type Problem =
    /// <summary>A classifier of images.</summary>
    | Images of ImagesTask
    /// <summary>The minimum of a function.</summary>
    | Function of FunctionTask

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
        Problem: Problem
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
