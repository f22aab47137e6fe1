using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl schema study</c>: the JSON schemas of the tool's files.</summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var study = new Command("study", "Prints the JSON schema of study files. Save it as study.schema.json beside them: editors then complete and check them.");
        study.SetAction(_ =>
        {
            Console.Write(Study.Schema);
            return ExitCode.Fine;
        });
        return new("schema", "Prints the JSON schema of a kind of file.") { study };
    }
}
