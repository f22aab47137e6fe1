namespace CuteDl.Tests;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cutedl-tests-").FullName;

    /// <summary>Runs a test with the path of a folder that goes with it.</summary>
    public static void Use(Action<string> act)
    {
        using var folder = new TemporaryFolder();
        act(folder.Path);
    }

    /// <summary>Runs a test with the path of a folder that goes with it.</summary>
    public static async Task UseAsync(Func<string, Task> act)
    {
        using var folder = new TemporaryFolder();
        await act(folder.Path);
    }

    public string Within(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
