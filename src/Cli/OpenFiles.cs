using Microsoft.Win32.SafeHandles;

namespace CuteDl.Cli;

/// <summary>
/// Checks that the process may open as many files as the tool needs. With fewer, the runtime cannot load the tool's own assemblies. The
/// tool would then end without a message, or with a misleading one.
/// </summary>
internal static class OpenFiles
{
    // In addition to the files that the runtime has open when the tool starts.
    private const int Needed = 80;

    private const int StandardError = 2;

    /// <summary>True if there are enough. Otherwise prints the reason to standard error.</summary>
    public static bool AreEnough()
    {
        var handles = new List<SafeFileHandle>(Needed);
        try
        {
            var file = typeof(object).Assembly.Location is { Length: > 0 } library ? library : Environment.ProcessPath!;
            while (handles.Count < Needed)
            {
                handles.Add(File.OpenHandle(file));
            }

            return true;
        }
        catch (IOException)
        {
            Release(handles);
            Write("cutedl: This process may open too few files. Allow at least 256: ulimit -n 256.\n"u8);
            return false;
        }
        finally
        {
            Release(handles);
        }
    }

    private static void Release(List<SafeFileHandle> handles)
    {
        handles.ForEach(handle => handle.Dispose());
        handles.Clear();
    }

    // Does not use the console, because there may be no file left for its assembly.
    private static void Write(ReadOnlySpan<byte> text)
    {
        try
        {
            using var stream = new FileStream(new SafeFileHandle(StandardError, ownsHandle: false), FileAccess.Write, 0);
            stream.Write(text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Standard error is closed: the exit code must do.
        }
    }
}
