using System.Diagnostics;
using CuteDl.Testing;
using Expecto;

var tests = Spec.List("cutedl",
    Spec.Test("--help exits with 0", async () =>
    {
        var tool = Path.Combine(AppContext.BaseDirectory, "CuteDl.Cli.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [tool, "--help"]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Expect.equal(process.ExitCode, 0, output);
    }));

return Runner.Main(tests, args);
