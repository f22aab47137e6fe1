using System.Collections.Immutable;
using System.Numerics;
using CuteDl.Core.Data;
using CuteDl.Core.Networks;
using CuteDl.Core.Optimizers;
using CuteDl.Core.Training;
using CuteDl.Studies;
using Microsoft.FSharp.Collections;
using CoreLoss = CuteDl.Core.Networks.Loss;

namespace CuteDl;

/// <summary>The settings of an <see cref="Experiment"/>, and the studies that they describe.</summary>
internal sealed record ExperimentPlan
{
    public ImmutableList<Layer> Layers { get; init; } = [];

    public CoreLoss Loss { get; init; } = CoreLoss.SoftmaxCrossEntropy;

    public Optimizer Optimizer { get; init; } = Optimizers.Fixed();

    public string? Name { get; init; }

    public ImageData? GivenData { get; init; }

    public ImageData Data => GivenData ?? Mnist.Load();

    /// <summary>Null if the experiment does not set them: a study then uses its own default.</summary>
    public InitialWeights? GivenWeights { get; init; }

    public InitialWeights InitialWeights => GivenWeights ?? InitialWeights.Normal();

    public Precision Precision { get; init; } = Precision.Single;

    /// <summary>Null if the experiment does not set an order: a study then uses its own default.</summary>
    public Order? GivenOrder { get; init; }

    public Order Order => GivenOrder ?? Order.File;

    public int Batch { get; init; } = StudyDefaults.Batch;

    public ValidationMean ValidationMean { get; init; } = ValidationMean.Examples;

    public int Seed { get; init; }

    public int MaxEpochs { get; init; } = 5000;

    public long? MaxSteps { get; init; }

    public int? ValidateEvery { get; init; }

    public StopRule.Stagnation Stagnation { get; init; } = (StopRule.Stagnation)StopRule.NewStagnation(20, 0.001);

    public StopRule.Target Target { get; init; } = (StopRule.Target)StopRule.NewTarget(0.91, 20);

    /// <summary>Model, data and batch in one line. A model that is not finished yet is described as far as it goes.</summary>
    public string Task =>
        $"{ModelText.Of(GivenData?.Core.Training.Shape ?? ImageData.MnistShape, Layers, Loss)} on {GivenData?.Name ?? "mnist"}, batch {Batch}";

    /// <summary>True if anything in a run depends on its seed.</summary>
    public bool DependsOnSeed =>
        InitialWeights.IsRandom || Order == Order.Shuffle || Layers.Any(layer => layer.IsRandom);

    /// <summary>Returns the study that trains each run with each seed.</summary>
    public StudyDesign Study(IReadOnlyList<NamedRun> runs, IEnumerable<int> seeds)
    {
        var names = FileNames.Distinct(runs.Select(run => run.Name));
        var contenders = runs.Select(run => new Contender(names[run.Name], run.Name, run.Optimizer.Core, ListModule.Empty<Tuple<string, Space>>()));
        var rules = ListModule.OfSeq<StopRule>([Stagnation, Target]);
        return new StudyDesign(
            $"{Short.List(runs.Select(run => run.Name))} on {DataName}",
            ListModule.OfSeq([StudyTask()]),
            ListModule.OfSeq(contenders),
            RunsProtocol.make(ListModule.OfSeq(seeds), rules),
            Metric.Defaults);
    }

    /// <summary>Returns the problem of a study's task.</summary>
    public ImagesProblem Problem(Split split, StartingWeights weights, Core.Data.Order order) =>
        new(Data.Source, split, ListModule.OfSeq(Layers), Loss, weights, Batch, order, Translate.ValidationMean(ValidationMean));

    public LearningRateSweep FindLearningRate(LearningRateSweepOptions options, CancellationToken cancellationToken)
    {
        IProblem problem = Problem();
        var prepared = problem.Prepare(DataName, new(_ => Data.Core));
        OptimizerModule.check(OptimizerModule.forRun(options.Steps, Optimizer.Core), prepared.Layout);
        var sweep = Precision == Precision.Single
            ? Sweep(prepared.Start<float>(Seed), options, cancellationToken)
            : Sweep(prepared.Start<double>(Seed), options, cancellationToken);
        return LearningRateSweep.Of(sweep, Optimizer, options, ModelText.Of(Data.Core.Training.Shape, Layers, Loss), Seed);
    }

    private string DataName => Path.GetFileName(Data.Name);

    private ImagesProblem Problem() => Problem(Split.TestAsValidation, InitialWeights.Core, Translate.Order(Order));

    private StudyTask StudyTask()
    {
        var epoch = Batches.count(Data.TrainingCount, Batch);
        var steps = Math.Min(MaxSteps ?? long.MaxValue, (long)MaxEpochs * epoch);
        return new(
            FileNames.Safe(DataName),
            Problem(),
            Translate.Precision(Precision),
            steps,
            (int)Math.Min(ValidateEvery ?? epoch, steps),
            // The target of a task is above 0.
            CuteDl.Studies.Target.NewAccuracy(Math.Max(Target.accuracy, double.Epsilon)));
    }

    private RateSweep Sweep<T>(IProblemInstance<T> problem, LearningRateSweepOptions options, CancellationToken cancellationToken)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        RateFinder.sweep(options.Core, problem.Workload, Optimizer.Core, problem.Initial, cancellationToken);
}
