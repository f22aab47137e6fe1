using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary><c>cutedl replay FILE</c>: repeats a recorded trial.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var file = Names.NotEmpty(new Argument<string>("FILE") { Description = "The file of a trial, in the folder of a run, a comparison or a study: trials/.../SEED.json." });
        var data = new Option<string?>("--data") { HelpName = "DIR", Description = "Folder of the images, if they have moved. Default: the images that the file names." };
        var classes = new Option<int?>("--classes") { HelpName = "N", Description = "Number of classes of the data set in --data, at least 2. Default: the number that the file names.", CustomParser = Numbers.WholeOrNone<int> };
        var maxExpansion = DataOptions.MaxExpansion();
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new CommandPage(
            "replay",
            "Repeats a recorded trial and compares the new result with the recorded one, bit for bit. If they differ, the exit code is 1. The command then names the first step that differs, or the range of steps that contains it.",
            "cutedl replay artifacts/run-1/trials/run/mnist/adam/0/0.json")
         { file, data, classes, maxExpansion, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(file)!;
            var expansion = TrainingOptions.AtLeast(maxExpansion, parsed.GetValue(maxExpansion), 1);
            var folder = parsed.GetValue(data) is { } given ? TrainingOptions.NotEmpty(data, given) : null;
            try
            {
                var result = await ReplayAsync(path, folder, parsed.GetValue(classes), expansion, cancellationToken).ConfigureAwait(false);
                Show(result, parsed.GetValue(json));
                return result.IsBitEqual ? ExitCode.Fine : ExitCode.RunFailed;
            }
            catch (StudyException error)
            {
                throw new UsageException(error.Message);
            }
        });
        return command;
    }

    private static Task<ReplayResult> ReplayAsync(string path, string? folder, int? classes, int expansion, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            throw new UsageException($"'{path}' is a folder. Give the file of one trial, such as trials/run/mnist/adam/0/0.json.");
        }

        var data = folder is null ? null : DataSet.FromFolder(folder, classes ?? Replays.Classes(path), expansion);
        return Replays.TrialAsync(path, data, null, new StepLines(Console.Error), cancellationToken: cancellationToken);
    }

    private static void Show(ReplayResult result, bool isJson)
    {
        if (isJson)
        {
            Console.WriteLine(ToJson(result).ToJsonString());
            return;
        }

        if (result.RecordedVersion != result.Version)
        {
            Console.Error.WriteLine($"cutedl: The result was made by version {result.RecordedVersion}; this is version {result.Version}. A difference may come from the version.");
        }

        Console.WriteLine($"{result.Name}: {Verdict(result)}");
    }

    private static string Verdict(ReplayResult result) =>
        result.Difference switch
        {
            null => string.Create(CultureInfo.InvariantCulture, $"all {result.Steps} steps are bit-equal."),
            { First: var first, Last: var last } difference when first == last =>
                string.Create(CultureInfo.InvariantCulture, $"differs from step {first} on (seen in the {difference.What})."),
            var difference => string.Create(
                CultureInfo.InvariantCulture,
                $"differs from a step between {difference.First} and {difference.Last} on (seen in the {difference.What})."),
        };

    private static JsonObject ToJson(ReplayResult result) => new()
    {
        ["name"] = result.Name,
        ["bit_equal"] = result.IsBitEqual,
        ["steps"] = result.Steps,
        ["first"] = result.Difference?.First,
        ["last"] = result.Difference?.Last,
        ["what"] = result.Difference?.What,
        ["recorded_version"] = result.RecordedVersion,
        ["version"] = result.Version,
    };

    /// <summary>Prints the current step every few seconds.</summary>
    private sealed class StepLines(TextWriter writer) : IProgress<long>
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

        private readonly System.Diagnostics.Stopwatch _clock = System.Diagnostics.Stopwatch.StartNew();

        public void Report(long value)
        {
            if (_clock.Elapsed >= Interval)
            {
                _clock.Restart();
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {value}"));
            }
        }
    }
}
