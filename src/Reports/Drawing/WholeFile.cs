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
            OutputPath.makeFolderOf(target);
        }
        catch (IOException cause)
        {
            throw new IOException($"Cannot write '{target}': {cause.Message}", cause);
        }

        AtomicFile.write(target, stream => stream.Write(content));
    }

    /// <summary>Refuses a link in place of a folder within a folder. Another person may have made the folder of a study.</summary>
    /// <exception cref="IOException">It is a link.</exception>
    public static void RefuseLink(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (new DirectoryInfo(path).LinkTarget is not null)
        {
            throw new IOException($"'{path}' is a link. Links in a study's folder are not followed: put a real folder there.");
        }
    }
}
