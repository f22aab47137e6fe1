using System.Text;
using System.Text.RegularExpressions;

namespace CuteDl.Tests;

/// <summary>The Markdown pages of the repository.</summary>
internal static partial class Pages
{
    /// <summary>The root folder of the repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every page, by its path from the root.</summary>
    public static IReadOnlyList<Page> All { get; } =
        [.. new[] { "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "data/mnist/README.md" }
            .Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file)))
            .Order(StringComparer.Ordinal)
            .Select(Page.Read)];

    /// <summary>The anchors that GitHub makes of a page's headings.</summary>
    public static HashSet<string> Anchors(Page page)
    {
        var anchors = new HashSet<string>();
        foreach (var heading in page.Prose.Select(line => Heading().Match(line)).Where(match => match.Success))
        {
            var anchor = Dropped().Replace(heading.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-');
            for (var copy = 0; !anchors.Add(copy == 0 ? anchor : $"{anchor}-{copy}"); copy++)
            {
            }
        }

        return anchors;
    }

    /// <summary>The targets of a page's links and pictures.</summary>
    public static IEnumerable<string> Links(Page page) =>
        Paragraphs(page).SelectMany(text => Link().Matches(CodeSpan().Replace(text, "")).Select(match => match.Groups[1].Value));

    /// <summary>The code within a page's sentences and tables.</summary>
    public static IEnumerable<string> CodeSpans(Page page) =>
        Paragraphs(page).SelectMany(text => CodeSpan().Matches(text).Select(match => match.Groups[1].Value.Replace("\\|", "|", StringComparison.Ordinal)));

    // A code span may continue on the next line.
    private static IEnumerable<string> Paragraphs(Page page) =>
        string.Join('\n', page.Prose).Split("\n\n").Select(text => text.Replace('\n', ' '));

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CuteDl.Functional.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        }

        return folder;
    }

    [GeneratedRegex("^#+ (.*)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{Nd} _-]")]
    private static partial Regex Dropped();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();
}

/// <param name="Path">Its path from the root.</param>
/// <param name="Prose">Its lines outside code blocks.</param>
/// <param name="Shell">The lines of its code blocks without a language.</param>
internal sealed record Page(string Path, IReadOnlyList<string> Prose, IReadOnlyList<string> Shell)
{
    public static Page Read(string path)
    {
        List<string> prose = [], shell = [];
        string? language = null;
        foreach (var line in File.ReadLines(System.IO.Path.Combine(Pages.Root, path), Encoding.UTF8))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                language = language is null ? line[3..] : null;
            }
            else if (language is null)
            {
                prose.Add(line);
            }
            else if (language.Length == 0)
            {
                shell.Add(line);
            }
        }

        return new Page(path, prose, shell);
    }
}
