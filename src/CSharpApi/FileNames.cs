using System.Security.Cryptography;
using System.Text;
using CuteDl.Studies;

namespace CuteDl;

/// <summary>Converts names of runs to names of optimizers in studies, which are also names of files and folders.</summary>
public static class FileNames
{
    /// <summary>The largest number of characters of a name.</summary>
    public const int MaxLength = 60;

    private const string Nameless = "run";

    /// <summary>
    /// Converts the name of a run to a file name. A name that a study allows stays: ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and
    /// <c>+</c>. Otherwise every other character and <c>+</c> become <c>-</c>. A <c>-</c> or <c>.</c> after a <c>-</c> is removed, and so are
    /// <c>-</c>, <c>.</c> and <c>_</c> at both ends. <c>fixed-0.0001</c> stays the same, and <c>clip_norm(1) | adam(lr=0.001)</c> becomes
    /// <c>clip_norm-1-adam-lr-0.001</c>. A name of which nothing is left becomes <c>run</c>. A name of more than <see cref="MaxLength"/>
    /// characters is cut after a whole word, and ends with a checksum of the whole name.
    /// </summary>
    /// <param name="run">Any name. Different names can give the same file name: see <see cref="Distinct"/>.</param>
    public static string Safe(string run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (StudyName.isValid(run))
        {
            return run;
        }

        var name = new StringBuilder(run.Length);
        foreach (var character in run)
        {
            var safe = char.IsAsciiLetterOrDigit(character) || character is '.' or '_' ? character : '-';
            var isBehindDash = name.Length > 0 && name[^1] == '-';
            if (safe is not ('-' or '.') || !isBehindDash)
            {
                name.Append(safe);
            }
        }

        var trimmed = Trimmed(name.ToString());
        return trimmed.Length switch
        {
            0 => Nameless,
            <= MaxLength => trimmed,
            _ => Shortened(trimmed, run),
        };
    }

    private static string Shortened(string name, string run)
    {
        var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(run)).AsSpan(0, 4));
        var kept = name[..(MaxLength - checksum.Length - 1)];
        var end = name[kept.Length] == '-' ? kept.Length : kept.LastIndexOf('-');
        return $"{Trimmed(end > 0 ? kept[..end] : kept)}-{checksum}";
    }

    private static string Trimmed(string name) => name.Trim('-', '.', '_');

    /// <summary>
    /// Returns a file name for each run. The names are different even if case is ignored. A run whose name is its own file name keeps it.
    /// The other runs get theirs in the given order; a taken name gets the suffix <c>-2</c>, <c>-3</c>, ...
    /// </summary>
    /// <param name="runs">The names of the runs. Duplicates count once.</param>
    /// <returns>The file name of each run.</returns>
    public static IReadOnlyDictionary<string, string> Distinct(IEnumerable<string> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var names = new Dictionary<string, string>();
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var run in runs.Distinct().OrderBy(run => Safe(run) == run ? 0 : 1))
        {
            var safe = Safe(run);
            var name = safe;
            for (var number = 2; !taken.Add(name); number++)
            {
                var suffix = $"-{number}";
                name = safe[..Math.Min(safe.Length, MaxLength - suffix.Length)] + suffix;
            }

            names.Add(run, name);
        }

        return names;
    }
}
