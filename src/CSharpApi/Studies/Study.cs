using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using CuteDl.Core.Data;
using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>
/// A question to optimizers and how it is to be answered: tasks, optimizers with the spaces of their hyper-parameters, budgets, seeds and a
/// protocol, as an immutable value. From a file (<see cref="Load"/>), or from an <see cref="CuteDl.Experiment"/>
/// (<see cref="Experiment.Study"/>); every call that changes something gives a new one. Everything in its results but the seconds
/// follows from it.
/// </summary>
public sealed partial class Study
{
    private readonly PreparedTrials? _prepared;

    internal Study(StudyDesign core, PreparedTrials? prepared = null)
    {
        Core = core;
        _prepared = prepared;
    }

    internal StudyDesign Core { get; }

    /// <summary>Its name.</summary>
    public string Name => Core.Name;

    /// <summary>The names of its tasks, in order.</summary>
    public IReadOnlyList<string> TaskNames => [.. Core.Tasks.Select(task => task.Name)];

    /// <summary>The names of its optimizers, in order.</summary>
    public IReadOnlyList<string> OptimizerNames => [.. Core.Contenders.Select(contender => contender.Name)];

    /// <summary>Returns what readers see of an optimizer: its label, which is its name by default.</summary>
    /// <param name="optimizer">One of <see cref="OptimizerNames"/>, such as the contender of a trial.</param>
    /// <exception cref="ArgumentException">The study has no such optimizer.</exception>
    public string LabelOf(string optimizer) =>
        Core.Contenders.FirstOrDefault(contender => contender.Name == optimizer)?.Label
            ?? throw new ArgumentException($"The study has no optimizer named '{optimizer}'. Its optimizers are {string.Join(", ", OptimizerNames)}.", nameof(optimizer));

    /// <summary>A study file to begin with, with comments.</summary>
    public static string Example => StudyJson.example;

    /// <summary>The JSON schema of study files, for editors and validators.</summary>
    public static string Schema => StudyJson.schema;

    /// <summary>The study in a file.</summary>
    /// <param name="path">JSON, in which comments and trailing commas are allowed; <c>docs/study.schema.json</c> describes it. Image folders are relative to it.</param>
    /// <param name="registry">The rules, schedules and problems that the study can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="StudyFileException">It is not a study: all that is wrong, with place and line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Study Load(string path, KindRegistry? registry = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new Study(StudyJson.loadWith(KindRegistry.StudyOf(registry), path));
    }

    /// <summary>The study that a text describes.</summary>
    /// <param name="json">As in a file.</param>
    /// <param name="registry">The rules, schedules and problems that the study can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="StudyFileException">It is not a study: all that is wrong, with place and line.</exception>
    public static Study Parse(string json, KindRegistry? registry = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        var result = StudyJson.parseWith(KindRegistry.StudyOf(registry), json);
        return result.IsOk ? new Study(result.ResultValue) : throw new StudyFileException("The text", result.ErrorValue);
    }

    /// <summary>The study as a file would have it, all defaults written out. Images that a program holds appear under their name only.</summary>
    public string ToJson() => StudyJson.print(Core);

    /// <summary>One line: <c>functions: 3 optimizers on 2 tasks (quadratic, rosenbrock)</c>.</summary>
    public override string ToString()
    {
        var (optimizers, tasks) = (Core.Contenders.Length, Core.Tasks.Length);
        var names = tasks == 0 ? "" : $" ({Short.List(TaskNames)})";
        return $"{Name}: {optimizers} optimizer{(optimizers == 1 ? "" : "s")} on {tasks} task{(tasks == 1 ? "" : "s")}{names}";
    }

    /// <summary>
    /// Finds what is wrong with it before anything is computed; also whether every optimizer fits every task, for which the images of
    /// folders are read.
    /// </summary>
    public IReadOnlyList<Finding> Check() => Lint.check(Core);

    /// <summary>
    /// Returns the power to name a winner, in sentences: how large a difference must be to be found, in standard deviations. The text is empty
    /// for a single optimizer.
    /// </summary>
    /// <param name="untilDecided">True if seeds are added at the interim looks. The power is then that of the last look.</param>
    public string Power(bool untilDecided = false) => StudyPower.sentence(StudyDesignModule.carriedOut(untilDecided, Core));

    /// <summary>
    /// A smaller form of it, to see in a minute whether it asks what was meant: a quarter of the steps, four settings each, at most ten seeds, no defaults.
    /// </summary>
    public Study Quick() => new(CuteDl.Studies.Quick.study(Core));

    /// <summary>
    /// The trials that it needs, as far as it tells itself: spaces that tuning makes longer, and seeds that a look adds, come on top.
    /// </summary>
    /// <param name="untilDecided">Whether seeds are added at its looks: then the first look's are counted.</param>
    /// <exception cref="ArgumentException">A space of it cannot be searched: see <see cref="Check"/>.</exception>
    public int CountTrials(bool untilDecided = false) => StudySize.trials(Core, untilDecided);

    /// <summary>
    /// Reads the data and checks that tasks, optimizers and data fit each other. <see cref="RunAsync"/> does the same before the first step,
    /// and before it creates the folder.
    /// </summary>
    /// <returns>The same study with its data in memory, which <see cref="RunAsync"/> then does not read again.</returns>
    /// <exception cref="ArgumentException">Tasks, optimizers or data do not fit.</exception>
    /// <exception cref="InitialWeightsException">Given initial weights do not fit a model.</exception>
    public Study Prepare() => new(Core, Prepare(Core));

    /// <summary>Carries it out, in a folder in which nothing is lost, or in memory.</summary>
    /// <param name="folder">The folder, new or empty; nothing: in memory.</param>
    /// <param name="options">How; nothing here has a part in the results, but <see cref="StudyOptions.UntilDecided"/>.</param>
    /// <param name="progress">Told of news, from the threads that train.</param>
    /// <param name="cancellationToken">Ends it within one batch; what is under way is saved, and <see cref="ResumeAsync"/> goes on from there.</param>
    /// <returns>What came of it, all or as far as it went.</returns>
    /// <exception cref="StudyException">
    /// The study cannot be carried out (it has no task or optimizer, say, or confirms with the seeds that it tunes with), the folder holds one already,
    /// or a trial failed: which, and why.
    /// </exception>
    /// <exception cref="ArgumentException">Tasks, optimizers or data do not fit.</exception>
    /// <exception cref="IOException">The folder cannot be written, is gone, or another process is running the study.</exception>
    public Task<StudyResult> RunAsync(
        string? folder = null, StudyOptions? options = null, IProgress<StudyProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        return System.Threading.Tasks.Task.Run(
            () =>
            {
                var trials = _prepared ?? Prepare(Core);
                using var run = folder is null
                    ? StudyRun.InMemory(Core, options.UntilDecided, trials)
                    : StudyRun.Begin(Core, options.UntilDecided, folder, trials, trials.DataHashes);
                return Run(run, folder, options, progress, cancellationToken);
            },
            CancellationToken.None);
    }

    /// <summary>Goes on with a study that was interrupted, however: what is in its folder's journal is not run again.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="study">The study, if its images or optimizers are of a kind that no file can name; nothing: as the folder has it.</param>
    /// <param name="options">How; <see cref="StudyOptions.UntilDecided"/> stays as the study was begun.</param>
    /// <param name="progress">Told of news, from the threads that train.</param>
    /// <param name="registry">The rules, schedules and problems that the study in the folder can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <param name="cancellationToken">Ends it within one batch.</param>
    /// <exception cref="StudyException">There is no study in the folder, or it, its images or the version are others than those it was begun with.</exception>
    /// <exception cref="DataFormatException">The journal is damaged, other than by an unfinished last record.</exception>
    /// <exception cref="IOException">The folder cannot be written, is gone, or another process is running the study.</exception>
    public static Task<StudyResult> ResumeAsync(
        string folder,
        Study? study = null,
        StudyOptions? options = null,
        IProgress<StudyProgress>? progress = null,
        KindRegistry? registry = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        options ??= new();
        return System.Threading.Tasks.Task.Run(
            () =>
            {
                using var run = StudyRun.Resume(
                    folder,
                    study is null ? FSharpOption<StudyDesign>.None : FSharpOption<StudyDesign>.Some(study.Core),
                    begun =>
                    {
                        var trials = Prepare(begun);
                        return ValueTuple.Create<ITrialSource, ValueTuple<string, string>[]>(trials, trials.DataHashes);
                    },
                    FSharpOption<StudyRegistry>.Some(KindRegistry.StudyOf(registry)));
                return Run(run, folder, options, progress, cancellationToken);
            },
            CancellationToken.None);
    }

    /// <summary>Carries it out, and gives each trial's result as it comes. Ends early where the enumeration does; what is under way is saved.</summary>
    /// <param name="folder">The folder, new or empty; nothing: in memory.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it within one batch.</param>
    /// <returns>The results in the order in which the trials finish, which is not repeatable, as the results themselves are.</returns>
    /// <exception cref="StudyException">The folder holds a study already, or a trial failed.</exception>
    public async IAsyncEnumerable<TrialResult> StreamAsync(
        string? folder = null, StudyOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<TrialResult>();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var observer = new Finished(channel.Writer);
        var work = RunAsync(folder, options, observer, ended.Token)
            .ContinueWith(done => channel.Writer.Complete(done.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (var result in channel.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return result;
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }
    }

    /// <summary>The images of a study's tasks, read and divided.</summary>
    internal static PreparedTrials Prepare(StudyDesign study) => PreparedTrials.Of(Read, study);

    internal static DataSets Read(ImageSource source) =>
        source switch
        {
            ImageSource.Folder folder => DataSetsModule.readFolderWithin(folder.expansion, folder.classes, folder.path),
            ImageSource.Held held => held.data,
            { IsMnist: true } => CuteDl.Mnist.Load().Core,
            _ => throw new UnreachableException(),
        };

    private static StudyResult Run(StudyRun run, string? folder, StudyOptions options, IProgress<StudyProgress>? progress, CancellationToken cancellationToken)
    {
        var observer = FuncConvert.FromAction((StudyProgress news) => progress?.Report(news));
        return new StudyResult(run.Run(new RunOptions(options.Parallel, options.SaveEvery), observer, cancellationToken), folder);
    }

    private sealed class Finished(ChannelWriter<TrialResult> writer) : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value)
        {
            if (value.Result is { } result)
            {
                writer.TryWrite(result);
            }
        }
    }
}

/// <summary>How a study is carried out.</summary>
public sealed record StudyOptions
{
    private readonly int _parallel = Environment.ProcessorCount;
    private readonly TimeSpan _saveEvery = TimeSpan.FromSeconds(10);

    /// <summary>Trials at the same time, at least 1. Default: one for each processor. No result depends on it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public int Parallel
    {
        get => _parallel;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            _parallel = value;
        }
    }

    /// <summary>How often a trial under way is saved. Default: 10 seconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public TimeSpan SaveEvery
    {
        get => _saveEvery;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            _saveEvery = value;
        }
    }

    /// <summary>
    /// Whether seeds are added, at the looks that the study declares, until the question is decided. Settled when a study begins.
    /// Default: no.
    /// </summary>
    public bool UntilDecided { get; init; }
}
