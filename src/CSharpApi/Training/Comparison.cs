using CuteDl.Studies;

namespace CuteDl;

/// <summary>
/// Several runs of one experiment, each with its optimizer and all else equal, as an immutable value. Started by
/// <see cref="Experiment.Compare(Optimizer[])"/>. It is carried out as a study with the protocol <c>runs</c>: see <see cref="ToStudy"/>.
/// </summary>
public sealed class Comparison
{
    private readonly ExperimentPlan _experiment;
    private readonly IReadOnlyList<NamedRun> _runs;
    private readonly int? _seeds;

    internal Comparison(ExperimentPlan experiment, IReadOnlyList<NamedRun> runs)
        : this(experiment, runs, null)
    {
        if (runs.Count == 0)
        {
            throw new ArgumentException("A comparison needs at least one optimizer.", nameof(runs));
        }

        if (runs.Any(run => string.IsNullOrWhiteSpace(run.Name)))
        {
            throw new ArgumentException("The name of a run is empty. Give each run a name.", nameof(runs));
        }

        var twice = runs.GroupBy(run => run.Name).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw new ArgumentException($"The run '{twice.Key}' is given twice. Give each run once.", nameof(runs));
        }
    }

    private Comparison(ExperimentPlan experiment, IReadOnlyList<NamedRun> runs, int? seeds)
    {
        _experiment = experiment;
        _runs = runs;
        _seeds = seeds;
    }

    /// <summary>
    /// Repeats every run with the seeds 0 to <paramref name="count"/> − 1, instead of the experiment's seed. Default: the experiment's seed
    /// alone.
    /// </summary>
    /// <param name="count">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public Comparison Seeds(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new Comparison(_experiment, _runs, count);
    }

    /// <summary>The names of the runs, in their order.</summary>
    public IReadOnlyList<string> RunNames => [.. _runs.Select(run => run.Name)];

    /// <summary>
    /// Returns the study that carries it out: one task, an optimizer for each run, and the protocol <c>runs</c>. <see cref="Study.ToJson"/>
    /// gives its study file. Reads the data.
    /// </summary>
    /// <exception cref="ArgumentException">There are several seeds, and no run depends on its seed.</exception>
    public Study ToStudy() =>
        _seeds > 1 && !_experiment.DependsOnSeed
            ? throw new ArgumentException("Every seed would give the same run. Use random initial weights, a shuffled order or a dropout, or a single seed.")
            : new Study(_experiment.Study(_runs, _seeds is { } count ? Enumerable.Range(0, count) : [_experiment.Seed]));

    /// <summary>
    /// Trains all runs, in a folder from which <see cref="ResumeAsync"/> continues after an interruption, or in memory. A run that diverges,
    /// or whose rule throws an exception, ends alone. A cancelled run keeps its validations; runs that had not begun are <see cref="ComparisonResult.Missing"/>.
    /// </summary>
    /// <param name="folder">The folder, new or empty; null: in memory.</param>
    /// <param name="options">How; no option changes the results.</param>
    /// <param name="progress">Receives reports, from the threads that train.</param>
    /// <param name="cancellationToken">Ends the runs within one batch each, and saves them.</param>
    /// <returns>The results, ordered by run and then seed.</returns>
    /// <exception cref="ArgumentException">Model, data, initial weights and optimizers do not fit each other, or the seeds change nothing.</exception>
    /// <exception cref="StudyException">The folder already holds results, or a file could not be written.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public async Task<ComparisonResult> RunAsync(
        string? folder = null, StudyOptions? options = null, IProgress<StudyProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Runs(await ToStudy().RunAsync(folder, options, progress, cancellationToken).ConfigureAwait(false));

    /// <summary>Continues a comparison that was interrupted. Finished runs are not trained again.</summary>
    /// <param name="folder">The folder that <see cref="RunAsync"/> was given.</param>
    /// <param name="comparison">The comparison, if its optimizers exist only in a program; null: as the folder has it.</param>
    /// <param name="options">How; no option changes the results.</param>
    /// <param name="progress">Receives reports, from the threads that train.</param>
    /// <param name="registry">The rules and schedules that the folder can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <param name="cancellationToken">Ends the runs within one batch each, and saves them.</param>
    /// <returns>The results, the same as without the interruption.</returns>
    /// <exception cref="StudyException">The folder holds no comparison, another one, or one with other data or of another version.</exception>
    /// <exception cref="Core.Data.DataFormatException">The journal is damaged, other than by an unfinished last record.</exception>
    /// <exception cref="IOException">The folder cannot be written, or another process uses it.</exception>
    public static async Task<ComparisonResult> ResumeAsync(
        string folder,
        Comparison? comparison = null,
        StudyOptions? options = null,
        IProgress<StudyProgress>? progress = null,
        KindRegistry? registry = null,
        CancellationToken cancellationToken = default) =>
        Runs(await Study.ResumeAsync(folder, comparison?.ToStudy(), options, progress, registry, cancellationToken).ConfigureAwait(false));

    /// <summary>One line: the names of the runs, the number of seeds, and the experiment.</summary>
    public override string ToString() =>
        $"{Short.List(RunNames)}{(_seeds is { } seeds ? $", {seeds} seeds" : "")}, on {_experiment.Task}";

    private static ComparisonResult Runs(StudyResult result) =>
        result.Comparison ?? throw new StudyException($"'{result.Folder}' holds a study, not a comparison. Resume it with Study.ResumeAsync.");
}
