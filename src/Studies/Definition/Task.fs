namespace CuteDl.Studies

open CuteDl.Core.Data
open CuteDl.Core.Networks

/// <summary>Where a task's images come from.</summary>
type ImageSource =
    /// <summary>MNIST, from the package.</summary>
    | Mnist
    /// <summary>A folder with four files in MNIST's format.</summary>
    | Folder of path: string * classes: int
    /// <summary>Images that a program holds; the name stands for them in results.</summary>
    | Held of name: string * data: DataSets

/// <summary>How the images are divided.</summary>
type Split =
    /// <summary>
    /// So many of the training images, each class in proportion and chosen by the seed, are kept for validation; the files' test images
    /// are scored once, at a confirmed trial's end.
    /// </summary>
    | HoldOut of validation: int * seed: int
    /// <summary>
    /// As the source document does it: the files' test images are validated on, the validation loss is the mean of the batches' means, and
    /// nothing else is scored.
    /// </summary>
    | TestAsValidation

/// <summary>A classifier of images.</summary>
type ImagesTask =
    {
        /// <summary>The images.</summary>
        Source: ImageSource
        /// <summary>How they are divided.</summary>
        Split: Split
        /// <summary>The layers, first to last; the last is dense, with a unit for each class.</summary>
        Layers: Layer list
        /// <summary>What training makes small.</summary>
        Loss: Loss
        /// <summary>How the weights begin, by the trial's seed.</summary>
        Initialization: Initialization
        /// <summary>Images a step.</summary>
        Batch: int
        /// <summary>The order of an epoch, by the trial's seed.</summary>
        Order: Order
    }

/// <summary>A small deterministic problem: the seed decides only where it begins (and the examples of the regression).</summary>
type FunctionTask =
    /// <summary>½ Σ λᵢ xᵢ² with λ from 1 to the condition number, evenly in the logarithm.</summary>
    | Quadratic of dimensions: int * condition: float
    /// <summary>Σ 100 (x₂ᵢ − x₂ᵢ₋₁²)² + (1 − x₂ᵢ₋₁)² over pairs (Rosenbrock 1960); an even number of dimensions.</summary>
    | Rosenbrock of dimensions: int
    /// <summary>Logistic regression on examples drawn around two centres; the whole set each step.</summary>
    | LogisticRegression of dimensions: int * examples: int

/// <summary>What is learned.</summary>
type Problem =
    /// <summary>A classifier of images.</summary>
    | Images of ImagesTask
    /// <summary>A function's least value.</summary>
    | Function of FunctionTask

/// <summary>What a trial must reach, in validation.</summary>
type Target =
    /// <summary>An accuracy of at least this, in (0, 1].</summary>
    | Accuracy of least: float
    /// <summary>A loss of at most this.</summary>
    | Loss of most: float

/// <summary>The numbers a trial computes with.</summary>
type TaskPrecision =
    /// <summary>float32.</summary>
    | Single = 0
    /// <summary>float64.</summary>
    | Double = 1

/// <summary>One problem, and how every optimizer of a study is trained on it.</summary>
type StudyTask =
    {
        /// <summary>Its name in results; unique in a study.</summary>
        Name: string
        /// <summary>What is learned.</summary>
        Problem: Problem
        /// <summary>The numbers to compute with.</summary>
        Precision: TaskPrecision
        /// <summary>The steps of a trial, at least 1: each optimizer may use as many.</summary>
        Steps: int64
        /// <summary>Steps from one validation to the next, at least 1.</summary>
        ValidateEvery: int
        /// <summary>What counts as having learned it.</summary>
        Target: Target
    }
