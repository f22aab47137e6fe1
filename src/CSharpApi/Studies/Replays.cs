using System.Globalization;
using System.Text.RegularExpressions;
using CuteDl.Core.Data;
using CuteDl.Core.Optimizers;
using CuteDl.Core.Training;
using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>Running again what made a result, and holding the two against each other, bit for bit.</summary>
public static partial class Replays
{
    /// <summary>The number of classes of the images that made a result.</summary>
    /// <param name="result">The result.</param>
    /// <exception cref="FormatException">The result's model is none that a text can name.</exception>
    public static int Classes(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Outputs(result.Model);
    }

    /// <summary>The number of classes of the images of a trial.</summary>
    /// <param name="path">The trial's file.</param>
    /// <param name="registry">The rules and schedules that the study in the file can name. Default: <see cref="RuleRegistry.Standard"/>.</param>
    /// <exception cref="DataFormatException">The file holds no trial's result.</exception>
    /// <exception cref="StudyException">The study in the file cannot be read, or it has no images.</exception>
    public static int Classes(string path, RuleRegistry? registry = null)
    {
        var manifest = ReadManifest(path);
        return ReadStudy(path, manifest.Study, registry).Tasks.FirstOrDefault(task => task.Name == manifest.Result.Trial.Task)?.Problem is { HasData: true, Classes: > 0 and var classes }
                ? classes
                : throw new StudyException($"'{path}' is not the result of a trial with images.");
    }

    /// <summary>Runs a trial of a study again.</summary>
    /// <param name="path">Its file in the study's folder, <c>trials/.../SEED.json</c>, which holds the study.</param>
    /// <param name="data">Its images, if they lie elsewhere than where the study read them; nothing: as the study has it.</param>
    /// <param name="study">The study, if its images or optimizers are of a kind that no file can name; nothing: as the file has it.</param>
    /// <param name="progress">Told of the steps taken, on the thread that trains.</param>
    /// <param name="registry">The rules and schedules that the study in the file can name. Default: <see cref="RuleRegistry.Standard"/>.</param>
    /// <param name="cancellationToken">Ends it within one batch.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="DataFormatException">The file holds no trial's result, or an image file is damaged.</exception>
    /// <exception cref="StudyException">The study is not to be had from the file, or the images are others than those of the trial.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Task<ReplayResult> TrialAsync(
        string path,
        ImageData? data = null,
        Study? study = null,
        IProgress<long>? progress = null,
        RuleRegistry? registry = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Task.Run(() => Trial(path, data, study, progress, registry, cancellationToken), CancellationToken.None);
    }

    /// <summary>
    /// Runs a run again, and compares its validations with those recorded.
    /// </summary>
    /// <param name="result">What came of it.</param>
    /// <param name="data">Its images, if they lie elsewhere; nothing: as the result names them.</param>
    /// <param name="progress">Told of the steps taken, on the thread that trains.</param>
    /// <param name="maxExpansion">The most bytes that each byte of a compressed file, which the result names, may expand to; at least 1.</param>
    /// <param name="registry">The rules and schedules that the result can name. Default: <see cref="RuleRegistry.Standard"/>.</param>
    /// <param name="cancellationToken">Ends it within one batch.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxExpansion"/> is below 1.</exception>
    /// <exception cref="StudyException">The images are not those of the run.</exception>
    /// <exception cref="FormatException">The result's model, weights or optimizer are not of those that a text can name.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<ReplayResult> RunAsync(
        RunResult result,
        ImageData? data = null,
        IProgress<long>? progress = null,
        int maxExpansion = Growing.DefaultExpansion,
        RuleRegistry? registry = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxExpansion, 1);
        var steps = progress is null ? null : new Steps(progress);
        var again = await Experiment(result, data, maxExpansion, registry).RunAsync(steps, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        var difference = Difference(result, again);
        return new ReplayResult
        {
            Name = $"{result.Run}, seed {result.Seed}",
            Difference = difference,
            Steps = difference is null ? result.Steps : difference.First - 1,
            RecordedVersion = Released(result.Environment.Version),
            Version = Released(RunEnvironment.Current.Version),
        };
    }

    private static ReplayResult Trial(
        string path, ImageData? data, Study? given, IProgress<long>? progress, RuleRegistry? registry, CancellationToken cancellationToken)
    {
        var manifest = ReadManifest(path);
        var trial = manifest.Result.Trial;
        var study = given?.Core ?? ReadStudy(path, manifest.Study, registry);
        var task = study.Tasks.FirstOrDefault(task => task.Name == trial.Task)
            ?? throw new StudyException($"'{path}' is a trial of the task '{trial.Task}', but its study has no task of this name.");
        var prepared = PreparedTaskModule.prepareUnder(StudyDesignModule.stopRules(study), new(source => data?.Core ?? Study.Read(source)), task);
        if (prepared.DataHash != manifest.Data)
        {
            throw new StudyException(
                $"The images of the task '{trial.Task}' are not those of the trial: their hash is {prepared.DataHash}, the trial's is {manifest.Data}. Name the trial's images.");
        }

        var observer = FuncConvert.FromAction((TrainingProgress now) => progress?.Report(now.Step));
        var optimizer = given is null ? Expression.parseWith(RuleRegistry.CoreOf(registry), trial.Optimizer) : Optimizer(study, trial);
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

    private static StudyDesign ReadStudy(string path, string text, RuleRegistry? registry)
    {
        var parsed = StudyJson.parseWith(RuleRegistry.StudyOf(registry), text);
        return parsed.IsOk
            ? parsed.ResultValue
            : throw new StudyException($"The study in '{path}' cannot be read ({parsed.ErrorValue[0]}). It has images or optimizers that only its program can create. Replay the trial in that program, with a registry of its rules.");
    }

    private static Core.Optimizers.Optimizer Optimizer(StudyDesign study, Trial trial) =>
        trial.Values.Aggregate(
            study.Contenders.First(contender => contender.Name == trial.Contender).Optimizer,
            (optimizer, value) => OptimizerModule.set(value.Item1, value.Item2, optimizer));

    private static Experiment Experiment(RunResult result, ImageData? data, int maxExpansion, RuleRegistry? registry)
    {
        var settings = result.Settings;
        var experiment = Layers(result.Model)
            .Optimizer(Optimizers.Parse(result.Optimizer, registry), result.Run)
            .InitialWeights(Weights(settings.InitialWeights, maxExpansion))
            .Precision(result.Precision)
            .Order(settings.Order)
            .Batch(settings.Batch)
            .ValidationMean(settings.ValidationMean)
            .Seed(result.Seed)
            .MaxEpochs(settings.MaxEpochs)
            .StopWithoutGain(settings.Patience, settings.MinGain)
            .StopAtTarget(settings.Target, settings.Hold);

        // A cancelled run says nothing about later steps, so the replay ends at its last step.
        var steps = result.Stop == StopReason.Cancelled ? Math.Max(1, result.Steps) : settings.MaxSteps;
        experiment = steps is { } most ? experiment.MaxSteps(most) : experiment;
        experiment = settings.ValidateEvery is { } every ? experiment.ValidateEvery(every) : experiment;
        var images = data ?? (settings.Data == "mnist" ? Mnist.Load() : ImageData.FromFolder(settings.Data, Outputs(result.Model), maxExpansion));
        return images.Checksum == settings.DataChecksum
            ? experiment.Data(images)
            : throw new StudyException(
                $"The images in '{images.Name}' are not those of the run: their checksum is {images.Checksum}, the run's is {settings.DataChecksum}. Name the run's images.");
    }

    private static Experiment Layers(string model)
    {
        var match = ModelText().Match(model);
        if (!match.Success)
        {
            throw NoModel(model);
        }

        var loss = Enum.GetValues<LossFunction>().Cast<LossFunction?>().FirstOrDefault(loss => Translate.Loss(loss!.Value).ToString() == match.Groups["loss"].Value)
            ?? throw new FormatException($"The model {Quotation.quote(model)} has an unknown loss. Known losses are {string.Join(", ", Enum.GetValues<LossFunction>().Select(Translate.Loss))}.");
        var experiment = Mnist.Experiment().Loss(loss);
        foreach (Match layer in LayerText().Matches(match.Groups["layers"].Value))
        {
            experiment = layer.Groups["rate"].Success
                ? experiment.Dropout(Rate(layer.Groups["rate"].Value, model))
                : experiment.Dense(Units(layer, model), ActivationOf(layer.Groups["activation"].Value, model));
        }

        return experiment;
    }

    private static int Outputs(string model) => LayerText().Matches(model) is [.., var last] ? Units(last, model) : throw NoModel(model);

    private static int Units(Match layer, string model) =>
        int.TryParse(layer.Groups["units"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var units) && units > 0 ? units : throw NoModel(model);

    private static double Rate(string text, string model) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate) && rate is >= 0 and < 1 ? rate : throw NoModel(model);

    private static Activation ActivationOf(string text, string model) =>
        Enum.GetValues<Activation>().Cast<Activation?>().FirstOrDefault(activation => activation!.Value.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw NoModel(model);

    private static FormatException NoModel(string model) =>
        new($"{Quotation.quote(model)} is not a model. A model is written like 784-128(relu)-10(linear) softmax-cross-entropy.");

    private static InitialWeights Weights(string name, int maxExpansion) =>
        name switch
        {
            "glorot" => InitialWeights.Glorot,
            "he" => InitialWeights.He,
            "reference" => InitialWeights.Reference,
            _ when NormalText().Match(name) is { Success: true } normal =>
                double.TryParse(normal.Groups["deviation"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var deviation) && double.IsFinite(deviation) && deviation > 0
                    ? InitialWeights.Normal(deviation)
                    : throw new FormatException($"{Quotation.quote(name)} does not name initial weights. The deviation in normal(...) must be a number above 0."),
            _ => InitialWeights.FromFile(name, maxExpansion),
        };

    // Returns the first validation that differs. The first step that differs is after the validation before it.
    private static ReplayDifference? Difference(RunResult recorded, RunResult again)
    {
        var (before, now) = (recorded.History, again.History);
        var last = 0L;
        for (var i = 0; i < before.Count; i++)
        {
            if (i >= now.Count)
            {
                return new(Math.Min(last + 1, before.Steps[i]), before.Steps[i], "end");
            }

            if (now.Steps[i] != before.Steps[i] || !Same(now.Loss[i], before.Loss[i]) || !Same(now.ValLoss[i], before.ValLoss[i]) || !Same(now.ValAccuracy[i], before.ValAccuracy[i]))
            {
                return new(Math.Min(last + 1, before.Steps[i]), before.Steps[i], "validation");
            }

            last = before.Steps[i];
        }

        return again.Steps == recorded.Steps && (again.Stop == recorded.Stop || recorded.Stop == StopReason.Cancelled)
            ? null
            : new(Math.Min(recorded.Steps, again.Steps) + 1, Math.Max(recorded.Steps, again.Steps) + 1, "end");
    }

    private static bool Same(double a, double b) => BitConverter.DoubleToInt64Bits(a) == BitConverter.DoubleToInt64Bits(b) || (double.IsNaN(a) && double.IsNaN(b));

    // Returns the version without the commit.
    private static string Released(string version) => version.Split('+')[0];

    [GeneratedRegex(@"^\d+(?<layers>[^ ]+) (?<loss>.+)$")]
    private static partial Regex ModelText();

    [GeneratedRegex(@"-(?:dropout\((?<rate>[^)]+)\)|(?<units>\d+)\((?<activation>\w+)\))")]
    private static partial Regex LayerText();

    [GeneratedRegex(@"^normal\((?<deviation>[^)]+)\)$")]
    private static partial Regex NormalText();

    private sealed class Steps(IProgress<long> steps) : IProgress<RunProgress>
    {
        public void Report(RunProgress value) => steps.Report(value.Step);
    }
}
