using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Spectre.Console;

namespace CuteDl.Tests;

/// <summary>The tool as a process of its own, in a working directory of its own.</summary>
internal sealed partial class Tool : IDisposable
{
    private const int Interrupt = 2;

    // As Linux numbers them.
    private const int Resume = 18;
    private const int Stop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // How a process treats a signal: by default, or not at all.
    private const nint Default = 0;
    private const nint Ignored = 1;

    // A shell lets programs in the background ignore interrupts, and their children inherit that. Tools must react to them all the same.
    static Tool()
    {
        if (!OperatingSystem.IsWindows() && Handle(Interrupt, Default) is var handler && handler != Ignored)
        {
            _ = Handle(Interrupt, handler);
        }
    }

    public Tool() => Folder = Directory.CreateTempSubdirectory("cutedl-tests-").FullName;

    /// <summary>The working directory; gone when the test ends.</summary>
    public string Folder { get; }

    /// <summary>Variables of the tool's environment, beside those of the tests.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>Runs the tool's entry point in this process: a fraction of the time that a process of its own takes to start.</summary>
    /// <remarks>
    /// It changes the working directory and the console, so no other test may run beside it. On a terminal the tool would draw
    /// live tables; there it runs as a process, without one.
    /// </remarks>
    public Outcome Run(params string[] arguments) => RunIn(".", arguments);

    /// <summary>As <see cref="Run"/>, in a folder within the working directory.</summary>
    public Outcome RunIn(string within, params string[] arguments)
    {
        if (!Console.IsOutputRedirected || !Console.IsErrorRedirected)
        {
            using var process = Start(arguments, within);
            return WaitFor(process);
        }

        using var output = new StringWriter();
        using var error = new StringWriter();
        var (folder, outputBefore, errorBefore, ansiBefore) = (System.Environment.CurrentDirectory, Console.Out, Console.Error, AnsiConsole.Console);
        System.Environment.CurrentDirectory = PathOf(within);
        Console.SetOut(output);
        Console.SetError(error);
        AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        try
        {
            using var interruption = new Cli.Interruption(TimeProvider.System);
            var exitCode = Cli.Invocation.RunAsync(arguments, interruption).GetAwaiter().GetResult();
            return new Outcome(exitCode, output.ToString(), error.ToString());
        }
        finally
        {
            AnsiConsole.Console = ansiBefore;
            Console.SetOut(outputBefore);
            Console.SetError(errorBefore);
            System.Environment.CurrentDirectory = folder;
        }
    }

    /// <summary>Runs the tool to its end, as a process.</summary>
    public Outcome RunProcess(params string[] arguments)
    {
        using var process = Start(arguments);
        return WaitFor(process);
    }

    /// <summary>Runs the tool to its end with a limit of files that it may open at once.</summary>
    public Outcome RunWithOpenFiles(int limit, params string[] arguments) => RunInShell($"ulimit -n {limit}; exec dotnet \"$@\"", arguments);

    /// <summary>Runs the tool to its end with redirected streams, such as <c>&gt;&amp;-</c>.</summary>
    public Outcome RunRedirected(string redirections, params string[] arguments) => RunInShell($"exec dotnet \"$@\" {redirections}", arguments);

    private Outcome RunInShell(string script, string[] arguments)
    {
        var start = new ProcessStartInfo("sh") { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-c", script, "sh", Path.Combine(AppContext.BaseDirectory, "CuteDl.Cli.dll"), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        return WaitFor(process);
    }

    /// <summary>Starts the tool; once it has written a line with this text to standard error, sends it an interrupt.</summary>
    public Outcome RunAndInterrupt(string afterLineWith, params string[] arguments) => RunAndSignal(Interrupt, afterLineWith, arguments);

    /// <summary>Starts the tool; once it has written a line with this text to standard error, sends it a signal.</summary>
    public Outcome RunAndSignal(int signal, string afterLineWith, params string[] arguments)
    {
        using var process = Start(arguments);
        var errors = ReadUntil(process, afterLineWith);
        _ = Kill(process.Id, signal);
        var outcome = WaitFor(process);
        return outcome with { Error = errors + outcome.Error };
    }

    /// <summary>True if processes ignore a signal from their start, as SIGHUP under <c>nohup</c>.</summary>
    public static bool IsIgnored(int signal)
    {
        var mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[^16..];
        return (Convert.ToUInt64(mask, 16) >> (signal - 1) & 1) == 1;
    }

    /// <summary>Starts the tool; once it has written a line with this text to standard error, stops it until <see cref="Continue"/>.</summary>
    public Process StartAndStop(string afterLineWith, params string[] arguments)
    {
        var process = Start(arguments);
        _ = ReadUntil(process, afterLineWith);
        _ = Kill(process.Id, Stop);
        return process;
    }

    /// <summary>Lets a stopped process go on to its end.</summary>
    public static Outcome Continue(Process process)
    {
        _ = Kill(process.Id, Resume);
        return WaitFor(process);
    }

    /// <summary>Starts the tool and after some time sends it a signal, if it has not ended by then. Returns the exit code.</summary>
    public int RunAndSignal(int signal, TimeSpan after, params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(after))
        {
            _ = Kill(process.Id, signal);
            process.WaitForExit();
        }

        Task.WaitAll(output, error);
        return process.ExitCode;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Starts the tool.</summary>
    public Process Start(string[] arguments, string within = ".")
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = PathOf(within),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "CuteDl.Cli.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static string ReadUntil(Process process, string text)
    {
        var lines = new StringBuilder();
        while (process.StandardError.ReadLine() is { } line)
        {
            lines.AppendLine(line);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                break;
            }
        }

        return lines.ToString();
    }

    private static Outcome WaitFor(Process process)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new TimeoutException($"the tool did not end within {Patience}.");
        }

        return new Outcome(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    // Returns the handler before.
    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Handle(int signal, nint handler);
}

/// <summary>What a run of the tool left behind.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
