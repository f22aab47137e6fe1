namespace CuteDl.Studies

open System
open CuteDl.Core.Numerics

/// <summary>A step of a trial. It decides which examples a stochastic problem uses.</summary>
[<Struct; NoComparison>]
type ProblemStep =
    {
        /// <summary>The seed of the trial.</summary>
        Seed: int
        /// <summary>The number of steps taken before, from 0.</summary>
        Step: int64
    }

    /// <summary>
    /// Returns random numbers that depend only on the seed and the step. With them, a resumed trial draws the same examples again.
    /// </summary>
    member step.Random() : Random = RandomStream.stream step.Seed $"problem/step/{step.Step}"

/// <summary>
/// The functions of a problem of one's own for one trial. No other trial uses them, so they can reuse their arrays. Equal arguments must
/// give equal results, in any order of calls.
/// </summary>
type OwnFunctions =
    {
        /// <summary>The initial parameters.</summary>
        Initial: float array
        /// <summary>Returns the loss and its gradient at the parameters for a step. It can return the same array in each call.</summary>
        Evaluate: float array -> ProblemStep -> struct (float * float array)
        /// <summary>
        /// Returns the validation loss and the accuracy at the parameters; NaN instead of an accuracy if there are no classes. None if the
        /// loss is the same function at every step: it is the validation loss then.
        /// </summary>
        Validate: (float array -> struct (float * float)) option
        /// <summary>
        /// Returns the loss and the accuracy on examples that no step and no validation used; None if there are none. It is called once, at
        /// the end of a confirmation trial.
        /// </summary>
        Test: (float array -> struct (float * float)) option
    }
