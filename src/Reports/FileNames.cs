using System.Security.Cryptography;
using System.Text;

namespace CuteDl.Reports;

/// <summary>Converts names of runs to names of files and folders.</summary>
public static class FileNames
{
    /// <summary>The largest number of bytes of a name in UTF-8. File systems limit bytes, not characters, usually to 255.</summary>
    public const int MaxBytes = 120;

    private const string Nameless = "run";

    /// <summary>
    /// Converts the name of a run to a file name. Letters, digits, <c>.</c> and <c>_</c> stay, and every other character becomes <c>-</c>.
    /// A <c>-</c> or <c>.</c> after a <c>-</c> is removed, and so are <c>-</c> and <c>.</c> at both ends. <c>fixed-0.0001</c> stays the
    /// same, and <c>clip_norm(1) | adam(lr=0.001)</c> becomes <c>clip_norm-1-adam-lr-0.001</c>. A name of which nothing is left becomes
    /// <c>run</c>. A name of more than <see cref="MaxBytes"/> bytes is cut after a whole word, and ends with a checksum of the whole name.
    /// </summary>
    /// <param name="run">Any name. Different names can give the same file name: see <see cref="Distinct"/>.</param>
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

    // Returns the number of characters that fit into a number of bytes. Safe names have no surrogates, so they can be cut after any
    // character.
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
                name = $"{safe}-{number}";
            }

            names.Add(run, name);
        }

        return names;
    }
}
