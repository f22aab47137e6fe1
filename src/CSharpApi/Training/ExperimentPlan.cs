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
    public required DataSet Data { get; init; }

    public ImmutableList<Layer> Layers { get; init; } = [];

    /// <summary>Null if the experiment does not set it: the targets then decide.</summary>
    public CoreLoss? GivenLoss { get; init; }

    public CoreLoss Loss => GivenLoss ?? (Data.Classes > 0 ? CoreLoss.SoftmaxCrossEntropy : CoreLoss.MeanSquaredError);

    public Optimizer Optimizer { get; init; } = Optimizers.Adam(0.001, beta2: 0.999);

    public string? Name { get; init; }

    /// <summary>True to validate on the test part, as the source document does.</summary>
    public bool ValidatesOnTest { get; init; }

    public InitialWeights InitialWeights { get; init; } = InitialWeights.He;

    public Precision Precision { get; init; } = Precision.Single;

    public Order Order { get; init; } = Order.Shuffle;

    public int Batch { get; init; } = StudyDefaults.Batch;

    public ValidationMean ValidationMean { get; init; } = ValidationMean.Examples;

    /// <summary>True if validations score the training examples, too.</summary>
    public bool TrainingMetrics { get; init; }

    public int Seed { get; init; }

    public int? Epochs { get; init; }

    public long? MaxSteps { get; init; }

    public int? ValidateEvery { get; init; }

    /// <summary>The rules that end a run, each kind at most once, in the order in which they are evaluated.</summary>
    public ImmutableList<StopRule> StopRules { get; init; } = [];

    /// <summary>The document's rules and defaults, without layers.</summary>
    public static ExperimentPlan Documented() =>
        new()
        {
            Data = DataSet.LoadMnist(),
            ValidatesOnTest = true,
            GivenLoss = CoreLoss.SoftmaxCrossEntropy,
            Optimizer = Optimizers.Fixed(),
            InitialWeights = InitialWeights.Normal(),
            Order = Order.File,
            Epochs = 5000,
            StopRules = [.. StopRuleModule.document],
        };

    /// <summary>Returns a plan with one more stop rule, in place of one of the same kind.</summary>
    public ExperimentPlan With(StopRule rule)
    {
        StopRuleModule.validate(rule);
        var index = StopRules.FindIndex(known => known.Tag == rule.Tag);
        return this with { StopRules = index < 0 ? StopRules.Add(rule) : StopRules.SetItem(index, rule) };
    }

    /// <summary>The division of the data.</summary>
    public Split Split =>
        ValidatesOnTest ? Split.TestAsValidation
        : Data.ValidationCount > 0 ? Split.GivenValidation
        : Split.NewHoldOut(StudyDefaults.heldOut(Data.TrainingCount), 0);

    /// <summary>Model, data and batch in one line. A model that is not finished yet is described as far as it goes.</summary>
    public string Task =>
        $"{ModelText.Of(DataSet.ShapeOf(Data.Source) ?? Data.Core.Training.Shape, Layers, Loss)} on {Data.Name}, batch {Batch}";

    /// <summary>True if anything in a run depends on its seed.</summary>
    public bool DependsOnSeed =>
        InitialWeights.IsRandom || Order == Order.Shuffle || Layers.Any(layer => layer.IsRandom);

    /// <summary>Returns the study that trains each run with each seed.</summary>
    public StudyDesign Study(IReadOnlyList<NamedRun> runs, IEnumerable<int> seeds)
    {
        var names = FileNames.Distinct(runs.Select(run => run.Name));
        var contenders = runs.Select(run => new Contender(names[run.Name], run.Name, run.Optimizer.Core, ListModule.Empty<Tuple<string, Space>>()));
        return new StudyDesign(
            $"{Short.List(runs.Select(run => run.Name))} on {DataName}",
            ListModule.OfSeq([StudyTask()]),
            ListModule.OfSeq(contenders),
            RunsProtocol.make(ListModule.OfSeq(seeds), ListModule.OfSeq(StopRules)),
            Metric.Defaults);
    }

    /// <summary>Returns the result of a run that was cancelled before its first step.</summary>
    public RunResult NotBegun(NamedRun run)
    {
        var study = Study([run], [Seed]);
        var (task, problem) = (study.Tasks.Head, Problem());
        var trial = new Trial(Phase.Run, task.Name, study.Contenders.Head.Name, 0, Seed, run.Optimizer.ToString(), []);
        var result = TrialResult.OfInterruption(trial, task, 0, Curve.Empty);
        return RunResult.Of(run.Name, result, task, problem, RunSettings.Of(task, problem, StopRules), RunEnvironment.Current.Version, null, null);
    }

    /// <summary>Returns the problem of a study's task.</summary>
    public DataSetProblem Problem(Split split, StartingWeights weights, Core.Data.Order order) =>
        new(Data.Source, split, ListModule.OfSeq(Layers), Loss, weights, Batch, order, Translate.ValidationMean(ValidationMean), TrainingMetrics);

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

    private DataSetProblem Problem() => Problem(Split, InitialWeights.Core, Translate.Order(Order));

    private StudyTask StudyTask()
    {
        if (Epochs is null && MaxSteps is null)
        {
            throw new InvalidOperationException("The experiment does not say how long to train. Set its epochs, such as Epochs(20), or its steps, such as MaxSteps(1000).");
        }

        var trained = Split is Split.HoldOut held ? Data.TrainingCount - held.validation : Data.TrainingCount;
        var epoch = Batches.count(Math.Max(1, trained), Batch);
        var steps = Math.Min(MaxSteps ?? long.MaxValue, Epochs is { } epochs ? (long)epochs * epoch : long.MaxValue);
        return new(
            FileNames.Safe(DataName),
            Problem(),
            Translate.Precision(Precision),
            steps,
            (int)Math.Min(ValidateEvery ?? epoch, steps),
            Target());
    }

    /// <summary>
    /// The target of the task: that of a stop rule, or else the best score that there can be. No result of a run depends on it, but a task must
    /// have one above 0.
    /// </summary>
    private Target Target()
    {
        foreach (var rule in StopRules)
        {
            switch (rule)
            {
                case StopRule.Target held when Data.Classes > 0:
                    return CuteDl.Studies.Target.NewAccuracy(Math.Max(held.accuracy, double.Epsilon));
                case StopRule.ReachedAccuracy reached when Data.Classes > 0:
                    return CuteDl.Studies.Target.NewAccuracy(reached.accuracy);
                case StopRule.ReachedLoss reached:
                    return CuteDl.Studies.Target.NewLoss(reached.loss);
            }
        }

        return Data.Classes > 0 ? CuteDl.Studies.Target.NewAccuracy(1) : CuteDl.Studies.Target.NewLoss(double.Epsilon);
    }

    private RateSweep Sweep<T>(IProblemInstance<T> problem, LearningRateSweepOptions options, CancellationToken cancellationToken)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        RateFinder.sweep(options.Core, problem.Workload, Optimizer.Core, problem.Initial, cancellationToken);
}
