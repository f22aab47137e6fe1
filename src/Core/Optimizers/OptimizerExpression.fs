namespace CuteDl

/// <summary>
/// What stands for an optimizer and can be written in its text form, such as the optimizers of the C# facade. Whatever takes optimizers
/// can take these without knowing the facade.
/// </summary>
type IOptimizerExpression =
    /// <summary>The text form, which <c>Expression.parse</c> reads: <c>clip_norm(1) | adam(lr=0.001)</c>.</summary>
    abstract Expression: string
