using System.CommandLine;
using System.Runtime.InteropServices;

namespace CuteDl.Cli;

/// <summary>How the program ended; the README lists these.</summary>
internal static class ExitCode
{
    public const int Fine = 0;
    public const int RunFailed = 1;
    public const int LawBroken = 1;
    public const int WrongUsage = 2;
    public const int Interrupted = 130;
}

/// <summary>What the user asked for cannot be done; the message is for the user as it is.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Parses, runs, and turns what went wrong into one sentence and an exit code.</summary>
internal static class Invocation
{
    public static async Task<int> RunAsync(Command command, string[] args)
    {
        var parsed = command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Fail(error.Message);
            }

            Console.Error.WriteLine($"See '{string.Join(' ', CommandPath(parsed))} --help'.");
            return ExitCode.WrongUsage;
        }

        using var interruption = new Interruption();
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            var exitCode = await parsed.InvokeAsync(configuration, interruption.Token).ConfigureAwait(false);
            return interruption.Token.IsCancellationRequested ? ExitCode.Interrupted : exitCode;
        }
        catch (Exception error) when (IsUsage(error))
        {
            Fail(Sentence(error.Message));
            return ExitCode.WrongUsage;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail(Sentence(error.Message));
            return ExitCode.RunFailed;
        }
    }

    /// <summary>What an error says, without what .NET adds for programmers: the parameter's name, and its value on a line of its own.</summary>
    public static string Sentence(string message) => message.ReplaceLineEndings("\n").Split("\nActual value was ")[0].Split(" (Parameter '")[0];

    private static bool IsUsage(Exception error) =>
        error is UsageException or FormatException or ArgumentException or InitialWeightsException
            or FileNotFoundException or DirectoryNotFoundException;

    /// <summary>Says what went wrong.</summary>
    public static void Fail(string message) => Console.Error.WriteLine($"cutedl: {message}");

    private static IEnumerable<string> CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = (System.CommandLine.Parsing.SymbolResult?)parsed.CommandResult; result is not null; result = result.Parent)
        {
            if (result is System.CommandLine.Parsing.CommandResult command)
            {
                names.Push(command.Command.Name);
            }
        }

        return names;
    }
}

/// <summary>Ctrl+C, being asked to terminate, and a terminal that goes away: the first time cancels, the second ends the program at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    public Interruption()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
        {
            return;
        }

        context.Cancel = true;
        if (Console.IsErrorRedirected)
        {
            // On a terminal the live table says so.
            Console.Error.WriteLine("cutedl: interrupted; writing what was finished (once more to end at once).");
        }

        _source.Cancel();
    }
}
