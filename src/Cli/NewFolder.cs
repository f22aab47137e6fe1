namespace CuteDl.Cli;

/// <summary>Folders that no other process has.</summary>
internal static class NewFolder
{
    // More processes than this never start in one second.
    private const int MostAttempts = 1000;

    /// <summary>
    /// Makes a folder that did not exist before. If the name is taken, appends -2, -3, and so on. Two callers never get the same folder, in
    /// one process or in several.
    /// </summary>
    /// <param name="path">The folder's name, if it is free. Its parent is made if needed.</param>
    /// <returns>The folder that was made.</returns>
    /// <exception cref="IOException">The folder cannot be made; the message names it.</exception>
    public static string Create(string path)
    {
        try
        {
            var parent = Path.GetDirectoryName(Path.GetFullPath(path))!;
            Directory.CreateDirectory(parent);
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

    // Directory.CreateDirectory succeeds for a folder that exists, so it cannot tell who made it. A file can be created exclusively: only
    // the process that holds the claim looks for the folder and makes it.
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
