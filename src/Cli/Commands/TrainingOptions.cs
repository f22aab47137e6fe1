using System.CommandLine;
using System.Globalization;
using CuteDl.Core.Networks;
using CuteDl.Core.Optimizers;

namespace CuteDl.Cli;

/// <summary>The options of every command that trains, and the experiment that they describe.</summary>
internal sealed class TrainingOptions
{
    private readonly DataOptions _images = new();

    private readonly Option<string?> _hidden = new("--hidden")
    {
        HelpName = "UNITS",
        Description = "Units of the hidden layers, such as 128 or 128,64. Default: no hidden layer.",
    };

    private readonly Option<Activation> _hiddenActivation = new("--hidden-activation")
    {
        HelpName = "NAME",
        Description = $"Activation of the hidden layers: {Choices.Words<Activation>()}.",
        DefaultValueFactory = _ => Activation.ReLU,
        CustomParser = result => Choices.Named(result, Enum.GetValues<Activation>()),
    };

    private readonly Option<Activation> _output = new("--output")
    {
        HelpName = "NAME",
        Description = "Activation of the output layer: relu, as in the documented runs, or linear.",
        DefaultValueFactory = _ => Activation.ReLU,
        CustomParser = result => Choices.Named(result, Activation.ReLU, Activation.Linear),
    };

    private readonly Option<string?> _layers = new("--layers")
    {
        HelpName = "LAYERS",
        Description = "All layers in order, instead of --hidden, --hidden-activation and --output: "
            + $"\"conv(32, size=5, activation=relu) | max_pool(2) | flatten | dense(10)\". The kinds are {Quotation.list(LayerKinds.all.Select(kind => kind.Name))}.",
    };

    private readonly Option<int> _batch = new("--batch")
    {
        HelpName = "N",
        Description = "Images per training step, at least 1.",
        DefaultValueFactory = _ => 64,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly Option<Order> _order = new("--order")
    {
        HelpName = "NAME",
        Description = "Order of the images in an epoch: file (the order of the data set) or shuffle.",
        DefaultValueFactory = _ => Order.File,
        CustomParser = result => Choices.Named(result, Order.File, Order.Shuffle),
    };

    private readonly Option<Precision> _precision = new("--precision")
    {
        HelpName = "NAME",
        Description = "Floating-point precision of the training: single or double.",
        DefaultValueFactory = _ => Precision.Single,
        CustomParser = result => Choices.Named(result, Precision.Single, Precision.Double),
    };

    private readonly Option<int?> _seed = new("--seed")
    {
        HelpName = "N",
        Description = "Seed of random initial weights and of shuffling; a whole number. Default: 0.",
        CustomParser = Numbers.WholeOrNone<int>,
    };

    private readonly Option<string?> _initialWeights = new("--initial-weights")
    {
        HelpName = "WEIGHTS",
        Description =
            "Initial weights: normal (standard deviation 0.01), glorot, he, reference, or an .npz file with the arrays "
            + "layers.0.weight (inputs x units), layers.0.bias, ... Default: normal. If no seed is given, a model without hidden layers on MNIST starts from reference: fixed weights, built in.",
    };

    private readonly Option<ValidationMean?> _validationMean = new("--validation-mean")
    {
        HelpName = "NAME",
        Description =
            "How the validation loss is averaged: examples (over all examples) or batches (over the means of the batches). "
            + "Default: examples. If no seed is given, a model without hidden layers on MNIST with batches of 64 uses batches.",
        CustomParser = result => Choices.Named(result, ValidationMean.Examples, ValidationMean.Batches),
    };

    private readonly Option<int> _maxEpochs = new("--max-epochs")
    {
        HelpName = "N",
        Description = "Largest number of epochs, at least 1.",
        DefaultValueFactory = _ => 5000,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly Option<long?> _maxSteps = new("--max-steps")
    {
        HelpName = "N",
        Description = "Largest number of training steps, at least 1. Default: no limit.",
        CustomParser = Numbers.WholeOrNone<long>,
    };

    private readonly Option<int?> _validateEvery = new("--validate-every")
    {
        HelpName = "STEPS",
        Description = "Training steps between validations, at least 1. Default: one epoch.",
        CustomParser = Numbers.WholeOrNone<int>,
    };

    private readonly Option<int> _patience = new("--patience")
    {
        HelpName = "N",
        Description = "Stop a run if N validations came after the lowest validation loss; at least 1. The first N validations of a run are ignored.",
        DefaultValueFactory = _ => 20,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly Option<double> _minGain = new("--min-gain")
    {
        HelpName = "LOSS",
        Description = "Stop a run if the newest validation loss is the lowest, but it fell by less than LOSS over the newest --patience validations. LOSS is at least 0. The first --patience validations of a run are ignored.",
        DefaultValueFactory = _ => 0.001,
        CustomParser = Numbers.Real,
    };

    private readonly Option<double> _target = new("--target")
    {
        HelpName = "ACCURACY",
        Description = "Stop a run when, after more than --hold validations, the last --hold accuracies were all above ACCURACY; from 0 to 1.",
        DefaultValueFactory = _ => 0.91,
        CustomParser = Numbers.Real,
    };

    private readonly Option<int> _hold = new("--hold")
    {
        HelpName = "N",
        Description = "Number of validations in a row for --target, at least 1.",
        DefaultValueFactory = _ => 20,
        CustomParser = Numbers.Whole<int>,
    };

    private readonly bool _hasLimits;

    /// <param name="hasLimits">True if a limit or a stop rule ends the training.</param>
    public TrainingOptions(bool hasLimits = true)
    {
        _hasLimits = hasLimits;
    }

    public void AddTo(Command command)
    {
        Option[] options = [_images.Folder, _images.Classes, _hidden, _hiddenActivation, _output, _layers, _batch, _order, _precision, _seed, _initialWeights, _images.Expansion];
        Option[] limits = [_validationMean, _maxEpochs, _maxSteps, _validateEvery, _patience, _minGain, _target, _hold];
        foreach (var option in _hasLimits ? [.. options, .. limits] : options)
        {
            command.Options.Add(option);
        }
    }

    public bool HasSeed(ParseResult parsed) => parsed.GetValue(_seed) is not null;

    /// <summary>Returns the experiment that the options describe. A value out of range is a usage error with the option's name.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="isSeeded">True if the user gave seeds: the initial weights are then random by default.</param>
    public Experiment Read(ParseResult parsed, bool isSeeded)
    {
        var experiment = Mnist.Documented(model => WithLayers(parsed, model))
            .Order(parsed.GetValue(_order))
            .Precision(parsed.GetValue(_precision));
        experiment = Guard(_batch, () => experiment.Batch(parsed.GetValue(_batch)));
        experiment = _hasLimits ? WithLimits(parsed, experiment) : experiment;
        experiment = When(parsed, _seed, experiment, (e, seed) => e.Seed(seed));
        var expansion = _images.ReadExpansion(parsed);
        if (parsed.GetValue(_initialWeights) is { } weights)
        {
            experiment = experiment.InitialWeights(ParseWeights(weights, expansion));
        }
        else if (IsDocumentModel(parsed) && !isSeeded)
        {
            experiment = experiment.InitialWeights(InitialWeights.Reference);
        }

        experiment = experiment.ValidationMean(Mean(parsed, isSeeded));

        // Reading data is slow, so it comes last: errors in numbers are reported first.
        return _images.Read(parsed) is { } data ? experiment.Data(data) : experiment;
    }

    private Experiment WithLayers(ParseResult parsed, Experiment experiment)
    {
        var classes = _images.ReadClasses(parsed);
        if (parsed.GetValue(_layers) is { } layers)
        {
            return Array.Find<Option>([_hidden, _hiddenActivation, _output], option => parsed.GetResult(option) is { Implicit: false }) is { } other
                ? throw new UsageException($"{_layers.Name} has all layers, so {other.Name} cannot be used with it. Leave one of them out.")
                : experiment.Layers(layers);
        }

        var activation = parsed.GetValue(_hiddenActivation);
        return ParseHidden(parsed.GetValue(_hidden) ?? "")
            .Aggregate(experiment, (model, units) => model.Dense(units, activation))
            .Dense(classes, parsed.GetValue(_output));
    }

    private Experiment WithLimits(ParseResult parsed, Experiment experiment)
    {
        experiment = Guard(_maxEpochs, () => experiment.Epochs(parsed.GetValue(_maxEpochs)));
        experiment = Guard(_patience, () => experiment.StopWithoutGain(parsed.GetValue(_patience), 0));
        experiment = Guard(_minGain, () => experiment.StopWithoutGain(parsed.GetValue(_patience), parsed.GetValue(_minGain)));
        experiment = Guard(_target, () => experiment.StopAtTarget(parsed.GetValue(_target), 1));
        experiment = Guard(_hold, () => experiment.StopAtTarget(parsed.GetValue(_target), parsed.GetValue(_hold)));
        experiment = When(parsed, _maxSteps, experiment, (e, steps) => e.MaxSteps(steps));
        return When(parsed, _validateEvery, experiment, (e, steps) => e.ValidateEvery(steps));
    }

    private ValidationMean Mean(ParseResult parsed, bool isSeeded)
    {
        var isDocumentPreset = IsDocumentModel(parsed) && !isSeeded && parsed.GetValue(_batch) == 64;
        var given = _hasLimits ? parsed.GetValue(_validationMean) : null;
        return given ?? (isDocumentPreset ? ValidationMean.Batches : ValidationMean.Examples);
    }

    private bool IsDocumentModel(ParseResult parsed) =>
        parsed.GetValue(_images.Folder) is null && parsed.GetValue(_hidden) is null or "" && parsed.GetValue(_layers) is null && parsed.GetValue(_images.Classes) == 10;

    internal static int AtLeast(Option option, int value, int least) =>
        value >= least ? value : throw new UsageException($"{option.Name} must be at least {least}, not {value}.");

    internal static string NotEmpty(Option option, string value) =>
        value.Trim().Length > 0 ? value : throw new UsageException($"{option.Name} is empty. Give the name of a folder.");

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
            throw new UsageException($"{option.Name} must be {Allowed(option.Name)}, not {given}.");
        }
    }

    private static string Allowed(string option) =>
        option switch
        {
            "--min-gain" => "at least 0",
            "--target" => "from 0 to 1",
            _ => "at least 1",
        };

    private static IEnumerable<int> ParseHidden(string text)
    {
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (text.Length > 0)
            {
                yield return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var units) && units > 0
                    ? units
                    : throw new UsageException($"--hidden must be a list of whole numbers such as 128,64; '{word}' is not one.");
            }
        }
    }

    private static InitialWeights ParseWeights(string text, int expansion) =>
        text switch
        {
            "normal" => InitialWeights.Normal(),
            "glorot" => InitialWeights.Glorot,
            "he" => InitialWeights.He,
            "reference" => InitialWeights.Reference,
            _ when Path.Exists(text) || text.EndsWith(".npz", StringComparison.OrdinalIgnoreCase) => InitialWeights.FromFile(text, expansion),
            _ => throw new UsageException($"--initial-weights must be normal, glorot, he, reference or an existing .npz file, not '{text}'."),
        };
}
