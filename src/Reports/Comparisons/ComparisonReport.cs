using System.Text;

namespace CuteDl.Reports;

/// <summary>
/// Writes the report of a comparison: <c>summary.md</c> and <c>summary.json</c>; <c>comparison.png</c>; and
/// <c>figures/&lt;run&gt;-seed-&lt;n&gt;.png</c> for each run and seed. Pictures need a validation.
/// </summary>
/// <remarks>
/// Everything except times and the machine depends only on the results: equal results give equal files, whatever the number of workers or
/// interruptions. Times and the machine are in <c>summary.*</c> and in the pictures of runs.
/// </remarks>
public static class ComparisonReport
{
    private const string Figures = "figures";

    /// <summary>
    /// Writes the report. Replaces files with these names, each completely or not at all. Other files in the folder stay.
    /// </summary>
    /// <param name="comparison">The results.</param>
    /// <param name="folder">The folder, usually the comparison's own; it is created if needed.</param>
    /// <returns>The path of <c>summary.md</c>.</returns>
    /// <exception cref="IOException">A file cannot be written, or <c>figures</c> is a link. The message names it.</exception>
    public static string Write(ComparisonResult comparison, string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        var summary = new ComparisonSummary(comparison);
        var path = Path.Combine(folder, "summary.md");
        WholeFile.Write(path, Encoding.UTF8.GetBytes(summary.ToMarkdown()));
        WholeFile.Write(Path.Combine(folder, "summary.json"), Encoding.UTF8.GetBytes(summary.ToJson()));
        WritePictures(comparison, folder);
        return path;
    }

    /// <summary>Draws the comparison and its runs, those without a validation left out.</summary>
    internal static void WritePictures(ComparisonResult comparison, string folder)
    {
        WholeFile.RefuseLink(folder, Figures);
        var runs = comparison.Runs.Where(result => result.History.Count > 0).ToArray();
        if (runs.Length > 0)
        {
            ComparisonPicture.Save(comparison, Path.Combine(folder, "comparison.png"));
        }

        var names = FileNames.Distinct(comparison.Runs.Select(result => result.Run));
        foreach (var result in runs)
        {
            RunPicture.Save(result, Path.Combine(folder, Figures, FormattableString.Invariant($"{names[result.Run]}-seed-{result.Seed}.png")));
        }
    }
}
