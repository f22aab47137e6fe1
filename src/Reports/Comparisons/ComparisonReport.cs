using System.Text;

namespace CuteDl.Reports;

/// <summary>
/// Writes the report of a comparison: <c>report.html</c>, a single file that needs no network; <c>summary.md</c> and <c>summary.json</c>;
/// <c>comparison.png</c>; and <c>figures/&lt;run&gt;-seed-&lt;n&gt;.png</c> for each run and seed. Pictures need a validation.
/// </summary>
/// <remarks>
/// Everything except times and the machine depends only on the results: equal results give equal files, whatever the number of workers or
/// interruptions. Times and the machine are in <c>report.html</c>, <c>summary.*</c> and the pictures of runs.
/// </remarks>
public static class ComparisonReport
{
    /// <summary>
    /// Writes the report. Replaces files with these names, each completely or not at all. Other files in the folder stay.
    /// </summary>
    /// <param name="comparison">The results.</param>
    /// <param name="folder">The folder, usually the comparison's own; it is created if needed.</param>
    /// <returns>The path of <c>report.html</c>.</returns>
    /// <exception cref="IOException">A file cannot be written, or <c>figures</c> is a link. The message names it.</exception>
    public static string Write(ComparisonResult comparison, string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        var summary = new ComparisonSummary(comparison);
        void Text(string name, string text) => WholeFile.Write(Path.Combine(folder, name), Encoding.UTF8.GetBytes(text));
        Text("summary.md", summary.ToMarkdown());
        Text("summary.json", summary.ToJson());
        Text("report.html", ComparisonPage.Write(comparison, summary, WritePictures(comparison, folder)));
        return Path.Combine(folder, "report.html");
    }

    /// <summary>Draws the comparison and its runs, those without a validation left out. Returns the figures.</summary>
    internal static IReadOnlyList<Figure> WritePictures(ComparisonResult comparison, string folder)
    {
        WholeFile.RefuseLink(folder, "figures");
        var names = FileNames.Distinct(comparison.Runs.Select(result => result.Run));
        Figure[] runs =
        [
            .. comparison.Runs.Where(result => result.History.Count > 0)
                .Select(result => RunFigure.Of(result, FormattableString.Invariant($"{names[result.Run]}-seed-{result.Seed}"))),
        ];
        Figure[] figures = runs.Length > 0 ? [ComparisonFigure.Of(comparison), .. runs] : [];
        foreach (var figure in figures)
        {
            FigurePicture.Save(figure, folder);
        }

        return figures;
    }
}
