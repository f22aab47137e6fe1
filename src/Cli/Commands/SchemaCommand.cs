using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl schema study</c>: prints the JSON schemas of the tool's files.</summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var study = new CommandPage(
            "study",
            "Prints the JSON schema of study files. Save the schema as study.schema.json next to your study files: editors then offer completion and report errors.",
            "cutedl schema study > study.schema.json");
        study.SetAction(_ =>
        {
            Console.Write(Study.Schema);
            return ExitCode.Fine;
        });
        var command = new CommandPage("schema", "Prints the JSON schema of study files, for completion and checking in editors.", "cutedl schema study > study.schema.json") { study };
        command.ShowHelp();
        return command;
    }
}
