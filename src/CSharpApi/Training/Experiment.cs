using CuteDl.Core.Networks;
using CuteDl.Core.Optimizers;
using CuteDl.Core.Training;
using CuteDl.Studies;
using Microsoft.FSharp.Collections;

namespace CuteDl;

/// <summary>
/// A model and its training settings, as an immutable value: every call returns a changed copy. <see cref="Mnist.Experiment()"/> creates
/// one; <see cref="RunAsync"/> and <see cref="Compare(Optimizer[])"/> train it. Settings that are not given are those of the source document.
/// </summary>
public sealed partial class Experiment
{
    private readonly ExperimentPlan _plan;

    internal Experiment(ExperimentPlan plan) => _plan = plan;

    internal ExperimentPlan Plan => _plan;

    /// <summary>Sets the loss. Default: <see cref="Losses.SoftmaxCrossEntropy"/>.</summary>
    /// <param name="loss">The loss.</param>
    public Experiment Loss(Loss loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return new(_plan with { Loss = loss.Core });
    }

    /// <summary>
    /// Sets the optimizer of a single run. Default: <c>fixed(lr=0.01)</c>. Shares of the run in its schedules are of the steps that
    /// <see cref="MaxEpochs"/> and <see cref="MaxSteps"/> allow; a stop rule can end the run earlier.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="name">The run's name in results. Default: the text form of the optimizer.</param>
    public Experiment Optimizer(Optimizer optimizer, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        return new(_plan with { Optimizer = optimizer, Name = name });
    }

    /// <summary>Sets the data. Default: MNIST, from the package.</summary>
    /// <param name="data">The images.</param>
    public Experiment Data(ImageData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return new(_plan with { GivenData = data });
    }

    /// <summary>
    /// Sets the initial weights. Default: <see cref="CuteDl.InitialWeights.Normal"/> with 0.01, as in the source document.
    /// </summary>
    /// <param name="weights">The weights.</param>
    public Experiment InitialWeights(InitialWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new(_plan with { GivenWeights = weights });
    }

    /// <summary>Sets the floating-point precision. Default: <see cref="CuteDl.Precision.Single"/>.</summary>
    /// <param name="precision">The precision.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such precision.</exception>
    public Experiment Precision(Precision precision)
    {
        if (!Enum.IsDefined(precision))
        {
            throw new ArgumentOutOfRangeException(nameof(precision), precision, "The precision must be Single or Double.");
        }

        return new(_plan with { Precision = precision });
    }

    /// <summary>Sets the order of the images in an epoch. Default: <see cref="CuteDl.Order.File"/>.</summary>
    /// <param name="order">The order.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such order.</exception>
    public Experiment Order(Order order)
    {
        _ = Translate.Order(order);
        return new(_plan with { GivenOrder = order });
    }

    /// <summary>Sets the number of images per step. Default: 64.</summary>
    /// <param name="size">The number, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below 1.</exception>
    public Experiment Batch(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        return new(_plan with { Batch = size });
    }

    /// <summary>
    /// Sets the mean that the validation loss is. Default: <see cref="CuteDl.ValidationMean.Examples"/>, except for
    /// <see cref="Mnist.DocumentExperiment"/>.
    /// </summary>
    /// <param name="mean">The mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mean.</exception>
    public Experiment ValidationMean(ValidationMean mean)
    {
        _ = Translate.ValidationMean(mean);
        return new(_plan with { ValidationMean = mean });
    }

    /// <summary>Sets the seed of drawn initial weights, shuffles and dropouts. Default: 0.</summary>
    /// <param name="seed">Any number. Equal seeds give equal bits.</param>
    public Experiment Seed(int seed) => new(_plan with { Seed = seed });

    /// <summary>Sets the largest number of epochs. It becomes a number of steps when the data are read. Default: 5000.</summary>
    /// <param name="epochs">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public Experiment MaxEpochs(int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        return new(_plan with { MaxEpochs = epochs });
    }

    /// <summary>Sets the largest number of steps. Default: no limit.</summary>
    /// <param name="steps">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public Experiment MaxSteps(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return new(_plan with { MaxSteps = steps });
    }

    /// <summary>Sets the number of steps between validations. Default: one epoch.</summary>
    /// <param name="steps">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public Experiment ValidateEvery(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return new(_plan with { ValidateEvery = steps });
    }

    /// <summary>
    /// Ends a run if <paramref name="patience"/> validations came after the lowest validation loss. Also ends it if the newest loss is the
    /// lowest, but it fell by less than <paramref name="minGain"/> over the newest <paramref name="patience"/> validations. The first
    /// <paramref name="patience"/> validations are ignored. Default: 20 and 0.001.
    /// </summary>
    /// <param name="patience">At least 1 validation.</param>
    /// <param name="minGain">At least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Experiment StopWithoutGain(int patience, double minGain)
    {
        var rule = StopRule.NewStagnation(patience, minGain);
        StopRuleModule.validate(rule);
        return new(_plan with { Stagnation = (StopRule.Stagnation)rule });
    }

    /// <summary>
    /// Ends a run when, after more than <paramref name="hold"/> validations, the last <paramref name="hold"/> accuracies were all above
    /// <paramref name="target"/>. Default: 0.91 and 20.
    /// </summary>
    /// <param name="target">In [0, 1].</param>
    /// <param name="hold">At least 1 validation.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Experiment StopAtTarget(double target, int hold)
    {
        var rule = StopRule.NewTarget(target, hold);
        StopRuleModule.validate(rule);
        return new(_plan with { Target = (StopRule.Target)rule });
    }

    /// <summary>
    /// Returns a study with this experiment as its task: settings are tuned with equal budgets, then compared with fresh seeds. See
    /// <see cref="CuteDl.Study"/>.
    /// </summary>
    /// <param name="name">The study's name, and the task's.</param>
    /// <param name="epochs">The budget of a trial in epochs, at least 1.</param>
    /// <param name="accuracy">The target: the smallest validation accuracy that meets it, in (0, 1].</param>
    /// <exception cref="ArgumentException">A value is not allowed, or the initial weights are given ones.</exception>
    public Study Study(string name, int epochs, double accuracy) => CuteDl.Study.Named(name).Task(name, this, epochs, accuracy);

    /// <summary>Returns a comparison: this experiment with each of the optimizers, all else equal.</summary>
    /// <param name="optimizers">The optimizers: at least one, each once.</param>
    /// <exception cref="ArgumentException">There is no optimizer, or one is null or given twice.</exception>
    public Comparison Compare(params Optimizer[] optimizers)
    {
        ArgumentNullException.ThrowIfNull(optimizers);
        if (Array.Exists(optimizers, optimizer => optimizer is null))
        {
            throw new ArgumentException("One of the optimizers is null.", nameof(optimizers));
        }

        return Compare([.. optimizers.Select(optimizer => new NamedRun(optimizer.ToString(), optimizer))]);
    }

    /// <summary>Returns a comparison: this experiment with the optimizer of each run, all else equal.</summary>
    /// <param name="runs">The runs: at least one, with different names.</param>
    /// <exception cref="ArgumentException">There is no run, or a name is empty or given twice.</exception>
    public Comparison Compare(IEnumerable<NamedRun> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return new(_plan, [.. runs]);
    }

    /// <summary>
    /// Searches for a learning rate on another thread: in one short training, the rate grows at every step, from low to high. Stop rules and
    /// limits do not apply. Shares of the run in other schedules are of the steps of the sweep.
    /// </summary>
    /// <param name="options">The range and the number of steps. Default: from 1e-7 to 10 in 200 steps.</param>
    /// <param name="cancellationToken">Ends the sweep within one batch; its end is then <see cref="LearningRateSweepEnd.Interrupted"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is not allowed; the message has the allowed values.</exception>
    /// <exception cref="ArgumentException">
    /// The optimizer has no such hyper-parameter, or does not allow such rates; or model, data and optimizer do not fit each other.
    /// </exception>
    /// <exception cref="InitialWeightsException">Given initial weights do not fit the model.</exception>
    public Task<LearningRateSweep> FindLearningRateAsync(LearningRateSweepOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => _plan.FindLearningRate(options ?? new(), cancellationToken), CancellationToken.None);

    /// <summary>One line: <c>784-10(relu) softmax-cross-entropy on mnist, batch 64, under adam(lr=0.001)</c>.</summary>
    public override string ToString() => $"{_plan.Task}, under {_plan.Optimizer}";

    /// <summary>
    /// Trains on another thread, until a stop rule applies, a limit is reached, the training diverges, or it is cancelled. It is a
    /// <see cref="Comparison"/> of one run: <see cref="Comparison.ResumeAsync"/> continues it in its folder.
    /// </summary>
    /// <param name="folder">The folder, new or empty; null: in memory.</param>
    /// <param name="progress">Receives reports, from the thread that trains.</param>
    /// <param name="cancellationToken">Ends the run within one batch; its result is then <see cref="StopReason.Cancelled"/>.</param>
    /// <exception cref="ArgumentException">Model, data, initial weights and optimizer do not fit each other.</exception>
    /// <exception cref="StudyException">The folder already holds results, or a file could not be written.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before the first step.</exception>
    public async Task<RunResult> RunAsync(string? folder = null, IProgress<StudyProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var run = new NamedRun(_plan.Name ?? _plan.Optimizer.ToString(), _plan.Optimizer);
        var result = await Compare([run]).RunAsync(folder, null, progress, cancellationToken).ConfigureAwait(false);
        return result.Runs is [var only] ? only : throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Adds layers by their text form.</summary>
    /// <param name="text">The layers in order, such as <c>conv(32, size=5, activation=relu) | max_pool(2) | flatten | dense(10)</c>.</param>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    /// <exception cref="ExpressionException">A layer or an argument is unknown, or a value is not allowed. The message has the position.</exception>
    public Experiment Layers(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(_plan with { Layers = _plan.Layers.AddRange(Core.Networks.ModelText.parseLayers(LayerKinds.all, text)) });
    }

    private Experiment With(Layer layer) => new(_plan with { Layers = _plan.Layers.Add(layer) });

    /// <summary>Returns the layers that a function adds to an experiment without layers.</summary>
    private FSharpList<Layer> Added(Func<Experiment, Experiment> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        return ListModule.OfSeq(layers(new(_plan with { Layers = [] }))._plan.Layers);
    }
}
