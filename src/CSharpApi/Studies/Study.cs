using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using CuteDl.Core.Data;
using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>
/// A study: tasks, optimizers with search spaces, budgets, seeds and a protocol, as an immutable value. It is read from a file
/// (<see cref="Load"/>) or built from an <see cref="CuteDl.Experiment"/> (<see cref="Experiment.Study"/>); every call returns a changed copy.
/// All results except the times follow from this value.
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

    /// <summary>The name.</summary>
    public string Name => Core.Name;

    /// <summary>The names of the tasks, in order.</summary>
    public IReadOnlyList<string> TaskNames => [.. Core.Tasks.Select(task => task.Name)];

    /// <summary>The names of the optimizers, in order.</summary>
    public IReadOnlyList<string> OptimizerNames => [.. Core.Contenders.Select(contender => contender.Name)];

    /// <summary>Returns what readers see of an optimizer: its label, which is its name by default.</summary>
    /// <param name="optimizer">One of <see cref="OptimizerNames"/>, such as the contender of a trial.</param>
    /// <exception cref="ArgumentException">The study has no such optimizer.</exception>
    public string LabelOf(string optimizer) =>
        Core.Contenders.FirstOrDefault(contender => contender.Name == optimizer)?.Label
            ?? throw new ArgumentException($"The study has no optimizer named '{optimizer}'. Its optimizers are {string.Join(", ", OptimizerNames)}.", nameof(optimizer));

    /// <summary>A commented example of a study file, to start from.</summary>
    public static string Example => StudyJson.example;

    /// <summary>The JSON schema of study files, for editors and validators.</summary>
    public static string Schema => StudyJson.schema;

    /// <summary>Reads a study from a file.</summary>
    /// <param name="path">The file: JSON with comments and trailing commas allowed, as <see cref="Schema"/> describes it. Image folders are relative to it.</param>
    /// <param name="registry">The rules, schedules and problems that the study can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="StudyFileException">It is not a study. The message lists all mistakes, with key and line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Study Load(string path, KindRegistry? registry = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new Study(StudyJson.loadWith(KindRegistry.StudyOf(registry), path));
    }

    /// <summary>The study that a text describes.</summary>
    /// <param name="json">As in a file.</param>
    /// <param name="registry">The rules, schedules and problems that the study can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="StudyFileException">It is not a study. The message lists all mistakes, with key and line.</exception>
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
    /// Returns the mistakes in the study, before anything is trained. Reads the images in folders, to check that every optimizer fits every
    /// task.
    /// </summary>
    public IReadOnlyList<Finding> Check() => Lint.check(Core);

    /// <summary>
    /// Returns the power to name a winner, in sentences: how large a difference must be to be found, in standard deviations. The text is empty
    /// for a single optimizer.
    /// </summary>
    /// <param name="untilDecided">True if seeds are added at the interim looks. The power is then that of the last look.</param>
    public string Power(bool untilDecided = false) => StudyPower.sentence(StudyDesignModule.carriedOut(untilDecided, Core));

    /// <summary>
    /// Returns a smaller form of the study, to check the set-up: about a quarter of the steps, usually at most four settings for each optimizer,
    /// at most ten seeds, and no trials with default settings.
    /// </summary>
    public Study Quick() => new(CuteDl.Studies.Quick.study(Core));

    /// <summary>
    /// Returns the number of trials that the study needs at least. Extensions of search spaces, and seeds that an interim look adds, come on
    /// top.
    /// </summary>
    /// <param name="untilDecided">True if seeds are added at the interim looks. The seeds of the first look are then counted.</param>
    /// <exception cref="ArgumentException">A search space cannot be searched: see <see cref="Check"/>.</exception>
    public int CountTrials(bool untilDecided = false) => StudySize.trials(Core, untilDecided);

    /// <summary>
    /// Reads the data and checks that tasks, optimizers and data fit each other. <see cref="RunAsync"/> does the same before the first step,
    /// and before it creates the folder.
    /// </summary>
    /// <returns>The same study with its data in memory, which <see cref="RunAsync"/> then does not read again.</returns>
    /// <exception cref="ArgumentException">Tasks, optimizers or data do not fit.</exception>
    /// <exception cref="InitialWeightsException">Given initial weights do not fit a model.</exception>
    public Study Prepare() => new(Core, Prepare(Core));

    /// <summary>Carries out the study, in a folder from which <see cref="ResumeAsync"/> continues after an interruption, or in memory.</summary>
    /// <param name="folder">The folder, new or empty; null: in memory.</param>
    /// <param name="options">How. Of these options, only <see cref="StudyOptions.UntilDecided"/> changes the results.</param>
    /// <param name="progress">Receives reports, from the threads that train.</param>
    /// <param name="cancellationToken">Ends the trials within one batch each, and saves them.</param>
    /// <returns>The results, complete or so far.</returns>
    /// <exception cref="StudyException">
    /// The study cannot be carried out (for example, it has no task, or it confirms with the seeds of its tuning), the folder already holds a
    /// study, or a file could not be written.
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
                var trials = Keeping(_prepared ?? Prepare(Core), options);
                using var run = folder is null
                    ? StudyRun.InMemory(Core, options.UntilDecided, trials)
                    : StudyRun.Begin(Core, options.UntilDecided, folder, trials, trials.DataHashes);
                return Run(run, folder, options, progress, cancellationToken);
            },
            CancellationToken.None);
    }

    /// <summary>Continues a study that was interrupted. Finished trials are not run again.</summary>
    /// <param name="folder">The folder of the study.</param>
    /// <param name="study">The study, if its images or optimizers exist only in a program; null: as the folder has it.</param>
    /// <param name="options">How. <see cref="StudyOptions.UntilDecided"/> is ignored: it stays as the study was started.</param>
    /// <param name="progress">Receives reports, from the threads that train.</param>
    /// <param name="registry">The rules, schedules and problems that the study in the folder can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <param name="cancellationToken">Ends the trials within one batch each, and saves them.</param>
    /// <exception cref="StudyException">The folder holds no study or another one, or its data or the version have changed.</exception>
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
                        var trials = Keeping(Prepare(begun), options);
                        return ValueTuple.Create<ITrialSource, ValueTuple<string, string>[]>(trials, trials.DataHashes);
                    },
                    FSharpOption<StudyRegistry>.Some(KindRegistry.StudyOf(registry)));
                return Run(run, folder, options, progress, cancellationToken);
            },
            CancellationToken.None);
    }

    /// <summary>Carries out the study and returns each result when its trial ends. If the enumeration ends early, running trials are saved.</summary>
    /// <param name="folder">The folder, new or empty; null: in memory.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends the trials within one batch each, and saves them.</param>
    /// <returns>The results in the order in which the trials end. The results are repeatable, their order is not.</returns>
    /// <exception cref="StudyException">As <see cref="RunAsync"/>.</exception>
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

    /// <summary>Reads and divides the data sets of a study's tasks.</summary>
    internal static PreparedTrials Prepare(StudyDesign study) => PreparedTrials.Of(Read, study);

    internal static DataParts Read(DataSource source) =>
        source switch
        {
            DataSource.Folder folder => MnistFormat.readFolderWithin(folder.expansion, folder.classes, folder.path),
            DataSource.Held held => held.data,
            { IsMnist: true } => DataSet.LoadMnist().Core,
            _ => throw new UnreachableException(),
        };

    private static PreparedTrials Keeping(PreparedTrials trials, StudyOptions options) => options.KeepModels ? trials.KeepingModels() : trials;

    private static StudyResult Run(StudyRun run, string? folder, StudyOptions options, IProgress<StudyProgress>? progress, CancellationToken cancellationToken)
    {
        var observer = FuncConvert.FromAction((StudyProgress news) => progress?.Report(news));
        return new StudyResult(run.Run(new RunOptions(options.Parallel, options.Threads, options.SaveEvery), observer, cancellationToken), folder);
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
    private readonly int _threads = Environment.ProcessorCount;
    private readonly TimeSpan _saveEvery = TimeSpan.FromSeconds(10);

    /// <summary>The number of trials that train at the same time, at least 1. Results do not depend on it. Default: one per processor.</summary>
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

    /// <summary>
    /// The largest number of threads of all trials together, at least 1. A trial uses several if its model is large and fewer trials train than
    /// there are threads. Each trial has a thread of its own, also beyond this number. Results do not depend on it. Default: one per processor.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public int Threads
    {
        get => _threads;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            _threads = value;
        }
    }

    /// <summary>The time between two saves of a running trial. Default: 10 seconds.</summary>
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
    /// True to add seeds at the interim looks that the study declares, until the comparisons are decided. Fixed when a study starts. Default:
    /// false.
    /// </summary>
    public bool UntilDecided { get; init; }

    /// <summary>
    /// True to keep the trained model of each trial, in a file beside its result: see <see cref="StudyResult.ModelOf"/>. A
    /// <see cref="Comparison"/> always keeps them. Default: false.
    /// </summary>
    public bool KeepModels { get; init; }
}
