using CuteDl.Core.Data;
using CuteDl.Core.Optimizers;
using CuteDl.Core.Training;
using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>Runs trials again and compares the new results with the recorded ones, bit for bit.</summary>
public static class Replays
{
    /// <summary>Returns the number of outputs of the model of a trial, which is at least the number of classes of its images.</summary>
    /// <param name="path">The trial's file.</param>
    /// <param name="registry">The rules, schedules and problems that the study in the file can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="DataFormatException">The file is not the result of a trial.</exception>
    /// <exception cref="StudyException">The study in the file cannot be read, or it has no images.</exception>
    public static int Classes(string path, KindRegistry? registry = null)
    {
        var manifest = ReadManifest(path);
        return ReadStudy(path, manifest.Study, registry).Tasks.FirstOrDefault(task => task.Name == manifest.Result.Trial.Task)?.Problem is { HasData: true, Classes: > 0 and var classes }
                ? classes
                : throw new StudyException($"'{path}' is not the result of a trial with images.");
    }

    /// <summary>Runs a trial of a study or a run of a comparison again.</summary>
    /// <param name="path">Its file in the folder, <c>trials/.../SEED.json</c>, which contains the study.</param>
    /// <param name="data">Its images, if they have moved; null: where the study read them.</param>
    /// <param name="study">The study, if its images or optimizers exist only in a program; null: as the file has it.</param>
    /// <param name="progress">Receives the number of steps taken, on the thread that trains.</param>
    /// <param name="registry">The rules, schedules and problems that the study in the file can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <param name="cancellationToken">Ends the replay within one batch.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="DataFormatException">The file is not the result of a trial, or an image file is damaged.</exception>
    /// <exception cref="StudyException">The study in the file cannot be read, or the images are not those of the trial.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Task<ReplayResult> TrialAsync(
        string path,
        DataSet? data = null,
        Study? study = null,
        IProgress<long>? progress = null,
        KindRegistry? registry = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Task.Run(() => Trial(path, data, study, progress, registry, cancellationToken), CancellationToken.None);
    }

    private static ReplayResult Trial(
        string path, DataSet? data, Study? given, IProgress<long>? progress, KindRegistry? registry, CancellationToken cancellationToken)
    {
        var manifest = ReadManifest(path);
        var trial = manifest.Result.Trial;
        var study = given?.Core ?? ReadStudy(path, manifest.Study, registry);
        var task = study.Tasks.FirstOrDefault(task => task.Name == trial.Task)
            ?? throw new StudyException($"'{path}' is a trial of the task '{trial.Task}', but its study has no task of this name.");
        var prepared = PreparedTaskModule.prepareUnder(study.Protocol.StopRules, new(source => data?.Core ?? Study.Read(source)), task);
        if (prepared.DataHash != manifest.Data)
        {
            throw new StudyException(
                $"The images of the task '{trial.Task}' are not those of the trial: their hash is {prepared.DataHash}, the trial's is {manifest.Data}. Name the trial's images.");
        }

        var observer = FuncConvert.FromAction((TrainingProgress now) => progress?.Report(now.Step));
        var optimizer = given is null ? Expression.parseWith(KindRegistry.CoreOf(registry), trial.Optimizer) : Optimizer(study, trial);
        var replayed = Replay.checkWith(prepared, optimizer, manifest.Result, observer, cancellationToken);
        var difference = replayed is Replayed.Differs differs ? new ReplayDifference(differs.first, differs.last, differs.what) : null;
        return new ReplayResult
        {
            Name = trial.Id,
            Difference = difference,
            Steps = difference is null ? manifest.Result.Steps : difference.First - 1,
            RecordedVersion = Released(manifest.Version),
            Version = Released(RunEnvironment.Current.Version),
        };
    }

    private static TrialManifest ReadManifest(string path)
    {
        try
        {
            return TrialManifestModule.read(path, InputFile.readText(path));
        }
        catch (FormatException error) when (error is not DataFormatException)
        {
            throw new DataFormatException(path, 0, $"The file is not the result of a trial: {error.Message}");
        }
    }

    private static StudyDesign ReadStudy(string path, string text, KindRegistry? registry)
    {
        var parsed = StudyJson.parseWith(KindRegistry.StudyOf(registry), text);
        return parsed.IsOk
            ? parsed.ResultValue
            : throw new StudyException($"The study in '{path}' cannot be read ({parsed.ErrorValue[0]}). It has images or optimizers that only its program can create. Replay the trial in that program, with a registry of its rules.");
    }

    private static Core.Optimizers.Optimizer Optimizer(StudyDesign study, Trial trial) =>
        trial.Values.Aggregate(
            study.Contenders.First(contender => contender.Name == trial.Contender).Optimizer,
            (optimizer, value) => OptimizerModule.set(value.Item1, value.Item2, optimizer));

    // Returns the version without the commit.
    private static string Released(string version) => version.Split('+')[0];
}
