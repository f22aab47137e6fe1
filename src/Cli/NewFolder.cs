using CuteDl.Core.Data;

namespace CuteDl.Cli;

/// <summary>Creates folders that no other process uses.</summary>
internal static class NewFolder
{
    // No more processes than this start in one second.
    private const int MostAttempts = 1000;

    /// <summary>
    /// Creates a folder that did not exist before. If the name is taken, appends -2, -3, and so on. Two callers never get the same folder,
    /// in one process or in several.
    /// </summary>
    /// <param name="path">The path to use if it is free. Its parent is created if needed.</param>
    /// <returns>The path of the new folder.</returns>
    /// <exception cref="IOException">The folder cannot be created. The message names it.</exception>
    public static string Create(string path)
    {
        OutputPath.makeFolderOf(path);
        try
        {
            var parent = Path.GetDirectoryName(Path.GetFullPath(path))!;
            for (var attempt = 1; ; attempt++)
            {
                var candidate = attempt == 1 ? path : $"{path}-{attempt}";
                if (TryCreate(candidate, Path.Combine(parent, $".{Path.GetFileName(candidate)}.claim"), attempt < MostAttempts))
                {
                    return candidate;
                }
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot make the folder '{path}': {cause.Message}", cause);
        }
    }

    // Directory.CreateDirectory succeeds for an existing folder, so it cannot tell who created it. A file can be created exclusively. So
    // only the process that holds this claim file checks for the folder and creates it.
    private static bool TryCreate(string candidate, string claim, bool mayFail)
    {
        try
        {
            using var held = new FileStream(claim, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            if (Path.Exists(candidate))
            {
                return false;
            }

            Directory.CreateDirectory(candidate);
            return true;
        }
        catch (IOException) when (mayFail)
        {
            return false;
        }
    }
}
