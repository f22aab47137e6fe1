using CuteDl.Core.Networks;
using CuteDl.Core.Optimizers;
using CuteDl.Core.Training;
using CuteDl.Studies;
using Microsoft.FSharp.Collections;

namespace CuteDl;

/// <summary>
/// A model and its training settings, as an immutable value: every call returns a changed copy. <see cref="On"/> creates one;
/// <see cref="RunAsync"/> and <see cref="Compare(Optimizer[])"/> train it. <c>Mnist.Documented()</c> has the settings of the source
/// document.
/// </summary>
/// <remarks>
/// Defaults: He's initial weights, Adam with a learning rate of 0.001 and β₂ = 0.999, batches of 64, a new order in each epoch, and no stop
/// rule. If the data have no validation part, a tenth of the training examples is held out for it, but at most 5000. Classes keep their shares
/// there. The test part is scored once, at the end: see <see cref="RunResult.Test"/>.
/// </remarks>
public sealed partial class Experiment
{
    private readonly ExperimentPlan _plan;

    internal Experiment(ExperimentPlan plan) => _plan = plan;

    internal ExperimentPlan Plan => _plan;

    /// <summary>Returns an experiment on data, without layers yet.</summary>
    /// <param name="data">The data.</param>
    public static Experiment On(DataSet data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return new(new ExperimentPlan { Data = data });
    }

    /// <summary>
    /// Sets the loss. Default: <see cref="Losses.SoftmaxCrossEntropy"/> for classes, <see cref="Losses.MeanSquaredError"/> for numbers.
    /// </summary>
    /// <param name="loss">The loss.</param>
    public Experiment Loss(Loss loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return new(_plan with { GivenLoss = loss.Core });
    }

    /// <summary>
    /// Sets the optimizer of a single run. Default: <c>adam(lr=0.001, beta2=0.999)</c>. Shares of the run in its schedules are of the steps that
    /// <see cref="Epochs"/> and <see cref="MaxSteps"/> allow; a stop rule can end the run earlier.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="name">The run's name in results. Default: the text form of the optimizer.</param>
    public Experiment Optimizer(Optimizer optimizer, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        return new(_plan with { Optimizer = optimizer, Name = name });
    }

    /// <summary>Replaces the data.</summary>
    /// <param name="data">The data.</param>
    public Experiment Data(DataSet data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return new(_plan with { Data = data });
    }

    /// <summary>Sets the initial weights. Default: <see cref="CuteDl.InitialWeights.He"/>.</summary>
    /// <param name="weights">The weights.</param>
    public Experiment InitialWeights(InitialWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new(_plan with { InitialWeights = weights });
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

    /// <summary>Sets the order of the examples in an epoch. Default: <see cref="CuteDl.Order.Shuffle"/>.</summary>
    /// <param name="order">The order.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such order.</exception>
    public Experiment Order(Order order)
    {
        _ = Translate.Order(order);
        return new(_plan with { Order = order });
    }

    /// <summary>Sets the number of examples per step. Default: 64.</summary>
    /// <param name="size">The number, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below 1.</exception>
    public Experiment Batch(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        return new(_plan with { Batch = size });
    }

    /// <summary>Sets the mean that the validation loss is. Default: <see cref="CuteDl.ValidationMean.Examples"/>.</summary>
    /// <param name="mean">The mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mean.</exception>
    public Experiment ValidationMean(ValidationMean mean)
    {
        _ = Translate.ValidationMean(mean);
        return new(_plan with { ValidationMean = mean });
    }

    /// <summary>
    /// Computes the metrics on all training examples at each validation, too, such as <see cref="RunHistory.TrainAccuracy"/>. This costs a
    /// forward pass over them, and changes no other result. Default: metrics on the validation part only.
    /// </summary>
    public Experiment TrainingMetrics() => new(_plan with { TrainingMetrics = true });

    /// <summary>Sets the seed of drawn initial weights, shuffles and dropouts. Default: 0.</summary>
    /// <param name="seed">Any number. Equal seeds give equal bits.</param>
    public Experiment Seed(int seed) => new(_plan with { Seed = seed });

    /// <summary>
    /// Sets the number of epochs, after which a run ends. A stop rule can end it earlier. There is no default: an experiment needs epochs or
    /// <see cref="MaxSteps"/>.
    /// </summary>
    /// <param name="epochs">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public Experiment Epochs(int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        return new(_plan with { Epochs = epochs });
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
    /// <paramref name="patience"/> validations are ignored. This is a rule of the source document, with 20 and 0.001.
    /// </summary>
    /// <param name="patience">At least 1 validation.</param>
    /// <param name="minGain">At least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Experiment StopWithoutGain(int patience, double minGain) => new(_plan.With(StopRule.NewStagnation(patience, minGain)));

    /// <summary>
    /// Ends a run if <paramref name="patience"/> validations came after the one with the smallest loss. Of equal losses, the first counts.
    /// </summary>
    /// <param name="patience">At least 1 validation.</param>
    /// <exception cref="ArgumentOutOfRangeException">The patience is below 1.</exception>
    public Experiment EarlyStopping(int patience) => new(_plan.With(StopRule.NewEarlyStopping(patience)));

    /// <summary>Ends a run at the first validation whose accuracy is at least <paramref name="accuracy"/>.</summary>
    /// <param name="accuracy">In (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">The accuracy is out of its range.</exception>
    public Experiment StopAt(double accuracy) => new(_plan.With(StopRule.NewReachedAccuracy(accuracy)));

    /// <summary>Ends a run at the first validation whose loss is at most <paramref name="loss"/>.</summary>
    /// <param name="loss">Above 0 and finite.</param>
    /// <exception cref="ArgumentOutOfRangeException">The loss is out of its range.</exception>
    public Experiment StopAtLoss(double loss) => new(_plan.With(StopRule.NewReachedLoss(loss)));

    /// <summary>
    /// Ends a run when, after more than <paramref name="hold"/> validations, the last <paramref name="hold"/> accuracies were all above
    /// <paramref name="target"/>. This is a rule of the source document, with 0.91 and 20.
    /// </summary>
    /// <param name="target">In [0, 1].</param>
    /// <param name="hold">At least 1 validation.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Experiment StopAtTarget(double target, int hold) => new(_plan.With(StopRule.NewTarget(target, hold)));

    /// <summary>
    /// Returns a study with this experiment as its task: settings are tuned with equal budgets, then compared with fresh seeds. See
    /// <see cref="CuteDl.Study"/>.
    /// </summary>
    /// <param name="name">The study's name, and the task's.</param>
    /// <param name="epochs">The budget of a trial in epochs, at least 1.</param>
    /// <param name="accuracy">The target: the smallest validation accuracy that meets it, in (0, 1].</param>
    /// <param name="loss">The target instead of an accuracy: the largest validation loss that meets it, above 0.</param>
    /// <exception cref="ArgumentException">A value is not allowed, or the initial weights are given ones.</exception>
    public Study Study(string name, int epochs, double? accuracy = null, double? loss = null) =>
        CuteDl.Study.Named(name).Task(name, this, epochs, accuracy, loss: loss);

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
    /// <param name="cancellationToken">Ends the sweep within one batch; its end is then <see cref="LearningRateSweepEnd.Cancelled"/>.</param>
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
    /// <exception cref="InvalidOperationException">The experiment has no number of epochs and no limit of steps.</exception>
    public async Task<RunResult> RunAsync(string? folder = null, IProgress<StudyProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var run = new NamedRun(_plan.Name ?? _plan.Optimizer.ToString(), _plan.Optimizer);
        var result = await Compare([run]).RunAsync(folder, null, progress, cancellationToken).ConfigureAwait(false);
        return result.Runs is [var only] ? only : _plan.NotBegun(run);
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
