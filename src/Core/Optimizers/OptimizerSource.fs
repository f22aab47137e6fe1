namespace CuteDl

/// <summary>
/// A type that represents an optimizer, such as the optimizers of the C# facade. Methods that take optimizers can take these without a
/// reference to the facade.
/// </summary>
type IOptimizerSource =
    /// <summary>The optimizer.</summary>
    abstract Optimizer: CuteDl.Core.Optimizers.Optimizer
