using CuteDl.Core.Data;

namespace CuteDl.Reports;

/// <summary>Writes a file completely or not at all, and makes its folder if needed.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file, and replaces an existing one. Makes its folder.</summary>
    /// <exception cref="IOException">The file cannot be written. The message names it, and no partial file is left.</exception>
    public static void Write(string path, byte[] content)
    {
        var target = Path.GetFullPath(path);
        try
        {
            MakeFolder(Path.GetDirectoryName(target) ?? target);
        }
        catch (IOException cause)
        {
            throw new IOException($"Cannot write '{target}': {cause.Message}", cause);
        }

        AtomicFile.write(target, stream => stream.Write(content));
    }

    /// <summary>Creates a folder and its parents if they do not exist.</summary>
    /// <exception cref="IOException">The folder cannot be created. The message names it, and a file in its place.</exception>
    public static void MakeFolder(string path)
    {
        for (var above = Path.GetFullPath(path); above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
            {
                throw new IOException($"Cannot make the folder '{path}': '{above}' is a file. Name a folder.");
            }
        }

        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot make the folder '{path}': {cause.Message}", cause);
        }
    }
}
