namespace CuteDl.Core.Optimizers

open System

/// <summary>
/// A step cannot be taken: gradients or the optimizer's state are not finite. A training ends as diverged at such a step. The state and the
/// parameters are as before the step.
/// </summary>
[<AbstractClass>]
type NonFiniteException internal (message: string) =
    inherit ArithmeticException(message)
