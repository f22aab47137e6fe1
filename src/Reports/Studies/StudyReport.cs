using System.Text;

namespace CuteDl.Reports;

/// <summary>
/// The report of a study: <c>report.html</c>, one file that needs no other and no network; <c>figures/*.png</c> and <c>.svg</c>;
/// <c>tables/*.csv</c>, <c>.md</c> and <c>.json</c>; <c>results.csv</c>, a row for each trial, and <c>timings.csv</c>, its seconds; and
/// <c>study.json</c>, unless it is there.
/// </summary>
/// <remarks>
/// A study that is not finished has a report too, which says so. All but seconds follows from the study: <c>results.csv</c>, figures and
/// tables are the same bytes for the same results, whatever the number of workers or interruptions. Only <c>timings.csv</c>,
/// <c>tables/seconds.*</c>, and what the page says of seconds and of the machine differ.
/// </remarks>
public static class StudyReport
{
    /// <summary>Writes the report. Replaces files of these names, each whole or not at all, and leaves everything else in the folder alone.</summary>
    /// <param name="result">The results of the study.</param>
    /// <param name="folder">The folder, usually the study's own; it is created if needed.</param>
    /// <returns>The path of <c>report.html</c>.</returns>
    /// <exception cref="IOException">A file cannot be written, or <c>tables</c> or <c>figures</c> is a link; the message names it.</exception>
    public static string Write(StudyResult result, string folder)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        RefuseLink(folder, "tables");
        RefuseLink(folder, "figures");
        var content = new StudyContent(result);
        void Text(string name, string text) => WholeFile.Write(Path.Combine(folder, name), Encoding.UTF8.GetBytes(text));
        if (!File.Exists(Path.Combine(folder, "study.json")))
        {
            // The page says how to run it again.
            Text("study.json", content.Facts.Json);
        }

        Text("results.csv", TrialTables.Results(result).ToCsv());
        Text("timings.csv", TrialTables.Timings(result).ToCsv());
        foreach (var table in content.Tables)
        {
            Text($"tables/{table.Id}.csv", table.ToCsv());
            Text($"tables/{table.Id}.md", table.ToMarkdown());
            Text($"tables/{table.Id}.json", table.ToJson());
        }

        foreach (var figure in content.Figures)
        {
            FigurePicture.Save(figure, content.Facts.Contenders, Path.Combine(folder, "figures", $"{figure.Id}.png"));
            FigurePicture.Save(figure, content.Facts.Contenders, Path.Combine(folder, "figures", $"{figure.Id}.svg"));
        }

        Text("report.html", new StudyPage(content).Write());
        return Path.Combine(folder, "report.html");
    }

    // A study's folder may come from somebody else: nothing is written outside of it.
    private static void RefuseLink(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (new DirectoryInfo(path).LinkTarget is not null)
        {
            throw new IOException($"'{path}' is a link. Links in a study's folder are not followed: put a real folder there.");
        }
    }
}
