namespace CuteDl.Reports;

/// <summary>Writes a file whole or not at all: under another name in the same folder first, then moved.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file, over one of that name; makes its folder.</summary>
    /// <exception cref="IOException">It cannot be written; the message names it, and there is no half of it.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var target = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(target) ?? throw new IOException($"'{target}' is a folder, not a file to write.");
        var unfinished = Path.Combine(folder, $".{Path.GetRandomFileName()}.tmp");
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(unfinished, content);
            File.Move(unfinished, target, overwrite: true);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            Discard(unfinished);
            throw new IOException($"cannot write '{target}': {cause.Message}", cause);
        }
    }

    private static void Discard(string unfinished)
    {
        try
        {
            File.Delete(unfinished);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // What kept the file from being written is the error to report, not that its rest cannot be removed.
        }
    }
}
