using System.Diagnostics;
using System.Text.Json;

namespace CuteDl.Bench;

/// <summary>Another library's times in microseconds, by the names that its program gives them.</summary>
internal sealed class Peer
{
    private readonly Dictionary<string, double> _times = [];

    private Peer(string name) => Name = name;

    public string Name { get; private set; }

    /// <summary>The first word of the name, for the heading of a column.</summary>
    public string ShortName => Name.Split(' ')[0];

    /// <summary>Runs a command that prints one JSON object: numbers are times, <c>peer</c> is the library's name.</summary>
    public static Peer Run(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"the peer's command ended with {process.ExitCode}: {command}");
        }

        var peer = new Peer(command);
        using var json = JsonDocument.Parse(output);
        foreach (var entry in json.RootElement.EnumerateObject())
        {
            if (entry.NameEquals("peer"))
            {
                peer.Name = entry.Value.GetString() ?? command;
            }
            else if (entry.Value.ValueKind == JsonValueKind.Number)
            {
                peer._times[entry.Name] = entry.Value.GetDouble();
            }
        }

        return peer;
    }

    /// <summary>True if there is a time of this kind: <c>step</c>, <c>update</c> or <c>matmul</c>.</summary>
    public bool Has(string kind) => _times.Keys.Any(name => name.StartsWith(kind + " ", StringComparison.Ordinal));

    public double? Time(string kind, string name) => _times.TryGetValue($"{kind} {name}", out var time) ? time : null;
}
