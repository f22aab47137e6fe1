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
        Spec.Test("a place that cannot be is named", () =>
        {
            using var tool = new Tool();
            File.WriteAllText(tool.PathOf("file"), "");
            var error = Spec.Throws<IOException>(() => NewFolder.Create(tool.PathOf("file", "a")));
            Expect.stringContains(error.Message, tool.PathOf("file", "a"), "message");
        }));
}
