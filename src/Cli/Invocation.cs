using System.CommandLine;
using System.Runtime.InteropServices;
using CuteDl.Core.Optimizers;

namespace CuteDl.Cli;

/// <summary>The exit codes of the program; the guide lists them.</summary>
internal static class ExitCode
{
    public const int Fine = 0;
    public const int RunFailed = 1;
    public const int LawBroken = 1;
    public const int WrongUsage = 2;

    /// <summary>Returns the exit code of a process that a signal ended: 128 plus the number of the signal.</summary>
    public static int Of(PosixSignal signal) =>
        signal switch
        {
            PosixSignal.SIGHUP => 129,
            PosixSignal.SIGINT => 130,
            PosixSignal.SIGTERM => 143,
            _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "No such signal is handled."),
        };
}

/// <summary>An error in the command line or in a file that it names. The message is shown to the user.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Parses and runs a command line. Turns errors into a message and an exit code.</summary>
internal static class Invocation
{
    public static async Task<int> RunAsync(Command command, string[] args)
    {
        var parsed = command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var message in Mistakes(parsed))
            {
                Fail(message);
            }

            Console.Error.WriteLine($"See '{string.Join(' ', CommandPath(parsed))} --help'.");
            return ExitCode.WrongUsage;
        }

        using var interruption = new Interruption(TimeProvider.System);
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            var exitCode = await parsed.InvokeAsync(configuration, interruption.Token).ConfigureAwait(false);
            return interruption.Signal is { } signal ? ExitCode.Of(signal) : exitCode;
        }
        catch (OperationCanceledException) when (interruption.Signal is not null)
        {
            return ExitCode.Of(interruption.Signal.Value);
        }
        catch (Exception error) when (IsUsage(error))
        {
            Fail(Sentence(error.Message));
            return ExitCode.WrongUsage;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NonFiniteException)
        {
            Fail(Sentence(error.Message));
            return ExitCode.RunFailed;
        }
    }

    /// <summary>Removes what .NET adds to exception messages: the parameter's name, and a line with its value.</summary>
    public static string Sentence(string message) => message.ReplaceLineEndings("\n").Split("\nActual value was ")[0].Split(" (Parameter '")[0];

    private static bool IsUsage(Exception error) =>
        error is UsageException or FormatException or ArgumentException or InitialWeightsException
            or FileNotFoundException or DirectoryNotFoundException;

    /// <summary>Prints an error.</summary>
    public static void Fail(string message) => Console.Error.WriteLine($"cutedl: {MessageText.Of(message)}");

    // An unknown command gets a suggestion. All other messages come from the parser.
    private static IEnumerable<string> Mistakes(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count == 0 || parsed.UnmatchedTokens is not [var word, ..] || word.StartsWith('-'))
        {
            return parsed.Errors.Select(error => error.Message);
        }

        var known = command.Subcommands.Select(sub => sub.Name).ToArray();
        var nearest = Suggestion.nearest(known, word) is { Value: var near } ? $"Did you mean {near}?" : $"The commands are {string.Join(", ", known)}.";
        return [$"{command.Name} has no command '{word}'. {nearest}"];
    }

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

/// <summary>Handles Ctrl+C, SIGTERM and SIGHUP. The first signal cancels; a later one ends the program at once.</summary>
/// <remarks>
/// A program such as <c>timeout</c> sends its signal to the process and to the process group, so one request can arrive twice. Signals
/// shortly after the first one are therefore ignored.
/// </remarks>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan SameRequest = TimeSpan.FromSeconds(0.5);

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private long _firstAt;

    /// <param name="clock">The clock for the time between two signals.</param>
    public Interruption(TimeProvider clock)
    {
        _clock = clock;
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context => context.Cancel = Handle(context.Signal)));
        }
    }

    public CancellationToken Token => _source.Token;

    /// <summary>The signal that cancelled; null if none did.</summary>
    public PosixSignal? Signal { get; private set; }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    /// <summary>Handles a signal. Returns false if it must end the program at once.</summary>
    internal bool Handle(PosixSignal signal)
    {
        lock (_lock)
        {
            if (Signal is not null)
            {
                return _clock.GetElapsedTime(_firstAt) < SameRequest;
            }

            _firstAt = _clock.GetTimestamp();
            Signal = signal;
        }

        if (Console.IsErrorRedirected)
        {
            // On a terminal, the live table shows this message.
            Console.Error.WriteLine("cutedl: Interrupted. Saving finished work; press Ctrl+C again to stop now.");
        }

        _source.Cancel();
        return true;
    }
}
