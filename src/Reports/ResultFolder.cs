using System.Text;
using CuteDl.Core.Data;

namespace CuteDl.Reports;

/// <summary>
/// A folder of results: <c>runs/&lt;run&gt;/seed-&lt;n&gt;/result.json</c> and <c>&lt;run&gt;.png</c> for each run, and
/// <c>comparison.png</c>, <c>summary.md</c> and <c>summary.json</c>. A file is written completely or not at all, and replaces an existing
/// one.
/// </summary>
public sealed class ResultFolder
{
    private readonly IReadOnlyDictionary<string, string> _names;

    private ResultFolder(string path, IReadOnlyDictionary<string, string> names)
    {
        Path = path;
        _names = names;
    }

    /// <summary>The path of the folder.</summary>
    public string Path { get; }

    /// <summary>Creates the folder if it does not exist.</summary>
    /// <param name="path">The path of the folder.</param>
    /// <param name="runs">The names of all runs that will be written. Each gets its own folder, by <see
    /// cref="FileNames.Distinct"/>.</param>
    /// <exception cref="IOException">The folder cannot be created or written.</exception>
    public static ResultFolder Create(string path, IEnumerable<string> runs)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Prepare(System.IO.Path.Combine(path, "runs"));
        return new ResultFolder(path, FileNames.Distinct(runs));
    }

    /// <summary>Creates a folder if it does not exist, and checks that files can be written to it.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="IOException">The folder cannot be created or written. The message names it and the reason.</exception>
    public static void Prepare(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        OutputPath.makeFolder(path);
        try
        {
            // A folder that exists may not be writable.
            var probe = System.IO.Path.Combine(path, $".{System.IO.Path.GetRandomFileName()}.tmp");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot write files into the folder '{path}': {cause.Message}", cause);
        }
    }

    /// <summary>Writes one run's result and picture. A run that ended before its first validation has no picture.</summary>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentException">The name of the run was not given to <see cref="Create"/>.</exception>
    /// <exception cref="IOException">A file cannot be written. The message names it.</exception>
    public void Write(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (!_names.TryGetValue(result.Run, out var name))
        {
            throw new ArgumentException($"The run '{result.Run}' is not one of the runs of this folder.", nameof(result));
        }

        WholeFile.Write(System.IO.Path.Combine(FolderOf(Path, name, result.Seed), "result.json"), Encoding.UTF8.GetBytes(result.ToJson()));
        if (result.History.Count > 0)
        {
            RunPicture.Save(result, PictureOf(Path, name, result.Seed));
        }
    }

    /// <summary>
    /// Writes the summary of a comparison, and its picture if there was a validation. <see cref="Write"/> writes its runs.
    /// </summary>
    /// <param name="comparison">The comparison.</param>
    /// <exception cref="IOException">A file cannot be written. The message names it.</exception>
    public void WriteComparison(ComparisonResult comparison)
    {
        var summary = new Summary(comparison);
        WholeFile.Write(System.IO.Path.Combine(Path, "summary.md"), Encoding.UTF8.GetBytes(summary.ToMarkdown()));
        WholeFile.Write(System.IO.Path.Combine(Path, "summary.json"), Encoding.UTF8.GetBytes(summary.ToJson()));
        if (comparison.Runs.Any(result => result.History.Count > 0))
        {
            ComparisonPicture.Save(comparison, System.IO.Path.Combine(Path, "comparison.png"));
        }
    }

    /// <summary>Returns the path of a run's picture in a folder of results.</summary>
    internal static string PictureOf(string root, string name, int seed) => System.IO.Path.Combine(FolderOf(root, name, seed), name + ".png");

    private static string FolderOf(string root, string name, int seed) =>
        System.IO.Path.Combine(root, "runs", name, FormattableString.Invariant($"seed-{seed}"));
}
