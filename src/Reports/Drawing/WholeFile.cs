using CuteDl.Core.Data;

namespace CuteDl.Reports;

/// <summary>Writes a file whole or not at all, in a folder that need not be there yet.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file, over one of that name; makes its folder.</summary>
    /// <exception cref="IOException">It cannot be written; the message names it, and there is no half of it.</exception>
    public static void Write(string path, byte[] content)
    {
        var target = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target) ?? target);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"cannot write '{target}': {cause.Message}", cause);
        }

        AtomicFile.write(target, stream => stream.Write(content));
    }
}
