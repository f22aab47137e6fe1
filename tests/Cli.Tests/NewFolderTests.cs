using CuteDl.Cli;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Default folders for results belong to one process each.</summary>
internal static class NewFolderTests
{
    private const int Callers = 24;

    public static Test All { get; } = Spec.List("new folders",
        Spec.Test("callers at the same time get a folder each, and nothing else is left", () =>
        {
            using var tool = new Tool();
            var wanted = tool.PathOf("artifacts", "run-1");
            using var start = new Barrier(Callers);
            var made = new string[Callers];
            Thread[] threads =
            [
                .. Enumerable.Range(0, Callers).Select(i => new Thread(() =>
                {
                    start.SignalAndWait();
                    made[i] = NewFolder.Create(wanted);
                })),
            ];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Expect.equal(made.Distinct().Count(), Callers, "folders");
            Expect.sequenceEqual(
                Directory.GetFileSystemEntries(tool.PathOf("artifacts")).Order(StringComparer.Ordinal),
                made.Order(StringComparer.Ordinal),
                "entries");
        }),
        Spec.Test("a name that is taken by a folder or a file gets a suffix", () =>
        {
            using var tool = new Tool();
            Directory.CreateDirectory(tool.PathOf("a"));
            File.WriteAllText(tool.PathOf("a-2"), "");
            Expect.equal(NewFolder.Create(tool.PathOf("a")), tool.PathOf("a-3"), "folder");
        }),
        Spec.Test("while another process decides about a name, the next one is taken", () =>
        {
            using var tool = new Tool();
            File.WriteAllText(tool.PathOf(".a.claim"), "");
            Expect.equal(NewFolder.Create(tool.PathOf("a")), tool.PathOf("a-2"), "folder");
        }),
        Spec.Test("every command that writes results without --out makes a folder of its own, however often it is called in a second", () =>
        {
            using var tool = new Tool();
            SmallData.Write(tool.PathOf("data"), images: 20, side: 2);
            string[][] commands = [["run", "adam", "--max-steps", "1"], ["compare", "adam", "--max-steps", "1"], ["lr-find", "adam", "--steps", "10"]];
            foreach (var command in commands)
            {
                for (var call = 0; call < 2; call++)
                {
                    var outcome = tool.Run([.. command, "--data", "data"]);
                    Expect.equal(outcome.ExitCode, 0, outcome.Error);
                }

                Expect.equal(Directory.GetDirectories(tool.PathOf("artifacts"), $"{command[0]}-*").Length, 2, command[0]);
            }

            // Without training in between, nearly all of these calls fall into one second.
            var current = Environment.CurrentDirectory;
            Environment.CurrentDirectory = tool.Folder;
            try
            {
                var made = Enumerable.Range(0, 8).Select(_ => new Output(null, "run", false).MakeFolder()).ToArray();
                Expect.equal(made.Distinct().Count(), made.Length, "folders");
            }
            finally
            {
                Environment.CurrentDirectory = current;
            }
        }),
        Spec.Test("a place that cannot be is named", () =>
        {
            using var tool = new Tool();
            File.WriteAllText(tool.PathOf("file"), "");
            var error = Spec.Throws<DirectoryNotFoundException>(() => NewFolder.Create(tool.PathOf("file", "a")));
            Expect.stringContains(error.Message, $"'{tool.PathOf("file")}' is a file. Name a folder.", "message");
        }));
}
