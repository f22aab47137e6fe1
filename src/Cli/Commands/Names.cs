using System.CommandLine;
using System.CommandLine.Parsing;
using CuteDl.Core.Data;

namespace CuteDl.Cli;

/// <summary>Checks arguments and options that are names of files or folders.</summary>
internal static class Names
{
    /// <summary>Rejects an empty name.</summary>
    /// <param name="argument">The argument.</param>
    public static Argument<string> NotEmpty(Argument<string> argument)
    {
        argument.Validators.Add(result => Check(result, argument.Name));
        return argument;
    }

    /// <summary>Rejects an empty name.</summary>
    /// <param name="option">The option.</param>
    public static Option<T> NotEmpty<T>(Option<T> option)
    {
        option.Validators.Add(result => Check(result, option.Name));
        return option;
    }

    /// <summary>Returns the name of a folder for output. Refuses an empty name and the name of a file.</summary>
    /// <exception cref="UsageException">The name is empty.</exception>
    /// <exception cref="DirectoryNotFoundException">A file is in the place of the folder.</exception>
    public static string Folder(Option option, string folder)
    {
        OutputPath.checkFolder(TrainingOptions.NotEmpty(option, folder));
        return folder;
    }

    private static void Check(SymbolResult result, string name)
    {
        if (result.Tokens is [{ Value: var value }] && string.IsNullOrWhiteSpace(value))
        {
            result.AddError($"{name} is empty. Give the name of a file or folder.");
        }
    }
}
