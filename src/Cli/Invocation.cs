using System.CommandLine;
using System.Runtime.InteropServices;
using CuteDl.Core.Optimizers;
using CuteDl.Studies;

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
    public static async Task<int> RunAsync(string[] args, Interruption interruption)
    {
        var parsed = CommandLine.Create().Parse(args);
        if (interruption.Signal is { } early)
        {
            return ExitCode.Of(early);
        }

        // Help and the version are shown whatever else the command line says.
        var isShown = parsed.Action != parsed.CommandResult.Command.Action;
        if (parsed.Errors.Count > 0 || (!isShown && Mistakes.OptionsAmongArguments(parsed).Any()))
        {
            foreach (var message in Mistakes.Of(parsed))
            {
                Fail(message);
            }

            Console.Error.WriteLine($"See '{HelpPage.Path(parsed.CommandResult.Command)} --help'.");
            return ExitCode.WrongUsage;
        }

        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            var exitCode = await parsed.InvokeAsync(configuration, interruption.Token).ConfigureAwait(false);
            return Coded(exitCode);
        }
        catch (OperationCanceledException) when (interruption.Signal is not null)
        {
            return ExitCode.Of(interruption.Signal.Value);
        }
        catch (Exception error) when (IsUsage(error))
        {
            Fail(Refusal.sentence(error));
            return Coded(ExitCode.WrongUsage);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NonFiniteException)
        {
            Fail(Refusal.sentence(error));
            return ExitCode.RunFailed;
        }

        int Coded(int exitCode) => interruption.Signal is { } signal ? ExitCode.Of(signal) : exitCode;
    }

    private static bool IsUsage(Exception error) =>
        error is UsageException or FormatException or ArgumentException or InitialWeightsException
            or FileNotFoundException or DirectoryNotFoundException;

    /// <summary>Prints an error.</summary>
    public static void Fail(string message) => Console.Error.WriteLine($"cutedl: {MessageText.Of(message)}");
}

/// <summary>Handles Ctrl+C, SIGTERM and SIGHUP. The first signal cancels; a later one ends the program at once.</summary>
/// <remarks>
/// A program such as <c>timeout</c> sends its signal to the process and to the process group, so one request can arrive twice. Signals
/// shortly after the first one are therefore ignored.
/// </remarks>
internal sealed class Interruption : IDisposable
{
    /// <summary>The message that an interruption was received.</summary>
    public const string Message = "Interrupted. Stopping. Press Ctrl+C again to end at once.";

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
            Console.Error.WriteLine($"cutedl: {Message}");
        }

        _source.Cancel();
        return true;
    }
}
