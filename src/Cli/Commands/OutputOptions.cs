using System.CommandLine;
using System.Globalization;

namespace CuteDl.Cli;

/// <summary>The options of the output: the folder, and JSON.</summary>
internal sealed class OutputOptions
{
    private readonly Option<string?> _folder = new("--out")
    {
        HelpName = "DIR",
        Description = "Folder for results and pictures (default: artifacts/<command>-<time>). Files of the same names are replaced.",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print progress and results as one JSON object per line. Other messages go to standard error.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_folder);
        command.Options.Add(_json);
    }

    public Output Read(ParseResult parsed, string verb)
    {
        var time = DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        return new Output(parsed.GetValue(_folder) is { } folder ? TrainingOptions.NotEmpty(_folder, folder) : Path.Combine("artifacts", $"{verb}-{time}"), parsed.GetValue(_json));
    }
}

/// <param name="Folder">Where results and pictures go.</param>
/// <param name="IsJson">Whether standard output is for programs.</param>
internal sealed record Output(string Folder, bool IsJson);
