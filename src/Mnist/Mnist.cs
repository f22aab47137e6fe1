namespace CuteDl;

/// <summary>The MNIST runner: the data, experiments on them, and the source document's eight runs.</summary>
public static class Mnist
{
    /// <summary>The eight documented runs, in the document's order.</summary>
    public static IReadOnlyList<DocumentedRun> DocumentedRuns { get; } =
        [.. Core.Training.DocumentedRuns.all.Select(run => new DocumentedRun(run.Name, new Optimizer(run.Optimizer), run.Figures))];

    /// <summary>MNIST, 60,000 training images and 10,000 test images, from the package. Read once and kept.</summary>
    public static DataSet Load() => DataSet.LoadMnist();

    /// <summary>
    /// An experiment on MNIST, without layers yet: <c>Experiment.On(Mnist.Load())</c>. It validates on 5,000 of the training images.
    /// </summary>
    public static Experiment Experiment() => CuteDl.Experiment.On(Load());

    /// <summary>
    /// The source document's experiment: one dense layer of 10 units with relu on the logits, from <see cref="InitialWeights.Reference"/>. The
    /// validation loss is <see cref="ValidationMean.Batches"/>, and the rules are those of <see cref="Documented(Func{Experiment, Experiment})"/>.
    /// </summary>
    public static Experiment Documented() =>
        Documented(model => model.Dense(10, Activation.ReLU))
            .InitialWeights(InitialWeights.Reference)
            .ValidationMean(ValidationMean.Batches);

    /// <summary>
    /// The source document's rules with other layers: validation on the test images, the order of the files, weights from normal(0.01),
    /// <c>fixed(lr=0.01)</c>, at most 5000 epochs, and two stop rules. A run ends without a gain of 0.001 in 20 validations, or above 91 % in 20
    /// validations.
    /// </summary>
    /// <param name="layers">Adds the layers.</param>
    public static Experiment Documented(Func<Experiment, Experiment> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        return layers(new(ExperimentPlan.Documented()));
    }

    /// <summary>Returns the documented run with this name, or the optimizer with this text form. Upper and lower case are the same.</summary>
    /// <param name="text">Such as <c>momentum</c>, which is a documented run, <c>momentum(lr=0.1)</c>, or <c>clip_norm(1) | lion</c>.</param>
    /// <exception cref="FormatException">No run or rule has this name (the message suggests the nearest one), or the text form is wrong.</exception>
    public static NamedRun ParseRun(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (DocumentedRuns.FirstOrDefault(run => run.Name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } documented)
        {
            return documented;
        }

        var rules = Optimizers.Rules.Concat(Optimizers.Transformations).Select(rule => rule.Name).ToArray();

        // A single word can be the name of a run. Any other text is a text form, whose errors name the position.
        if (text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.') && !rules.Contains(text, StringComparer.OrdinalIgnoreCase))
        {
            if (Schedules.All.FirstOrDefault(schedule => schedule.Name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } schedule)
            {
                throw new FormatException($"'{text}' is a schedule, not an optimizer. Use it in place of a number: adam(lr={schedule.Usage}).");
            }

            var known = DocumentedRuns.Select(run => run.Name).Union(rules);
            throw new FormatException($"No run or rule is named '{text}'. {Core.Optimizers.Suggestion.describe(known, text)}");
        }

        var optimizer = Optimizers.Parse(text);
        return new NamedRun(optimizer.ToString(), optimizer);
    }
}

/// <summary>One of the source document's runs.</summary>
/// <param name="Name"><c>fixed-0.0001</c>, <c>fixed-0.2</c>, <c>fixed-0.01</c>, <c>momentum</c>, <c>adagrad</c>, ...</param>
/// <param name="Optimizer">The optimizer with the document's settings.</param>
/// <param name="Figures">What the document says came of it; empty if it gives no figures.</param>
public sealed record DocumentedRun(string Name, Optimizer Optimizer, string Figures) : NamedRun(Name, Optimizer);
