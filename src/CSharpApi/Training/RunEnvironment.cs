using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace CuteDl;

/// <summary>On what a result was computed.</summary>
public sealed record RunEnvironment
{
    private static readonly Lazy<RunEnvironment> ThisMachine = new(Describe);

    /// <summary>The version of this library.</summary>
    [JsonPropertyName("version")]
    public required string Version { get; init; }

    /// <summary>The .NET runtime.</summary>
    [JsonPropertyName("runtime")]
    public required string Runtime { get; init; }

    /// <summary>The operating system.</summary>
    [JsonPropertyName("os")]
    public required string Os { get; init; }

    /// <summary>The processor.</summary>
    [JsonPropertyName("cpu")]
    public required string Cpu { get; init; }

    /// <summary>The processors that this program may use.</summary>
    [JsonPropertyName("cores")]
    public required int Cores { get; init; }

    /// <summary>This machine.</summary>
    public static RunEnvironment Current => ThisMachine.Value;

    private static RunEnvironment Describe() =>
        new()
        {
            Version = typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            Runtime = RuntimeInformation.FrameworkDescription,
            Os = RuntimeInformation.OSDescription,
            Cpu = ProcessorName(),
            Cores = Environment.ProcessorCount,
        };

    private static string ProcessorName()
    {
        const string LinuxFile = "/proc/cpuinfo";
        if (File.Exists(LinuxFile))
        {
            var line = File.ReadLines(LinuxFile).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
            if (line is not null)
            {
                return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            }
        }

        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
