using CuteDl.Studies;

namespace CuteDl;

/// <summary>The result of one run: a trial of a study, with the words of a comparison.</summary>
public sealed record RunResult
{
    /// <summary>The name of the run: a documented one, or the optimizer's text form.</summary>
    public required string Run { get; init; }

    /// <summary>The optimizer's text form.</summary>
    public required string Optimizer { get; init; }

    /// <summary>The seed of shuffles, dropouts and, if they are drawn, initial weights.</summary>
    public required int Seed { get; init; }

    /// <summary>The floating-point precision.</summary>
    public required Precision Precision { get; init; }

    /// <summary>The layers and the loss: <c>784-10(relu) softmax-cross-entropy</c>. The number of inputs is left out for images in a folder.</summary>
    public required string ModelText { get; init; }

    /// <summary>
    /// The trained model; null if the run diverged, failed or did not begin. With <see cref="Experiment.EarlyStopping"/>, it has the parameters of
    /// the validation with the smallest loss. Otherwise it has the last ones, or the averages if the optimizer keeps them. In a folder, it is read
    /// from the file beside the result, at the first access.
    /// </summary>
    /// <exception cref="StudyException">The file of the model is missing, or belongs to another run.</exception>
    /// <exception cref="Core.Data.DataFormatException">The file of the model is damaged.</exception>
    public TrainedModel? Model => Source.Value.Value;

    /// <summary>The source of the model, which results that are equal need not share.</summary>
    internal Aside<Lazy<TrainedModel?>> Source { get; init; } = new(new(() => null));

    /// <summary>The training settings.</summary>
    public required RunSettings Settings { get; init; }

    /// <summary>The number of steps (batches) taken.</summary>
    public required long Steps { get; init; }

    /// <summary>The reason why it ended.</summary>
    public required StopReason Stop { get; init; }

    /// <summary>The message of the exception that ended the run; empty if there was none.</summary>
    public string Failure { get; init; } = "";

    /// <summary>
    /// The exception that ended the run; null if there was none, or if it ended in another process. A folder keeps only its message.
    /// </summary>
    public Exception? Exception => Cause.Value;

    /// <summary>The exception, which results that are equal need not share.</summary>
    internal Aside<Exception?> Cause { get; init; } = new(null);

    /// <summary>
    /// The metrics on the test part, computed once at the end, with the parameters of <see cref="Model"/>; null if the data have no test part,
    /// if it is the validation part, or if the run diverged, failed or was cancelled. Metrics that do not apply are NaN.
    /// </summary>
    public Score? Test { get; init; }

    /// <summary>The validations; empty if the run ended before the first.</summary>
    public required RunHistory History { get; init; }

    /// <summary>
    /// The outputs that are 0 for every image, training and validation, because their relu has died: their classes get no gradient.
    /// </summary>
    public required IReadOnlyList<int> DeadLogits { get; init => field = ValueList.Of(value); }

    /// <summary>The outputs that are above 0 for some image, but for less than one in a thousand training images.</summary>
    public required IReadOnlyList<int> AlmostDeadLogits { get; init => field = ValueList.Of(value); }

    /// <summary>
    /// The largest validation accuracy that dead and almost dead logits allow: an image of class c can be right only if logit c is above 0.
    /// Class 0 is the exception: it is the answer if all logits are 0.
    /// </summary>
    public required double AccuracyCeiling { get; init; }

    /// <summary>The training time in seconds, without validations. Not repeatable.</summary>
    public required double Seconds { get; init; }

    /// <summary>The version of the library that trained it.</summary>
    public required string Version { get; init; }

    /// <summary>The effect of the dead logits, in words; empty if none is dead. Up to ten classes are named, more are counted.</summary>
    public string DeadLogitsText
    {
        get
        {
            string[] parts = [.. Classes(DeadLogits, "dead"), .. Classes(AlmostDeadLogits, "almost dead")];
            var effect = AccuracyCeiling < 1
                ? FormattableString.Invariant($"at most {AccuracyCeiling:P0} can be right")
                : "it is answered only where all logits are 0";
            return parts.Length == 0 ? "" : $"{string.Join(", ", parts)}: {effect}";
        }
    }

    /// <summary>One line: <c>adam, seed 0: target held after 4690 steps, validation accuracy 0.9123</c>.</summary>
    public override string ToString()
    {
        var score = History switch
        {
            { Count: 0 } => "",
            { ValAccuracy: [.., var accuracy] } when HasAccuracy => FormattableString.Invariant($", validation accuracy {accuracy:0.0000}"),
            { ValRSquared: [.., var share] } when !double.IsNaN(share) =>
                FormattableString.Invariant($", validation loss {History.ValLoss[^1]:G4}, R² {share:0.0000}"),
            _ => FormattableString.Invariant($", validation loss {History.ValLoss[^1]:G4}"),
        };
        var failure = Failure.Length > 0 ? $": {Failure}" : "";
        return FormattableString.Invariant($"{Run}, seed {Seed}: {Stop.InWords()} after {Steps} steps{score}{failure}");
    }

    internal static RunResult Of(string run, TrialResult result, StudyTask task, DataSetProblem problem, RunSettings settings, string version, ITrialModels? models, Exception? exception) =>
        new()
        {
            Run = run,
            Optimizer = result.Trial.Optimizer,
            Seed = result.Trial.Seed,
            Precision = Translate.Precision(task.Precision),
            ModelText = CuteDl.ModelText.Of(DataSet.ShapeOf(problem.Source), problem.Layers, problem.Loss),
            Settings = settings,
            Steps = result.Steps,
            Stop = Translate.StopReason(result.Ending),
            Failure = result.Failure,
            Cause = new(exception),
            Test = result.Test,
            History = RunHistory.Of(result.Curve),
            DeadLogits = result.Health.DeadLogits,
            AlmostDeadLogits = result.Health.AlmostDeadLogits,
            AccuracyCeiling = result.Health.AccuracyCeiling,
            Seconds = Math.Round(result.Seconds, 3),
            Version = version,
            Source = new(new(() => models?.Of(result.Trial) is { } model ? new(model) : null)),
        };

    /// <summary>False if the targets are numbers, so that validations have no accuracy.</summary>
    internal bool HasAccuracy => History.Count == 0 || History.ValAccuracy.Any(accuracy => !double.IsNaN(accuracy));

    // The text names at most this many classes. The lists have all of them.
    private const int MostNamed = 10;

    private static IEnumerable<string> Classes(IReadOnlyList<int> logits, string state) =>
        logits.Count switch
        {
            0 => [],
            1 => [$"class {logits[0]} is {state}"],
            > MostNamed => [$"{logits.Count} classes are {state}"],
            _ => [$"classes {string.Join(", ", logits)} are {state}"],
        };
}
