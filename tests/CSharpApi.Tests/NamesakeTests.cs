using System.ComponentModel;
using System.Reflection;
using System.Text.Json.Serialization;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>A program that imports the packages and .NET's usual namespaces can name every type without its namespace.</summary>
internal static class Namesakes
{
    private static readonly HashSet<string> Imported =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Threading", "System.Threading.Tasks",
        "System.Diagnostics", "System.Text", "System.Numerics", "System.Text.Json",
    ];

    private static readonly Assembly[] Packages =
    [
        typeof(Optimizer).Assembly, typeof(Core.Optimizers.Optimizer).Assembly, typeof(Studies.StudyDesign).Assembly,
        typeof(Laws.LawChecker).Assembly, typeof(Reports.ComparisonSummary).Assembly, typeof(Data.MnistFiles).Assembly,
    ];

    public static Test All { get; } = Spec.Test("public types: none has the name of one of .NET's usual types", () =>
    {
        var framework = Framework().ToHashSet();
        Expect.isTrue(framework.Contains("Range") && framework.Contains("Trace") && framework.Contains("Comparison`1"), "the names of .NET");
        var clashes = Packages.SelectMany(assembly => assembly.GetExportedTypes()).Where(type => !type.IsNested && framework.Contains(type.Name)).Select(type => type.FullName);
        Expect.equal(string.Join(", ", clashes), "", "clashes");
    });

    /// <summary>True for converters and the like, which are named in attributes and never looked at.</summary>
    public static bool IsTool(Type type) => typeof(JsonConverter).IsAssignableFrom(type) || typeof(TypeConverter).IsAssignableFrom(type);

    // The assemblies that a program refers to without saying so.
    private static IEnumerable<string> Framework() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal) && Path.GetDirectoryName(path) == Path.GetDirectoryName(typeof(object).Assembly.Location))
            .SelectMany(path => Assembly.Load(Path.GetFileNameWithoutExtension(path)).GetExportedTypes())
            .Where(type => type.Namespace is { } name && Imported.Contains(name) && !type.IsNested)
            .Select(type => type.Name);
}
