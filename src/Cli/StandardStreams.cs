using System.Runtime.InteropServices;

namespace CuteDl.Cli;

/// <summary>Checks the standard streams that the process was started with, and guards writes to them.</summary>
internal static class StandardStreams
{
    private const int Output = 1;
    private const int Error = 2;

    // As Linux, macOS and BSD number them.
    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;

    /// <summary>
    /// Makes writes to the streams safe. Returns false, with the reason on standard error, if standard output is closed: no command can
    /// show its result.
    /// </summary>
    public static bool Prepare()
    {
        // A message to a closed standard error is dropped. It must not end a run.
        Console.SetError(IsOpen(Error) ? new GuardedWriter(Console.Error, _ => { }) : TextWriter.Null);
        if (!IsOpen(Output))
        {
            Invocation.Fail("The standard output is closed. Leave it open, or send it to a file or to /dev/null.");
            return false;
        }

        Console.SetOut(new GuardedWriter(Console.Out, cause => throw new IOException($"The standard output cannot be written: {cause.Message}", cause)));
        return true;
    }

    // The runtime may have opened a file of its own under the number of a closed stream. Such files close when a program starts, so a
    // stream that this program inherited never has this flag. On Windows, writes to a closed stream have no effect.
    private static bool IsOpen(int stream) =>
        OperatingSystem.IsWindows() || (Control(stream, GetDescriptorFlags) is >= 0 and var flags && (flags & CloseOnExec) == 0);

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int Control(int file, int command);
}
