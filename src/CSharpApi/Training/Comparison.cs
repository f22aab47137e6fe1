using System.Text.Json.Serialization;
using CuteDl.Core.Optimizers;
using CuteDl.Studies;

namespace CuteDl;

/// <summary>
/// One experiment under several optimizers and seeds, as an immutable value. Begun by
/// <see cref="Experiment.Compare(Optimizer[])"/>.
/// </summary>
public sealed class Comparison
{
    private readonly ExperimentPlan _experiment;
    private readonly IReadOnlyList<NamedRun> _runs;
    private readonly int? _seeds;
    private readonly int _parallel;

    internal Comparison(ExperimentPlan experiment, IReadOnlyList<NamedRun> runs)
        : this(experiment, runs, null, Environment.ProcessorCount)
    {
        if (runs.Count == 0)
        {
            throw new ArgumentException("A comparison needs at least one optimizer.", nameof(runs));
        }

        var twice = runs.GroupBy(run => run.Name).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw new ArgumentException($"The run '{twice.Key}' is given twice. Give each run once.", nameof(runs));
        }
    }

    private Comparison(ExperimentPlan experiment, IReadOnlyList<NamedRun> runs, int? seeds, int parallel)
    {
        _experiment = experiment;
        _runs = runs;
        _seeds = seeds;
        _parallel = parallel;
    }

    /// <summary>
    /// Repeats every run with the seeds 0 to <paramref name="count"/> − 1, in place of the experiment's. Default: the experiment's
    /// seed alone.
    /// </summary>
    /// <param name="count">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public Comparison Seeds(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new Comparison(_experiment, _runs, count, _parallel);
    }

    /// <summary>How many runs go on at the same time. Default: one for each processor. No result depends on it.</summary>
    /// <param name="count">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public Comparison Parallel(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new Comparison(_experiment, _runs, _seeds, count);
    }

    /// <summary>The runs' names, in their order.</summary>
    public IReadOnlyList<string> RunNames => [.. _runs.Select(run => run.Name)];

    /// <summary>How many runs there are in all, seeds counted.</summary>
    public int RunCount => _runs.Count * (_seeds ?? 1);

    /// <summary>Reads data and initial weights now, so that what is wrong with them, or with the model, is known before the first run.</summary>
    /// <returns>The same comparison, with its data in memory.</returns>
    /// <exception cref="ArgumentException">
    /// The model does not end in a dense layer of enough units; an optimizer's groups or rules do not fit its tensors; or several seeds are asked for, and nothing depends on the seed.
    /// </exception>
    /// <exception cref="InitialWeightsException">Given initial weights do not fit the model.</exception>
    public Comparison Prepare() => new(_experiment with { Data = PrepareExperiment().Data }, _runs, _seeds, _parallel);

    /// <summary>
    /// Trains all runs. A run that diverges, or is cancelled, keeps its history and leaves the others alone; a run that is
    /// cancelled before it began gives no result. A run that fails (too large for the memory, say) is named among the failures.
    /// </summary>
    /// <param name="progress">Told where each run is, from the threads that train; each run's last report has its result.</param>
    /// <param name="cancellationToken">Ends the runs under way within one batch each, and begins no other.</param>
    /// <returns>The results there are, by run and then seed.</returns>
    /// <exception cref="ArgumentException">As <see cref="Prepare"/>.</exception>
    /// <exception cref="InitialWeightsException">Given initial weights do not fit the model.</exception>
    public Task<ComparisonResult> RunAsync(IProgress<RunProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Run(progress, cancellationToken), CancellationToken.None);

    /// <summary>One line: the experiment, the names of the runs and the number of seeds.</summary>
    public override string ToString() =>
        $"{Short.List(RunNames)}{(_seeds is { } seeds ? $", {seeds} seeds" : "")}, on {_experiment.Task}";

    private ComparisonResult Run(IProgress<RunProgress>? progress, CancellationToken cancellationToken)
    {
        var prepared = PrepareExperiment();
        IEnumerable<int?> seeds = _seeds is { } count ? Enumerable.Range(0, count).Select(seed => (int?)seed) : [null];
        var runs = _runs.SelectMany(run => seeds.Select(seed => (Run: run, Seed: seed))).ToArray();
        var results = new RunResult?[runs.Length];
        var failures = new RunFailure?[runs.Length];

        // Each worker has its own thread, because runs last long without waiting. A free worker takes the next run.
        var next = -1;
        var workers = Enumerable.Range(0, Math.Min(_parallel, runs.Length)).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var i = Interlocked.Increment(ref next); i < runs.Length; i = Interlocked.Increment(ref next))
                {
                    if (cancellationToken.IsCancellationRequested)
                    {
                        return;
                    }

                    var (run, seed) = runs[i];
                    try
                    {
                        results[i] = prepared.With(run, seed).Run(progress, cancellationToken);
                    }
#pragma warning disable CA1031 // A failure of one run must not lose the results of the others.
                    catch (Exception error)
#pragma warning restore CA1031
                    {
                        failures[i] = new RunFailure(run.Name, seed ?? 0, Refusal.sentence(error));
                    }
                }
            },
            TaskCreationOptions.LongRunning));

        Task.WaitAll([.. workers]);
        return new ComparisonResult { Planned = runs.Length, Runs = [.. results.OfType<RunResult>()], Failures = [.. failures.OfType<RunFailure>()] };
    }

    private PreparedExperiment PrepareExperiment()
    {
        var prepared = _experiment.Prepare();
        foreach (var run in _runs)
        {
            prepared.Check(run.Optimizer);
        }

        if (_seeds > 1 && !prepared.DependsOnSeed)
        {
            throw new ArgumentException("Every seed would give the same run. Use random initial weights, a shuffled order or a dropout, or a single seed.");
        }

        return prepared;
    }
}

/// <summary>What came of a comparison.</summary>
public sealed record ComparisonResult
{
    /// <summary>The format of this record.</summary>
    public const string CurrentSchema = "cutedl/comparison/1";

    /// <summary>The format: <see cref="CurrentSchema"/>.</summary>
    [JsonPropertyName("schema")]
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The results, by run and then seed.</summary>
    [JsonPropertyName("runs")]
    public required IReadOnlyList<RunResult> Runs { get; init => field = ValueList.Of(value); }

    /// <summary>How many runs were asked for, seeds counted; more than there are results if some failed or were not begun.</summary>
    [JsonPropertyName("planned")]
    public int Planned { get; init; }

    /// <summary>The runs that failed, which have no result.</summary>
    [JsonPropertyName("failures")]
    public IReadOnlyList<RunFailure> Failures { get; init => field = ValueList.Of(value); } = new ValueList<RunFailure>([]);

    /// <summary>Writes the record as JSON, with names in snake_case. NaN and infinities are strings.</summary>
    public string ToJson() => Json.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote. The result equals the record that was written.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="System.Text.Json.JsonException">The text is not such a record.</exception>
    public static ComparisonResult FromJson(string json) => Json.ReadComparison(json);

    /// <summary>One line: <c>8 of 8 runs: fixed-0.01, momentum, ...</c>.</summary>
    public override string ToString()
    {
        var failures = Failures.Count > 0 ? $", {Failures.Count} failed" : "";
        return $"{Runs.Count} of {Math.Max(Planned, Runs.Count)} runs{failures}: {Short.List(Runs.Select(run => run.Run).Distinct())}";
    }
}

/// <summary>A run that ended without a result.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Message">What happened.</param>
public sealed record RunFailure(
    [property: JsonPropertyName("run")] string Run,
    [property: JsonPropertyName("seed")] int Seed,
    [property: JsonPropertyName("message")] string Message);
