using CuteDl.Cli;
using CuteDl.Testing;
using Expecto;
using Spectre.Console;

namespace CuteDl.Tests;

/// <summary>Tables on terminals, wide and narrow, and a standard error that cannot be written.</summary>
internal static class TerminalTests
{
    private static readonly Reports.Table Runs = new(
        ["run", "step", "accuracy", "seconds", "state"],
        [["fixed-0.0001", "945504", "0.9094", "22.8", "target held"], ["adam", "24388", "0.9243", "1.2", "running"]])
    {
        // Seconds, then steps.
        Expendable = [3, 1],
    };

    public static Test All { get; } = Spec.List("terminal",
        Spec.Test("numbers and names stay whole, and lines fit, at any width that is wide enough for three columns", () =>
        {
            for (var width = 44; width <= 120; width++)
            {
                var lines = Rendered(Terminal.Draw(Runs, width), width);
                Expect.isTrue(Array.TrueForAll(lines, line => line.TrimEnd().Length <= width), $"lines at {width}");
                Expect.equal(lines.Count(line => line.Contains("fixed-0.0001", StringComparison.Ordinal) && line.Contains("0.9094", StringComparison.Ordinal)), 1, $"the row at {width}:\n{string.Join('\n', lines)}");
                Expect.equal(lines.Count(line => line.Contains("adam", StringComparison.Ordinal) && line.Contains("running", StringComparison.Ordinal)), 1, $"the state at {width}");
            }
        }),
        Spec.Test("what is needed least goes first, and nothing goes where there is room", () =>
        {
            string HeadersAt(int width) => Rendered(Terminal.Draw(Runs, width), width).First(line => line.Contains("run", StringComparison.Ordinal));
            Expect.stringContains(HeadersAt(80), "seconds", "room");
            Expect.isFalse(HeadersAt(55).Contains("seconds", StringComparison.Ordinal), "the first to go");
            Expect.stringContains(HeadersAt(55), "step", "the second to go");
            Expect.isFalse(HeadersAt(45).Contains("step", StringComparison.Ordinal), "narrow");
        }),
        Spec.Test("a long name wraps and leaves room for the rest", () =>
        {
            const string Name = "clip_norm(1) | { \"*.bias\": sgd(lr=0.1), \"*\": adam(lr=0.001) } | ema(0.99)";
            var lines = Rendered(Terminal.Draw(Runs with { Rows = [[Name, "938", "0.8772", "1.0", "running"]] }, 80), 80);
            Expect.isTrue(lines.Any(line => line.Contains("0.8772", StringComparison.Ordinal) && line.Contains("running", StringComparison.Ordinal)), string.Join('\n', lines));
            var words = string.Concat(lines.Select(line => line.Trim().Split("   ")[0]));
            Expect.stringContains(words.Replace(" ", "", StringComparison.Ordinal), Name[^9..], "the name's end");
        }),
        Spec.Test("brackets in names are no colours", () =>
            Expect.isTrue(Rendered(Terminal.Draw(new Reports.Table(["run"], [["[red]"]]), 80), 80).Any(line => line.Contains("[red]", StringComparison.Ordinal)), "as it is")),
        Spec.Test("a standard error that cannot be written ends nothing", () =>
        {
            using var full = new StreamWriter(new FullDisk()) { AutoFlush = true };
            using var writer = new GuardedWriter(full, _ => { });
            Expect.isTrue(Spec.Throws<IOException>(() => full.WriteLine("said")).Message.Length > 0, "the writer within fails");
            writer.WriteLine("said");
            writer.Write("said");
            writer.Write('s');
            writer.Write([.. "said"], 0, 4);
            writer.Flush();
            using var named = new GuardedWriter(full, cause => throw new IOException($"named: {cause.Message}", cause));
            Expect.stringStarts(Spec.Throws<IOException>(() => named.Write("said")).Message, "named: ", "standard output");
        }));

    private static string[] Rendered(Table table, int width)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = width;
        console.Write(table);
        return text.ToString().Split('\n');
    }

    private sealed class FullDisk : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("No space left on device");

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("No space left on device");

        public override void Flush()
        {
        }
    }
}
