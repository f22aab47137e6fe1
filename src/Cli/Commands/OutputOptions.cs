using System.CommandLine;
using System.Globalization;
using CuteDl.Reports;

namespace CuteDl.Cli;

/// <summary>The options of the output: the folder, and JSON.</summary>
internal sealed class OutputOptions
{
    private readonly Option<string?> _folder = new("--out")
    {
        HelpName = "DIR",
        Description = "Folder for results and pictures. If it exists, result files in it are overwritten. Default: a new folder, artifacts/<command>-<time>.",
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

    public Output Read(ParseResult parsed, string verb) =>
        new(parsed.GetValue(_folder) is { } folder ? TrainingOptions.NotEmpty(_folder, folder) : null, verb, parsed.GetValue(_json));
}

/// <param name="Folder">The folder that the user named, if any.</param>
/// <param name="Verb">The command, which names the default folder.</param>
/// <param name="IsJson">True if standard output is for programs.</param>
internal sealed record Output(string? Folder, string Verb, bool IsJson)
{
    /// <summary>Makes the folder: the one that the user named, or a new one that no other process has.</summary>
    /// <exception cref="IOException">It cannot be made, or files cannot be written into it.</exception>
    public string MakeFolder()
    {
        var time = DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var folder = Folder ?? NewFolder.Create(Path.Combine("artifacts", $"{Verb}-{time}"));
        ResultFolder.Prepare(folder);
        return folder;
    }
}
