using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CuteDl.Tests;

/// <summary>The tool as a process of its own, in a working directory of its own.</summary>
internal sealed partial class Tool : IDisposable
{
    private const int Interrupt = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public Tool() => Folder = Directory.CreateTempSubdirectory("cutedl-tests-").FullName;

    /// <summary>The working directory; gone when the test ends.</summary>
    public string Folder { get; }

    /// <summary>Variables of the tool's environment, beside those of the tests.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>Runs the tool's entry point in this process: a fraction of the time that a process of its own takes to start.</summary>
    /// <remarks>It changes the working directory and the console, so no other test may run beside it. Use it where no table is printed.</remarks>
    public Outcome RunHere(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var (folder, outputBefore, errorBefore) = (System.Environment.CurrentDirectory, Console.Out, Console.Error);
        System.Environment.CurrentDirectory = Folder;
        Console.SetOut(output);
        Console.SetError(error);
        try
        {
            var exitCode = Cli.Invocation.RunAsync(Cli.CommandLine.Create(), arguments).GetAwaiter().GetResult();
            return new Outcome(exitCode, output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(outputBefore);
            Console.SetError(errorBefore);
            System.Environment.CurrentDirectory = folder;
        }
    }

    /// <summary>Runs the tool to its end, as a process.</summary>
    public Outcome Run(params string[] arguments)
    {
        using var process = Start(arguments);
        return WaitFor(process);
    }

    /// <summary>Runs the tool to its end with a limit of files that it may open at once.</summary>
    public Outcome RunWithOpenFiles(int limit, params string[] arguments)
    {
        var start = new ProcessStartInfo("sh") { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-c", $"ulimit -n {limit}; exec dotnet \"$@\"", "sh", Path.Combine(AppContext.BaseDirectory, "CuteDl.Cli.dll"), .. arguments])
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
        var errors = new List<string>();
        while (process.StandardError.ReadLine() is { } line)
        {
            errors.Add(line);
            if (line.Contains(afterLineWith, StringComparison.Ordinal))
            {
                break;
            }
        }

        _ = Kill(process.Id, signal);
        var outcome = WaitFor(process);
        return outcome with { Error = string.Join('\n', errors) + "\n" + outcome.Error };
    }

    /// <summary>Starts the tool and after some time sends it a signal, if it has not ended by then.</summary>
    public void RunAndSignal(int signal, TimeSpan after, params string[] arguments)
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
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Starts the tool.</summary>
    public Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = Folder,
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
}

/// <summary>What a run of the tool left behind.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
