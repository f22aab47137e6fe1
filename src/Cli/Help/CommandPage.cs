using System.CommandLine;

namespace CuteDl.Cli;

/// <summary>A command with an example for its help.</summary>
/// <param name="name">The command's name.</param>
/// <param name="description">What it does, in full sentences.</param>
/// <param name="examples">Command lines that can be copied.</param>
internal sealed class CommandPage(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Shown at the end of the help; empty if there is nothing to add.</summary>
    public string Notes { get; set; } = "";

    /// <summary>Makes the command print its help when no subcommand is given.</summary>
    public void ShowHelp() => Action = new HelpPageAction(clearsParseErrors: false);
}
