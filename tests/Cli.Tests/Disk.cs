using System.ComponentModel;
using System.Diagnostics;

namespace CuteDl.Tests;

/// <summary>A small disk in memory, which a test can fill.</summary>
internal sealed class Disk : IDisposable
{
    private readonly string _folder;

    private Disk(string folder) => _folder = folder;

    /// <summary>Mounts a disk on a new folder; null if this user cannot.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="size">The size, such as <c>300k</c>.</param>
    public static Disk? Mount(string folder, string size)
    {
        Directory.CreateDirectory(folder);
        return Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", folder) ? new(folder) : null;
    }

    /// <summary>Gives the disk another size. Returns false if that fails.</summary>
    public bool Resize(string size) => Run("mount", "-o", $"remount,size={size}", _folder);

    public void Dispose() => Run("umount", _folder);

    // Only the superuser may.
    private static bool Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
