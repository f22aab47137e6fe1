using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>
/// A problem of one's own, as an immutable value: tensors, and functions of the parameters and the step. It is computed in double precision;
/// in a task of single precision, the parameters and gradients are rounded.
/// </summary>
public sealed class Problem
{
    private Problem(OwnProblem core) => Core = core;

    /// <summary>The name in study files.</summary>
    public string Name => Core.Name;

    /// <summary>The tensors that optimizers change.</summary>
    public ParameterLayout Layout => new(Core.Layout);

    internal OwnProblem Core { get; }

    /// <summary>Makes a problem of functions that all trials share, also at the same time.</summary>
    /// <param name="name">The name in study files: small letters, digits and underscores.</param>
    /// <param name="layout">The tensors that optimizers change.</param>
    /// <param name="initial">Returns the initial parameters for a seed.</param>
    /// <param name="evaluate">
    /// Returns the loss and its gradient at the parameters for a step. Equal arguments must give equal results, in any order of calls.
    /// </param>
    /// <param name="validate">
    /// Returns the validation loss at the parameters. It is needed if the loss is another function at each step. Default: the loss.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The name is not valid or belongs to a problem of the library, or the layout is empty.
    /// </exception>
    public static Problem From(
        string name,
        ParameterLayout layout,
        Func<int, double[]> initial,
        Func<double[], ProblemStep, (double Loss, double[] Gradient)> evaluate,
        Func<double[], double>? validate = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(initial);
        ArgumentNullException.ThrowIfNull(evaluate);
        return new(OwnProblem.From(
            name,
            layout.Core,
            FuncConvert.FromFunc(initial),
            FuncConvert.FromFunc(evaluate),
            validate is null ? FSharpOption<FSharpFunc<double[], double>>.None : FSharpOption<FSharpFunc<double[], double>>.Some(FuncConvert.FromFunc(validate))));
    }

    /// <summary>Makes a problem whose trials each have functions of their own, with data of their own.</summary>
    /// <param name="name">The name in study files: small letters, digits and underscores.</param>
    /// <param name="layout">The tensors that optimizers change.</param>
    /// <param name="start">Returns the functions of a trial for a seed.</param>
    /// <param name="classes">
    /// The number of classes, at least 2. Validations then have an accuracy, on examples that are not trained on. Default: 0, no classes.
    /// </param>
    /// <param name="examplesAStep">The number of examples per step.</param>
    /// <exception cref="ArgumentException">
    /// The name is not valid or belongs to a problem of the library, the layout is empty, or a number is out of its range.
    /// </exception>
    public static Problem Of(string name, ParameterLayout layout, Func<int, ProblemFunctions> start, int classes = 0, int examplesAStep = 1)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(start);
        return new(OwnProblem.Of(name, layout.Core, FuncConvert.FromFunc((int seed) => start(seed).Core), classes, examplesAStep));
    }

    /// <summary>
    /// Compares the gradient with central differences of the loss at the initial parameters, or at a given point. Call it before the first
    /// study of a problem. The tolerance follows from the rounding and truncation errors of the differences.
    /// </summary>
    /// <param name="seed">The seed of the problem.</param>
    /// <param name="step">The step whose loss is checked, from 0.</param>
    /// <param name="point">The parameters. Default: the initial ones.</param>
    /// <param name="precision">The precision in which the functions compute.</param>
    /// <exception cref="ArgumentException">The number of parameters differs from the layout's.</exception>
    public GradientCheck CheckGradient(int seed = 0, long step = 0, IEnumerable<double>? point = null, Precision precision = Precision.Double) =>
        Core.CheckGradient(
            seed,
            step,
            point is null ? FSharpOption<double[]>.None : FSharpOption<double[]>.Some([.. point]),
            Translate.Precision(precision));

    /// <summary>Returns the name and the tensors: <c>bowl: x [10]</c>.</summary>
    public override string ToString() => Core.ToString();
}
