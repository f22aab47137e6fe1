namespace CuteDl

/// <summary>
/// A type that represents an optimizer and has a text form, such as the optimizers of the C# facade. Methods that take optimizers can take
/// these without a reference to the facade.
/// </summary>
type IOptimizerExpression =
    /// <summary>The text form for <c>Expression.parse</c>: <c>clip_norm(1) | adam(lr=0.001)</c>.</summary>
    abstract Expression: string
