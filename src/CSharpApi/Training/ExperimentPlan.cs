using System.Collections.Immutable;
using System.Numerics;
using CuteDl.Core.Networks;
using CuteDl.Core.Optimizers;
using CuteDl.Core.Training;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>What an <see cref="Experiment"/> was told, and carrying it out.</summary>
internal sealed record ExperimentPlan
{
    public ImmutableList<Layer> Layers { get; init; } = [];

    public Loss Loss { get; init; } = Loss.SoftmaxCrossEntropy;

    public Optimizer Optimizer { get; init; } = Optimizers.Fixed();

    public string? Name { get; init; }

    public ImageData? Data { get; init; }

    public InitialWeights? InitialWeights { get; init; }

    public Precision Precision { get; init; } = Precision.Single;

    /// <summary>Null if the experiment does not set an order: a study then uses its own default.</summary>
    public Order? GivenOrder { get; init; }

    public Order Order => GivenOrder ?? Order.File;

    public int Batch { get; init; } = 64;

    public ValidationMean ValidationMean { get; init; } = ValidationMean.Examples;

    public int? Seed { get; init; }

    public int MaxEpochs { get; init; } = 5000;

    public long? MaxSteps { get; init; }

    public int? ValidateEvery { get; init; }

    public int Patience { get; init; } = 20;

    public double MinGain { get; init; } = 0.001;

    public double Target { get; init; } = 0.91;

    public int Hold { get; init; } = 20;

    /// <summary>Model, data and batch in one line, for readers; a model that is not finished yet is described as far as it goes.</summary>
    public string Task
    {
        get
        {
            var inputs = Data?.Pixels ?? ImageData.MnistPixels;
            return $"{string.Join('-', Layers.Select(layer => layer.ToString()).Prepend($"{inputs}"))} {Loss} on {Data?.Name ?? "mnist"}, batch {Batch}";
        }
    }

    /// <summary>
    /// The plan with its data and weights settled. What would fail in every run of it fails here, before the first begins.
    /// </summary>
    public PreparedExperiment Prepare()
    {
        var data = Data ?? Mnist.Load();
        var model = ModelModule.create(data.Pixels, ListModule.OfSeq(Layers), Loss);
        if (model.Outputs < data.Classes)
        {
            throw new ArgumentException($"The data have {data.Classes} classes, but the last layer has {model.Outputs} units. It needs at least {data.Classes}.");
        }

        // Weights from a file are read once for all runs. Misfits are errors now, and a change of the file during the runs has no effect.
        var weights = InitialWeights ?? InitialWeights.Normal();
        return new PreparedExperiment(this with { Data = data, InitialWeights = weights }, data, model, weights.IsRandom ? null : weights.Make(model, 0));
    }
}

/// <summary>An experiment ready to run, under any optimizer and seed.</summary>
internal sealed class PreparedExperiment
{
    private readonly ExperimentPlan _plan;
    private readonly ImageData _data;
    private readonly Model _model;
    private readonly double[]? _givenWeights;

    public PreparedExperiment(ExperimentPlan plan, ImageData data, Model model, double[]? givenWeights)
    {
        _plan = plan;
        _data = data;
        _model = model;
        _givenWeights = givenWeights;
    }

    public ImageData Data => _data;

    /// <summary>Whether anything in a run depends on its seed.</summary>
    public bool DependsOnSeed =>
        Weights.IsRandom || _plan.Order == Order.Shuffle || _plan.Layers.Any(layer => layer is Layer.Dropout { rate: > 0 });

    private int Seed => _plan.Seed ?? 0;

    private string RunName => _plan.Name ?? _plan.Optimizer.ToString();

    private InitialWeights Weights => _plan.InitialWeights!;

    /// <summary>Throws if an optimizer does not fit the model's tensors or the length of the runs.</summary>
    /// <exception cref="ArgumentException">
    /// A group has no tensor, a tensor has no group or another shape than its rule takes, or numbers and shares of a schedule do not fit each other.
    /// </exception>
    public void Check(Optimizer optimizer) => Check(optimizer, TrainingOptionsModule.lastStep(_data.TrainingCount, Options));

    public PreparedExperiment With(NamedRun run, int? seed) =>
        new(_plan with { Optimizer = run.Optimizer, Name = run.Name, Seed = seed ?? _plan.Seed }, _data, _model, _givenWeights);

    public RunResult Run(IProgress<RunProgress>? progress, CancellationToken cancellationToken)
    {
        var initial = _givenWeights ?? Weights.Make(_model, Seed);
        return _plan.Precision == Precision.Single
            ? Train(Array.ConvertAll(initial, value => (float)value), progress, cancellationToken)
            : Train(initial, progress, cancellationToken);
    }

    public LearningRateSweep FindLearningRate(LearningRateSweepOptions options, CancellationToken cancellationToken)
    {
        Check(_plan.Optimizer, options.Steps);
        var initial = _givenWeights ?? Weights.Make(_model, Seed);
        var sweep = _plan.Precision == Precision.Single
            ? Sweep(Array.ConvertAll(initial, value => (float)value), options, cancellationToken)
            : Sweep(initial, options, cancellationToken);
        return LearningRateSweep.Of(sweep, _plan.Optimizer, options, _model.ToString(), Seed);
    }

    private void Check(Optimizer optimizer, long steps) =>
        OptimizerModule.check(OptimizerModule.forRun(steps, optimizer.Core), Layout.Of(ModelModule.parameters(_model)));

    private RateSweep Sweep<T>(T[] initial, LearningRateSweepOptions options, CancellationToken cancellationToken)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var classifier = new Classifier<T>(_model, _data.Core, _plan.Batch, Translate.Order(_plan.Order), Seed, Translate.ValidationMean(_plan.ValidationMean));
        return RateFinder.sweep(options.Core, classifier, _plan.Optimizer.Core, initial, cancellationToken);
    }

    private RunResult Train<T>(T[] initial, IProgress<RunProgress>? progress, CancellationToken cancellationToken)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var observer = FuncConvert.FromAction((TrainingProgress now) => progress?.Report(Describe(now)));
        var trained = Trainer.train(_model, _plan.Optimizer.Core, Options, _data.Core, initial, observer, cancellationToken);
        var result = new RunResult
        {
            Run = RunName,
            Optimizer = _plan.Optimizer.ToString(),
            Seed = Seed,
            Precision = _plan.Precision,
            Model = _model.ToString(),
            Settings = Settings,
            Steps = trained.Steps,
            Stop = Translate.StopReason(trained.Stop),
            History = Translate.History(trained.History),
            DeadLogits = [.. trained.Logits.Dead],
            AlmostDeadLogits = [.. trained.Logits.AlmostDead],
            AccuracyCeiling = trained.Logits.AccuracyCeiling,
            Seconds = Math.Round(trained.Elapsed.TotalSeconds, 3),
            Environment = RunEnvironment.Current,
        };

        progress?.Report(Describe(result));
        return result;
    }

    private TrainingOptions Options =>
        new(
            batchSize: _plan.Batch,
            order: Translate.Order(_plan.Order),
            seed: Seed,
            maxEpochs: _plan.MaxEpochs,
            maxSteps: _plan.MaxSteps is { } steps ? FSharpOption<long>.Some(steps) : FSharpOption<long>.None,
            validateEvery: _plan.ValidateEvery is { } every ? FSharpOption<int>.Some(every) : FSharpOption<int>.None,
            stopRules: ListModule.OfSeq(
                [StopRule.NewStagnation(_plan.Patience, _plan.MinGain), StopRule.NewTarget(_plan.Target, _plan.Hold)]),
            validationMean: Translate.ValidationMean(_plan.ValidationMean));

    private RunSettings Settings =>
        new()
        {
            Data = _data.Name,
            DataChecksum = _data.Checksum,
            ValidationMean = _plan.ValidationMean,
            Batch = _plan.Batch,
            Order = _plan.Order,
            InitialWeights = Weights.Name,
            MaxEpochs = _plan.MaxEpochs,
            MaxSteps = _plan.MaxSteps,
            ValidateEvery = _plan.ValidateEvery,
            Patience = _plan.Patience,
            MinGain = _plan.MinGain,
            Target = _plan.Target,
            Hold = _plan.Hold,
        };

    private RunProgress Describe(TrainingProgress now) =>
        new()
        {
            Run = RunName,
            Seed = Seed,
            Step = now.Step,
            Epoch = Epochs(now.Step),
            Validations = now.Validations,
            ValLoss = now.Newest.IsSome ? now.Newest.Value.Loss : null,
            ValAccuracy = now.Newest.IsSome ? now.Newest.Value.Accuracy : null,
            Elapsed = now.Elapsed,
        };

    private RunProgress Describe(RunResult result) =>
        new()
        {
            Run = result.Run,
            Seed = result.Seed,
            Step = result.Steps,
            Epoch = Epochs(result.Steps),
            Validations = result.History.Count,
            ValLoss = result.History.Count > 0 ? result.History.ValLoss[^1] : null,
            ValAccuracy = result.History.Count > 0 ? result.History.ValAccuracy[^1] : null,
            Elapsed = TimeSpan.FromSeconds(result.Seconds),
            Result = result,
        };

    private double Epochs(long step) => step / Math.Ceiling(_data.TrainingCount / (double)_plan.Batch);
}
