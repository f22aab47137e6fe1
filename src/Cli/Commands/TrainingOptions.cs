using System.CommandLine;
using System.Globalization;

namespace CuteDl.Cli;

/// <summary>The options that every command that trains shares, and the experiment that they describe.</summary>
internal sealed class TrainingOptions
{
    private static readonly string[] Activations = ["linear", "relu", "sigmoid", "tanh"];

    private readonly Option<string?> _data = new("--data")
    {
        HelpName = "DIR",
        Description = "A folder with a data set in MNIST's four files, plain or gzipped (default: MNIST, built in).",
    };

    private readonly Option<string> _hidden = new("--hidden")
    {
        HelpName = "UNITS",
        Description = "Units of hidden layers, as in 128,64 (default: none).",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<string> _hiddenActivation = new("--hidden-activation")
    {
        Description = "Activation of the hidden layers.",
        DefaultValueFactory = _ => "relu",
    };

    private readonly Option<string> _output = new("--output")
    {
        Description = "Activation of the logits; the document's model has relu there.",
        DefaultValueFactory = _ => "relu",
    };

    private readonly Option<int> _classes = new("--classes")
    {
        HelpName = "N",
        Description = "Classes of the data set, and logits of the model.",
        DefaultValueFactory = _ => 10,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly Option<int> _batch = new("--batch")
    {
        HelpName = "N",
        Description = "Images a step.",
        DefaultValueFactory = _ => 64,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly Option<Order> _order = new("--order")
    {
        Description = "Order of the images in an epoch; the document keeps the files'.",
        DefaultValueFactory = _ => Order.File,
        CustomParser = result => Named<Order>(result, "file", "shuffle"),
    };

    private readonly Option<Precision> _precision = new("--precision")
    {
        Description = "Numbers to compute with.",
        DefaultValueFactory = _ => Precision.Single,
        CustomParser = result => Named<Precision>(result, "single", "double"),
    };

    private readonly Option<int?> _seed = new("--seed")
    {
        HelpName = "N",
        Description = "Seed of random initial weights, shuffles and dropouts (default: 0).",
        CustomParser = Numbers.WholeOrNone<int>,
    };

    private readonly Option<string?> _initialWeights = new("--initial-weights")
    {
        HelpName = "WEIGHTS",
        Description =
            "normal, glorot, he, reference, or FILE.npz with arrays layers.0.weight (inputs x units), layers.0.bias, ... "
            + "(default: normal, with deviation 0.01; for the document's model, without --seed or --seeds, reference).",
    };

    private readonly Option<int> _maxEpochs = new("--max-epochs")
    {
        HelpName = "N",
        Description = "The most epochs.",
        DefaultValueFactory = _ => 5000,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly Option<long?> _maxSteps = new("--max-steps")
    {
        HelpName = "N",
        Description = "The most steps (default: no limit).",
        CustomParser = Numbers.WholeOrNone<long>,
    };

    private readonly Option<int?> _validateEvery = new("--validate-every")
    {
        HelpName = "STEPS",
        Description = "Steps between validations (default: an epoch).",
        CustomParser = Numbers.WholeOrNone<int>,
    };

    private readonly Option<int> _patience = new("--patience")
    {
        HelpName = "N",
        Description = "Stop after so many validations without a smaller validation loss, or with less than --min-gain over them.",
        DefaultValueFactory = _ => 20,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly Option<double> _minGain = new("--min-gain")
    {
        HelpName = "LOSS",
        Description = "The least that the validation loss must fall over --patience validations.",
        DefaultValueFactory = _ => 0.001,
        CustomParser = Numbers.Real,
    };

    private readonly Option<double> _target = new("--target")
    {
        HelpName = "ACCURACY",
        Description = "Stop when the validation accuracy was above this for --hold validations.",
        DefaultValueFactory = _ => 0.91,
        CustomParser = Numbers.Real,
    };

    private readonly Option<int> _hold = new("--hold")
    {
        HelpName = "N",
        Description = "For how many validations the target must be held.",
        DefaultValueFactory = _ => 20,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly bool _hasLimits;

    /// <param name="hasLimits">Whether the command trains until a limit or a stop rule ends it.</param>
    public TrainingOptions(bool hasLimits = true)
    {
        _hasLimits = hasLimits;
        _hiddenActivation.AcceptOnlyFromAmong(Activations);
        _output.AcceptOnlyFromAmong("relu", "linear");
    }

    public void AddTo(Command command)
    {
        Option[] options = [_data, _classes, _hidden, _hiddenActivation, _output, _batch, _order, _precision, _seed, _initialWeights];
        Option[] limits = [_maxEpochs, _maxSteps, _validateEvery, _patience, _minGain, _target, _hold];
        foreach (var option in _hasLimits ? [.. options, .. limits] : options)
        {
            command.Options.Add(option);
        }
    }

    public bool HasSeed(ParseResult parsed) => parsed.GetValue(_seed) is not null;

    /// <summary>The experiment that the options describe. A value out of its range is a usage error that names its option.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="isSeeded">Whether the user chose seeds, and so random weights where none are named.</param>
    public Experiment Read(ParseResult parsed, bool isSeeded)
    {
        var experiment = Mnist.Experiment();
        var hiddenActivation = ParseActivation(parsed.GetValue(_hiddenActivation)!);
        foreach (var units in ParseHidden(parsed.GetValue(_hidden)!))
        {
            experiment = experiment.Dense(units, hiddenActivation);
        }

        experiment = experiment
            .Dense(AtLeast(_classes, parsed.GetValue(_classes), 2), ParseActivation(parsed.GetValue(_output)!))
            .Order(parsed.GetValue(_order))
            .Precision(parsed.GetValue(_precision));
        experiment = Guard(_batch, () => experiment.Batch(parsed.GetValue(_batch)));
        experiment = _hasLimits ? WithLimits(parsed, experiment) : experiment;
        experiment = When(parsed, _seed, experiment, (e, seed) => e.Seed(seed));
        if (parsed.GetValue(_initialWeights) is { } weights)
        {
            experiment = experiment.InitialWeights(ParseWeights(weights));
        }
        else if (IsDocumentModel(parsed) && !isSeeded)
        {
            experiment = experiment.InitialWeights(InitialWeights.Reference);
        }

        // Last: reading data takes a while, a wrong number should not wait for it.
        return parsed.GetValue(_data) is { } folder
            ? experiment.Data(ImageData.FromFolder(NotEmpty(_data, folder), parsed.GetValue(_classes)))
            : experiment;
    }

    private Experiment WithLimits(ParseResult parsed, Experiment experiment)
    {
        experiment = Guard(_maxEpochs, () => experiment.MaxEpochs(parsed.GetValue(_maxEpochs)));
        experiment = Guard(_patience, () => experiment.StopWithoutGain(parsed.GetValue(_patience), 0));
        experiment = Guard(_minGain, () => experiment.StopWithoutGain(parsed.GetValue(_patience), parsed.GetValue(_minGain)));
        experiment = Guard(_target, () => experiment.StopAtTarget(parsed.GetValue(_target), 1));
        experiment = Guard(_hold, () => experiment.StopAtTarget(parsed.GetValue(_target), parsed.GetValue(_hold)));
        experiment = When(parsed, _maxSteps, experiment, (e, steps) => e.MaxSteps(steps));
        return When(parsed, _validateEvery, experiment, (e, steps) => e.ValidateEvery(steps));
    }

    private bool IsDocumentModel(ParseResult parsed) =>
        parsed.GetValue(_data) is null && parsed.GetValue(_hidden) is "" && parsed.GetValue(_classes) == 10;

    internal static int AtLeast(Option option, int value, int least) =>
        value >= least ? value : throw new UsageException($"{option.Name} {value}: a number of at least {least} is expected.");

    internal static string NotEmpty(Option option, string value) =>
        value.Trim().Length > 0 ? value : throw new UsageException($"{option.Name}: a folder is expected, not an empty name.");

    private static Experiment When<T>(ParseResult parsed, Option<T?> option, Experiment experiment, Func<Experiment, T, Experiment> apply)
        where T : struct => parsed.GetValue(option) is { } value ? Guard(option, () => apply(experiment, value)) : experiment;

    private static Experiment Guard(Option option, Func<Experiment> apply)
    {
        try
        {
            return apply();
        }
        catch (ArgumentOutOfRangeException error)
        {
            var given = Convert.ToString(error.ActualValue, CultureInfo.InvariantCulture);
            throw new UsageException($"{option.Name} {given}: {Allowed(option.Name)}.");
        }
    }

    private static string Allowed(string option) =>
        option switch
        {
            "--min-gain" => "a loss of at least 0 is expected",
            "--target" => "an accuracy from 0 to 1 is expected",
            _ => "a number of at least 1 is expected",
        };

    private static IEnumerable<int> ParseHidden(string text)
    {
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (text.Length > 0)
            {
                yield return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var units) && units > 0
                    ? units
                    : throw new UsageException($"--hidden {text}: '{word}' is no number of units; a list such as 128,64 is expected.");
            }
        }
    }

    private static Activation ParseActivation(string name) => Enum.Parse<Activation>(name, ignoreCase: true);

    private static InitialWeights ParseWeights(string text) =>
        text switch
        {
            "normal" => InitialWeights.Normal(),
            "glorot" => InitialWeights.Glorot,
            "he" => InitialWeights.He,
            "reference" => InitialWeights.Reference,
            _ when File.Exists(text) => InitialWeights.FromFile(text),
            _ => throw new UsageException($"--initial-weights {text}: no such file; a file, normal, glorot, he or reference is expected."),
        };

    private static T Named<T>(System.CommandLine.Parsing.ArgumentResult result, params string[] names)
        where T : struct, Enum
    {
        var word = result.Tokens[0].Value;
        var index = Array.IndexOf(names, word);
        if (index >= 0)
        {
            return Enum.GetValues<T>()[index];
        }

        result.AddError($"{((System.CommandLine.Parsing.OptionResult)result.Parent!).Option.Name} {word}: {string.Join(" or ", names)} is expected.");
        return default;
    }
}
