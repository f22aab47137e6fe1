using System.Security.Cryptography;
using System.Text;

namespace CuteDl.Reports;

/// <summary>Runs' names as the names of files and folders.</summary>
public static class FileNames
{
    /// <summary>The most bytes of a name in UTF-8. File systems limit bytes, not characters, usually to 255.</summary>
    public const int MaxBytes = 120;

    private const string Nameless = "run";

    /// <summary>
    /// A run's name as a file's: letters, digits, <c>.</c>, <c>-</c> and <c>_</c> stay, all else becomes <c>-</c>; of several <c>-</c>
    /// on end one stays, and a <c>.</c> behind one goes; at the beginning <c>-</c> and <c>.</c> go, and at the end too.
    /// <c>fixed-0.0001</c> stays itself, <c>clip_norm(1) | adam(lr=0.001)</c> becomes <c>clip_norm-1-adam-lr-0.001</c>, a name of which
    /// nothing is left <c>run</c>. A name of more than <see cref="MaxBytes"/> bytes is cut after a whole word, and ends with a checksum of
    /// the run's whole name.
    /// </summary>
    /// <param name="run">Any name. Different names can become the same: see <see cref="Distinct"/>.</param>
    public static string Safe(string run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var name = new StringBuilder(run.Length);
        foreach (var character in run)
        {
            var safe = char.IsLetterOrDigit(character) || character is '.' or '_' ? character : '-';
            var isBehindDash = name.Length > 0 && name[^1] == '-';
            if (safe is not ('-' or '.') || !isBehindDash)
            {
                name.Append(safe);
            }
        }

        var trimmed = name.ToString().Trim('-', '.');
        return Encoding.UTF8.GetByteCount(trimmed) switch
        {
            0 => Nameless,
            <= MaxBytes => trimmed,
            _ => Shortened(trimmed, run),
        };
    }

    private static string Shortened(string name, string run)
    {
        var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(run)).AsSpan(0, 4));
        var kept = name[..Fitting(name, MaxBytes - checksum.Length - 1)];
        var end = name[kept.Length] == '-' ? kept.Length : kept.LastIndexOf('-');
        return $"{(end > 0 ? kept[..end] : kept).TrimEnd('-', '.')}-{checksum}";
    }

    // The number of characters that fit into so many bytes. Safe names have no surrogates, so that a name can be cut after any character.
    private static int Fitting(string name, int bytes)
    {
        var length = 0;
        while (length < name.Length && (bytes -= Encoding.UTF8.GetByteCount(name.AsSpan(length, 1))) >= 0)
        {
            length++;
        }

        return length;
    }

    /// <summary>
    /// A file name for each run, all different, also where upper and lower case are one. Runs whose name is its own file name keep it;
    /// the others get theirs in the order given, with <c>-2</c>, <c>-3</c>, ... behind one that is taken.
    /// </summary>
    /// <param name="runs">The names; one that comes again counts once.</param>
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
                name = $"{safe}-{number}";
            }

            names.Add(run, name);
        }

        return names;
    }
}
