using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl schema study</c>: prints the JSON schemas of the tool's files.</summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var study = new CommandPage(
            "study",
            "Prints the JSON schema of study files. Saved as study.schema.json beside them, it lets editors complete and check them.",
            "cutedl schema study > study.schema.json");
        study.SetAction(_ =>
        {
            Console.Write(Study.Schema);
            return ExitCode.Fine;
        });
        var command = new CommandPage("schema", "Prints the JSON schema of a kind of file, for editors.", "cutedl schema study > study.schema.json") { study };
        command.ShowHelp();
        return command;
    }
}
