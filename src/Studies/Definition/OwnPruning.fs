namespace CuteDl.Studies

/// The names of the pruning rules of the library.
module internal PruningNames =
    [<Literal>]
    let None = "none"

    [<Literal>]
    let Median = "median"

    [<Literal>]
    let SuccessiveHalving = "successive_halving"

    let builtIn = [ None; Median; SuccessiveHalving ]

/// <summary>A validation as pruning sees it.</summary>
[<Struct>]
type ValidationScore =
    {
        /// <summary>The number of steps taken before it.</summary>
        Step: int64
        /// <summary>The score; larger is better. It is the accuracy, or the negated loss if the target is a loss; −∞ instead of NaN.</summary>
        Score: float
    }

/// <summary>
/// A pruning rule of one's own. Trials of one contender, task and seed are ordered by their settings. A rule compares a trial only with the
/// trials before it in this order, so its decisions do not depend on timing. A value is immutable and thread-safe.
/// </summary>
type IPruningRule =
    /// <summary>The name in study files.</summary>
    abstract Name: string

    /// <summary>
    /// Returns the steps at which a trial is compared, in any order. Each is moved to the next validation. Those outside of the budget are
    /// ignored. Equal arguments must give equal steps.
    /// </summary>
    /// <param name="steps">The budget of a trial.</param>
    /// <param name="validateEvery">The number of steps between validations.</param>
    abstract Rungs: steps: int64 * validateEvery: int -> int64 seq

    /// <summary>
    /// Returns the score that the best validation of a trial needs in order to continue; −∞ if every trial continues. Equal arguments must
    /// give equal scores.
    /// </summary>
    /// <param name="step">The step of the comparison.</param>
    /// <param name="earlier">The validations up to the step of each trial before this one that reached it, in order.</param>
    /// <param name="position">The number of trials before this one, whether they reached the step or not.</param>
    abstract Threshold: step: int64 * earlier: ValidationScore array array * position: int -> float
