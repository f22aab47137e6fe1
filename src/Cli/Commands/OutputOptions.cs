using System.CommandLine;
using System.Globalization;

namespace CuteDl.Cli;

/// <summary>The output options: the folder, and JSON.</summary>
/// <param name="existing">What happens if the folder exists, as a sentence.</param>
internal sealed class OutputOptions(string existing)
{
    private readonly Option<string?> _folder = new("--out")
    {
        HelpName = "DIR",
        Description = $"Folder for results and pictures. {existing} Default: a new folder, artifacts/<command>-<time>.",
    };

    private readonly Option<bool> _json = Json();

    /// <summary>The options of a command that trains in a folder from which it can be resumed.</summary>
    public static OutputOptions Resumable() => new("It must be new or empty. 'cutedl resume DIR' continues after an interruption.");

    /// <summary>The option for output to programs.</summary>
    public static Option<bool> Json() =>
        new("--json") { Description = "Print progress and results as one JSON object per line. Other messages go to standard error." };

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
    /// <summary>Creates the default folder, a new one that no other process uses, unless the user named a folder.</summary>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public string MakeFolder()
    {
        var time = DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        return Folder ?? NewFolder.Create(Path.Combine("artifacts", $"{Verb}-{time}"));
    }

    /// <summary>Carries out a study in the folder. What would be refused is reported before the folder is created.</summary>
    /// <param name="study">The study.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it, and saves the running trials.</param>
    /// <param name="model">The file for the model of a single run; null for none.</param>
    public Task<int> CarryOutAsync(Study study, StudyOptions options, CancellationToken cancellationToken, string? model = null)
    {
        var prepared = study.Prepare();
        return StudySession.RunAsync(prepared, MakeFolder(), options, IsJson, cancellationToken, model);
    }
}
