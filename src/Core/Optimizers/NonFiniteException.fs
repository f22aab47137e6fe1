namespace CuteDl.Core.Optimizers

open System

/// <summary>
/// Thrown if a step cannot be taken, because gradients or the optimizer's state are not finite. The state and the parameters are as before
/// the step. A training ends as diverged at such a step.
/// </summary>
[<AbstractClass>]
type NonFiniteException internal (message: string) =
    inherit ArithmeticException(message)
