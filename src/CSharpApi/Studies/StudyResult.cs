using CuteDl.Core.Data;
using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>The results of a <see cref="Study"/>, complete or so far.</summary>
public sealed class StudyResult
{
    private readonly StudyOutcome _outcome;
    private readonly Lazy<StudyAnalysis> _analysis;

    internal StudyResult(StudyOutcome outcome, string? folder)
    {
        _outcome = outcome;
        Folder = folder is null ? null : Path.GetFullPath(folder);
        Study = new Study(outcome.Study);
        var study = StudyDesignModule.carriedOut(outcome.UntilDecided, outcome.Study);
        Comparison = ComparisonResult.Of(outcome, Folder);
        _analysis = new(() => CuteDl.Studies.Analysis.OfResults(study, outcome.Results, Math.Max(1, outcome.LooksDone)));
    }

    /// <summary>The study.</summary>
    public Study Study { get; }

    /// <summary>The absolute path of the folder; null if the study was carried out in memory.</summary>
    public string? Folder { get; }

    /// <summary>The version that started the study, and the hashes of its images.</summary>
    internal StudyHeader Header => _outcome.Header;

    /// <summary>The runs, if the study is a <see cref="CuteDl.Comparison"/>; null for other protocols.</summary>
    public ComparisonResult? Comparison { get; }

    /// <summary>The results of the trials, in the order of the plan.</summary>
    public IReadOnlyList<TrialResult> Trials => _outcome.Results;

    /// <summary>The settings that tuning selected, for each optimizer on each task.</summary>
    public IReadOnlyList<Selection> Selections => _outcome.Selections;

    /// <summary>The decisions during the study, with their reasons.</summary>
    public IReadOnlyList<StudyDecision> Decisions => _outcome.Decisions;

    /// <summary>The number of trials that the study needs as far as is known, those after tuning included.</summary>
    public int Planned => _outcome.Planned;

    /// <summary>True if all of them are finished.</summary>
    public bool IsComplete => _outcome.IsComplete;

    /// <summary>True if seeds are added at the interim looks until the comparisons are decided.</summary>
    public bool UntilDecided => _outcome.UntilDecided;

    /// <summary>
    /// Repaired damage of the folder, in sentences: an unfinished last record of the journal, and result files that were missing or changed.
    /// </summary>
    public IReadOnlyList<string> Notices => _outcome.Notices;

    /// <summary>Tables, comparisons and the verdict. Computed at the first access.</summary>
    public StudyAnalysis Analysis => _analysis.Value;

    /// <summary>The verdict in words, the most important first.</summary>
    public IReadOnlyList<string> Verdict => Analysis.Sentences;

    /// <summary>
    /// Returns the trained model of a trial; null if models were not kept (<see cref="StudyOptions.KeepModels"/>), or if the trial diverged or
    /// failed, or if its problem has no model.
    /// </summary>
    /// <param name="trial">The trial.</param>
    /// <exception cref="StudyException">The file of the model is missing, or belongs to another trial.</exception>
    /// <exception cref="DataFormatException">The file of the model is damaged.</exception>
    public TrainedModel? ModelOf(Trial trial)
    {
        ArgumentNullException.ThrowIfNull(trial);
        return _outcome.Models.Of(trial) is { } model ? new(model) : null;
    }

    /// <summary>One line: the study, and how many of its trials are finished.</summary>
    public override string ToString() => $"{Study.Name}: {Trials.Count} of {Planned} trials{(IsComplete ? "" : ", not complete")}";

    /// <summary>Reads the results so far of a study in a folder. Another process may be running it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="study">The study, if its images or optimizers exist only in a program; null: as the folder has it.</param>
    /// <param name="registry">The rules, schedules and problems that the study in the folder can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="StudyException">The folder holds no study, or another one.</exception>
    /// <exception cref="DataFormatException">The journal is damaged, other than by an unfinished last record.</exception>
    public static StudyResult Load(string folder, Study? study = null, KindRegistry? registry = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        var given = study is null ? FSharpOption<StudyDesign>.None : FSharpOption<StudyDesign>.Some(study.Core);
        return new StudyResult(StudyRun.Read(folder, given, FSharpOption<StudyRegistry>.Some(KindRegistry.StudyOf(registry))), folder);
    }
}
