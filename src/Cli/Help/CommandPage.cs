using System.CommandLine;

namespace CuteDl.Cli;

/// <summary>A command with an example for its help.</summary>
/// <param name="name">The name of the command.</param>
/// <param name="description">The description, in full sentences.</param>
/// <param name="examples">Command lines that can be copied.</param>
internal sealed class CommandPage(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Notes at the end of the help; empty for none.</summary>
    public string Notes { get; set; } = "";

    /// <summary>Makes the command print its help if no subcommand is given.</summary>
    public void ShowHelp() => Action = new HelpPageAction(clearsParseErrors: false);
}
