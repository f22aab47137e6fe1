using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>The pages that the packages carry, which are read outside the repository.</summary>
internal static class PackagePagesTests
{
    private static readonly string Folder = Path.Combine("docs", "packages");

    private static readonly string[] Packages =
    [
        "CuteDl", "CuteDl.Cli", "CuteDl.Core", "CuteDl.Laws", "CuteDl.Mnist", "CuteDl.Reports", "CuteDl.Studies", "CuteDl.TorchSharp",
    ];

    public static Test All { get; } = Spec.List("package pages",
        Spec.Test("there is one for each package", () =>
        {
            var projects = Directory.EnumerateFiles(Path.Combine(Pages.Root, "src"), "*.*proj", SearchOption.AllDirectories);
            Expect.equal(projects.Count(), Packages.Length, "projects");
            Expect.sequenceEqual(PagesOfPackages().Select(page => Path.GetFileNameWithoutExtension(page.Path)).Order(StringComparer.Ordinal), Packages, "pages");
        }),
        Spec.List("have no links into the repository:", Packages.Select(package => Spec.Test(package, () =>
            Expect.isEmpty(Pages.Links(PageOf(package)).Where(link => !link.StartsWith("https://", StringComparison.Ordinal)), "relative links")))),
        Spec.List("are short and say how to install the package:", Packages.Select(package => Spec.Test(package, () =>
        {
            var lines = File.ReadAllLines(Path.Combine(Pages.Root, Folder, $"{package}.md"));
            Expect.equal(lines[0], $"# {package}", "title");
            Expect.isLessThan(lines.Length, 90, "lines");
            Expect.isTrue(Array.Exists(lines, line => line.StartsWith("dotnet add package CuteDl", StringComparison.Ordinal) || line == "dotnet tool install --global CuteDl.Cli"), "installation");
        }))));

    private static IEnumerable<Page> PagesOfPackages() => Pages.All.Where(page => Path.GetDirectoryName(page.Path) == Folder);

    private static Page PageOf(string package) => PagesOfPackages().Single(page => Path.GetFileName(page.Path) == $"{package}.md");
}
