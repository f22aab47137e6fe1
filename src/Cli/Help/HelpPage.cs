using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Text;

namespace CuteDl.Cli;

/// <summary>Prints the help of a command. Lines have at most 80 characters, on every terminal and in pipes.</summary>
internal static class HelpPage
{
    private const int Width = 80;

    // The description of a longer name starts on the next line.
    private const int WidestName = 26;

    public static string Of(Command command)
    {
        var text = new StringBuilder();
        Wrapped(text, command.Description ?? "", "");
        Title(text, "Usage");
        Wrapped(text, Usage(command), "  ");
        Entries(text, "Arguments", command.Arguments.Select(argument => (argument.Name, WithDefault(argument.Description, argument))));
        Entries(text, "Commands", command.Subcommands.Select(sub => (sub.Name, sub.Description ?? "")));
        Entries(text, "Options", Options(command).Select(option => (Name(option), Description(option))));
        if (command is CommandPage page)
        {
            Examples(text, page.Examples);
            if (page.Notes.Length > 0)
            {
                text.Append('\n');
                Wrapped(text, page.Notes, "");
            }
        }

        return text.ToString();
    }

    /// <summary>Returns the names of a command and those above it: <c>cutedl study run</c>.</summary>
    public static string Path(Command command)
    {
        var names = new Stack<string>();
        for (var at = command; at is not null; at = at.Parents.OfType<Command>().FirstOrDefault())
        {
            names.Push(at.Name);
        }

        return string.Join(' ', names);
    }

    /// <summary>Returns the form of a command line: <c>cutedl run RUN [options]</c>.</summary>
    public static string Usage(Command command)
    {
        string[] words =
        [
            Path(command),
            .. command.Subcommands.Count > 0 ? ["COMMAND"] : Array.Empty<string>(),
            .. command.Arguments.Select(Usage),
            .. command.Options.Where(option => option.Required).Select(Name),
            "[options]",
        ];
        return string.Join(' ', words);
    }

    private static string Usage(Argument argument)
    {
        var name = argument.Arity.MaximumNumberOfValues > 1 ? $"{argument.Name}..." : argument.Name;
        return argument.Arity.MinimumNumberOfValues == 0 || argument.HasDefaultValue ? $"[{name}]" : name;
    }

    /// <summary>Returns the options of a command, and those of the whole program, such as --help.</summary>
    public static IEnumerable<Option> Options(Command command)
    {
        var inherited = command.Parents.OfType<Command>().SelectMany(Options).Where(option => option.Recursive);
        return command.Options.Concat(inherited).Where(option => !option.Hidden);
    }

    /// <summary>Returns the names of an option and its value: <c>--seed N</c>.</summary>
    public static string Name(Option option)
    {
        var names = string.Join(", ", option.Aliases.Where(alias => alias is not ("-?" or "/?" or "/h")).Append(option.Name));
        return option.HelpName is { } value ? $"{names} {value}" : names;
    }

    private static string Description(Option option) =>
        option switch
        {
            HelpOption => "Show this help.",
            VersionOption => "Show the version.",
            _ => WithDefault(option.Description, option),
        };

    private static string WithDefault(string? description, Argument argument) =>
        argument.HasDefaultValue ? WithDefault(description, argument.GetDefaultValue()) : description ?? "";

    private static string WithDefault(string? description, Option option) =>
        option.HasDefaultValue && option.ValueType != typeof(bool) ? WithDefault(description, option.GetDefaultValue()) : description ?? "";

    private static string WithDefault(string? description, object? value) =>
        $"{description} Default: {Convert.ToString(value, CultureInfo.InvariantCulture)!.ToLowerInvariant()}.";

    private static void Entries(StringBuilder text, string title, IEnumerable<(string Name, string Description)> entries)
    {
        var all = entries.ToArray();
        if (all.Length == 0)
        {
            return;
        }

        Title(text, title);
        var column = all.Select(entry => entry.Name.Length).Where(length => length <= WidestName).Append(0).Max();
        var indent = new string(' ', column + 4);
        foreach (var (name, description) in all)
        {
            var start = text.Length;
            Wrapped(text, description, indent);
            var label = "  " + name;
            if (name.Length > column)
            {
                text.Insert(start, label + "\n");
            }
            else
            {
                text.Remove(start, label.Length).Insert(start, label);
            }
        }
    }

    private static void Examples(StringBuilder text, IReadOnlyList<string> examples)
    {
        if (examples.Count > 0)
        {
            Title(text, examples.Count == 1 ? "Example" : "Examples");
            foreach (var example in examples)
            {
                text.Append("  ").Append(example).Append('\n');
            }
        }
    }

    private static void Title(StringBuilder text, string title) => text.Append('\n').Append(title).Append(":\n");

    private static void Wrapped(StringBuilder text, string content, string indent)
    {
        var line = new StringBuilder(indent);
        foreach (var word in content.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > indent.Length && line.Length + 1 + word.Length > Width)
            {
                text.Append(line).Append('\n');
                line.Clear().Append(indent);
            }

            line.Append(line.Length > indent.Length ? " " : "").Append(word);
        }

        text.Append(line).Append('\n');
    }
}

/// <summary>Prints a <see cref="HelpPage"/>. With --help, other errors in the command line are ignored.</summary>
internal sealed class HelpPageAction(bool clearsParseErrors) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors { get; } = clearsParseErrors;

    public override int Invoke(ParseResult parseResult)
    {
        Console.Out.Write(HelpPage.Of(parseResult.CommandResult.Command));
        return ExitCode.Fine;
    }
}
