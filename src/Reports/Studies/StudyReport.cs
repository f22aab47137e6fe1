using System.Text;

namespace CuteDl.Reports;

/// <summary>
/// Writes the report of a study: <c>report.html</c>, a single file that needs no network; <c>figures/*.png</c> and <c>.svg</c>;
/// <c>tables/*.csv</c>, <c>.md</c> and <c>.json</c>; <c>results.csv</c> with one row per trial; <c>timings.csv</c> with the seconds of each
/// trial; and <c>study.json</c>, unless it exists.
/// </summary>
/// <remarks>
/// An unfinished study has a report too, which says that it is incomplete. Everything except times depends only on the study: equal results
/// give the same bytes of <c>results.csv</c>, figures and tables, whatever the number of workers or interruptions. Different are only
/// <c>timings.csv</c>, <c>tables/seconds.*</c>, and the times and the machine in the page.
/// </remarks>
public static class StudyReport
{
    /// <summary>
    /// Writes the report. Replaces files with these names, each completely or not at all. Other files in the folder stay.
    /// </summary>
    /// <param name="result">The results of the study.</param>
    /// <param name="folder">The folder, usually the study's own; it is created if needed.</param>
    /// <returns>The path of <c>report.html</c>.</returns>
    /// <exception cref="IOException">A file cannot be written, or <c>tables</c> or <c>figures</c> is a link. The message names
    /// it.</exception>
    public static string Write(StudyResult result, string folder)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        WholeFile.RefuseLink(folder, "tables");
        WholeFile.RefuseLink(folder, "figures");
        var content = new StudyContent(result);
        void Text(string name, string text) => WholeFile.Write(Path.Combine(folder, name), Encoding.UTF8.GetBytes(text));
        if (!File.Exists(Path.Combine(folder, "study.json")))
        {
            // The page tells how to run the study again from this file.
            Text("study.json", content.Metadata.Json);
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
            FigurePicture.Save(figure, folder);
        }

        Text("report.html", new StudyPage(content).Write());
        return Path.Combine(folder, "report.html");
    }
}
