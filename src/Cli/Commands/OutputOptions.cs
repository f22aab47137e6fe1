using System.CommandLine;
using System.Globalization;
using CuteDl.Reports;

namespace CuteDl.Cli;

/// <summary>The output options: the folder, and JSON.</summary>
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
        new(parsed.GetValue(_folder) is { } folder ? Names.Folder(_folder, folder) : null, verb, parsed.GetValue(_json));
}

/// <param name="Folder">The folder that the user named; null if none.</param>
/// <param name="Verb">The name of the command, which is part of the default folder's name.</param>
/// <param name="IsJson">True if standard output is read by a program.</param>
internal sealed record Output(string? Folder, string Verb, bool IsJson)
{
    /// <summary>Creates the folder: the one that the user named, or a new one that no other process uses.</summary>
    /// <exception cref="IOException">The folder cannot be created, or files cannot be written to it.</exception>
    public string MakeFolder()
    {
        var time = DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var folder = Folder ?? NewFolder.Create(Path.Combine("artifacts", $"{Verb}-{time}"));
        ResultFolder.Prepare(folder);
        return folder;
    }
}
