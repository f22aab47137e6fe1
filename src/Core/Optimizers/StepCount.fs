namespace CuteDl.Core.Optimizers

/// <summary>A number of steps in a schedule: a whole number, or a share of the run.</summary>
/// <remarks>
/// A share is of the steps that the schedule has in the run: of all steps of the run; after a <c>warmup</c>, of the steps that remain; in a
/// <c>join</c>, of the steps until the next schedule. Values need whole numbers: see <c>Optimizer.forRun</c>.
/// </remarks>
[<Struct; NoComparison>]
type StepCount =
    /// <summary>A whole number of steps.</summary>
    | Steps of steps: int64
    /// <summary>A share of the run in percent, in (0, 100]; also 0 if there can be 0 steps.</summary>
    | Percent of percent: float

    /// The text form as a term.
    member internal count.Term: Term =
        match count with
        | Steps steps -> Term.Number(float steps)
        | Percent percent -> Term.Percent percent

    /// <summary>Returns the text form: <c>500</c> or <c>10%</c>.</summary>
    override count.ToString() = Syntax.print { At = 0; Term = count.Term }
