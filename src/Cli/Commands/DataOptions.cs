using System.CommandLine;

namespace CuteDl.Cli;

/// <summary>The options that name a data set.</summary>
internal sealed class DataOptions
{
    /// <summary>The folder; without it, the data set is MNIST.</summary>
    public Option<string?> Folder { get; } = new("--data")
    {
        HelpName = "DIR",
        Description = "Folder with a data set in MNIST's format: train-images-idx3-ubyte and the three other files, plain or gzipped. Default: MNIST, built in.",
    };

    /// <summary>The number of classes.</summary>
    public Option<int> Classes { get; } = new("--classes")
    {
        HelpName = "N",
        Description = "Number of classes of the data set, at least 2; the model has as many outputs.",
        DefaultValueFactory = _ => 10,
        CustomParser = Numbers.Whole<int>,
    };

    /// <summary>The limit of compressed files.</summary>
    public Option<int> Expansion { get; } = MaxExpansion();

    /// <summary>Returns the option of every command that reads compressed data files.</summary>
    public static Option<int> MaxExpansion() => new("--max-expansion")
    {
        HelpName = "N",
        Description = "Largest allowed ratio of unpacked to packed size of a compressed file, at least 1. A file with a larger ratio is refused.",
        DefaultValueFactory = _ => Core.Data.Growing.DefaultExpansion,
        CustomParser = Numbers.Whole<int>,
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { Folder, Classes, Expansion })
        {
            command.Options.Add(option);
        }
    }

    public int ReadClasses(ParseResult parsed) => TrainingOptions.AtLeast(Classes, parsed.GetValue(Classes), 2);

    public int ReadExpansion(ParseResult parsed) => TrainingOptions.AtLeast(Expansion, parsed.GetValue(Expansion), 1);

    /// <summary>Returns the data set of the folder; null if the user named none.</summary>
    public DataSet? Read(ParseResult parsed)
    {
        var (classes, expansion) = (ReadClasses(parsed), ReadExpansion(parsed));
        return parsed.GetValue(Folder) is { } folder ? DataSet.FromFolder(TrainingOptions.NotEmpty(Folder, folder), classes, expansion) : null;
    }
}
