using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>
/// The functions of a problem for one trial. No other trial uses them, so they can reuse their arrays. Equal arguments must give equal
/// results, in any order of calls.
/// </summary>
public sealed class ProblemFunctions
{
    /// <summary>The initial parameters.</summary>
    public required double[] Initial { get; init; }

    /// <summary>Returns the loss and its gradient at the parameters for a step. It can return the same array in each call.</summary>
    public required Func<double[], ProblemStep, (double Loss, double[] Gradient)> Evaluate { get; init; }

    /// <summary>
    /// Returns the validation loss and the accuracy at the parameters; NaN instead of an accuracy if there are no classes. Null if the loss is
    /// the same function at every step: it is the validation loss then.
    /// </summary>
    public Func<double[], (double Loss, double Accuracy)>? Validate { get; init; }

    /// <summary>
    /// Returns the loss and the accuracy on examples that no step and no validation used; null if there are none. It is called once, at the
    /// end of a confirmation trial.
    /// </summary>
    public Func<double[], (double Loss, double Accuracy)>? Test { get; init; }

    /// <summary>One line: <c>functions of 3 parameters</c>.</summary>
    public override string ToString() => $"functions of {Initial.Length} parameters";

    internal OwnFunctions Core => new(Initial, FuncConvert.FromFunc(Evaluate), Optional(Validate), Optional(Test));

    private static FSharpOption<FSharpFunc<double[], (double, double)>>? Optional(Func<double[], (double, double)>? score) =>
        score is null ? FSharpOption<FSharpFunc<double[], (double, double)>>.None : FSharpOption<FSharpFunc<double[], (double, double)>>.Some(FuncConvert.FromFunc(score));
}
