using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>
/// A trainer of one's own, as an immutable value: it trains trials itself, with any library, and gives their validations one after another.
/// Its trials have no checkpoints: an interrupted trial starts anew. They cannot be replayed.
/// </summary>
public sealed class Trainer
{
    private Trainer(OwnTrainer core) => Core = core;

    /// <summary>The name in study files.</summary>
    public string Name => Core.Name;

    internal OwnTrainer Core { get; }

    /// <summary>Makes a trainer.</summary>
    /// <param name="name">The name in study files: small letters, digits and underscores.</param>
    /// <param name="train">
    /// Trains a trial, and yields its validations: one after each <see cref="TrainerTrial.ValidateEvery"/> steps, and one after the last step.
    /// Each is taken when the study needs it, and the enumeration is disposed when the study needs no more. Equal trials must give equal
    /// validations. Cancellation ends the training.
    /// </param>
    /// <param name="version">The version of data and code. A study resumes only with an equal one.</param>
    /// <param name="classes">The number of classes, at least 2, for validations with an accuracy. Default: 0, no classes.</param>
    /// <exception cref="ArgumentException">
    /// The name is not valid or belongs to a problem of the library, or the number of classes is out of its range.
    /// </exception>
    public static Trainer From(string name, Func<TrainerTrial, CancellationToken, IAsyncEnumerable<Score>> train, string version = "", int classes = 0)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(version);
        return new(OwnTrainer.From(
            name,
            FuncConvert.FromFunc((TrialToTrain trial, CancellationToken cancellation) =>
                train(new TrainerTrial(trial), cancellation).ToBlockingEnumerable(cancellation)),
            version,
            classes));
    }

    /// <summary>Returns the name.</summary>
    public override string ToString() => Name;
}

/// <summary>A trial, as a trainer gets it.</summary>
public sealed class TrainerTrial
{
    internal TrainerTrial(TrialToTrain core)
    {
        Trial = core.Trial;
        Optimizer = new(core.Optimizer);
        Steps = core.Steps;
        ValidateEvery = core.ValidateEvery;
    }

    /// <summary>The trial: its seed, and the hyper-parameters that the study sets.</summary>
    public Trial Trial { get; }

    /// <summary>The optimizer, with these hyper-parameters.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>The seed of everything that is random.</summary>
    public int Seed => Trial.Seed;

    /// <summary>The budget in steps.</summary>
    public long Steps { get; }

    /// <summary>The number of steps between validations.</summary>
    public int ValidateEvery { get; }

    /// <summary>Returns the value of a hyper-parameter that the study sets, by its name in the text form; a default if the study does not set it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="otherwise">The default.</param>
    public double Value(string name, double otherwise)
    {
        foreach (var (key, value) in Trial.Values)
        {
            if (key == name)
            {
                return value;
            }
        }

        return otherwise;
    }

    /// <summary>Returns <c>tuning/mnist/adam/3/1000</c>.</summary>
    public override string ToString() => Trial.Id;
}
