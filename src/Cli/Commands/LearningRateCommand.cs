using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using CuteDl.Reports;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary><c>cutedl lr-find OPTIMIZER</c>: finds a learning rate in one short training.</summary>
internal static class LearningRateCommand
{
    private const int RowsShown = 11;

    private static readonly LearningRateSweepOptions Defaults = new();

    public static Command Create()
    {
        var optimizer = new Argument<string>("OPTIMIZER") { Description = "An optimizer, such as adam or \"momentum(decay=0.9)\". Its learning rate is replaced by the rates of the search." };
        var low = Rate("--low", "Learning rate of the first step, above 0.", Defaults.Low);
        var high = Rate("--high", "Learning rate of the last step, above that of --low.", Defaults.High);
        var steps = new Option<int>("--steps")
        {
            HelpName = "N",
            Description = "Number of steps from --low to --high, at least 2.",
            DefaultValueFactory = _ => Defaults.Steps,
            CustomParser = Numbers.Whole<int>,
        };
        var argument = new Option<string>("--argument") { HelpName = "NAME", Description = "Hyper-parameter to search.", DefaultValueFactory = _ => Defaults.Argument };
        var training = new TrainingOptions(hasLimits: false);
        var output = new OutputOptions("If it exists, result files in it are overwritten.");
        var command = new CommandPage(
            "lr-find",
            "Finds a learning rate in one short training run. The rate grows at every step; the loss shows which rates help and which are too large. The run ends early if the smoothed loss exceeds four times its minimum. It also ends if a loss, a gradient or the optimizer's state is not finite.",
            "cutedl lr-find \"momentum(decay=0.9)\" --hidden 128 --output linear")
         { optimizer, low, high, steps, argument };
        training.AddTo(command);
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var experiment = training.Read(parsed, training.HasSeed(parsed)).Optimizer(Optimizers.Parse(parsed.GetValue(optimizer)!));
            var options = Defaults with
            {
                Low = parsed.GetValue(low),
                High = parsed.GetValue(high),
                Steps = parsed.GetValue(steps),
                Argument = parsed.GetValue(argument)!,
            };
            var target = output.Read(parsed, "lr-find");
            var sweep = await SweepAsync(experiment, options, cancellationToken).ConfigureAwait(false);
            var folder = target.MakeFolder();
            var files = LearningRateFiles.Write(sweep, folder);
            if (target.IsJson)
            {
                var content = JsonNode.Parse(sweep.ToJson())!.AsObject();
                content["folder"] = Path.GetFullPath(folder);
                new JsonLines(Console.Out).Write("lr-find", content);
            }
            else
            {
                Show(sweep, files[0]);
            }

            return ExitCode.Fine;
        });
        return command;
    }

    private static Option<double> Rate(string name, string description, double value) =>
        new(name) { HelpName = "RATE", Description = description, DefaultValueFactory = _ => value, CustomParser = Numbers.Real };

    private static async Task<LearningRateSweep> SweepAsync(Experiment experiment, LearningRateSweepOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await experiment.FindLearningRateAsync(options, cancellationToken).ConfigureAwait(false);
        }
        catch (ArgumentOutOfRangeException error) when (error.ParamName is "low" or "high" or "steps")
        {
            var given = Convert.ToString(error.ActualValue, CultureInfo.InvariantCulture);
            var allowed = error.ParamName switch
            {
                "low" => "above 0",
                "high" => "above --low",
                _ => "at least 2",
            };
            throw new UsageException($"--{error.ParamName} must be {allowed}, not {given}.");
        }
    }

    private static void Show(LearningRateSweep sweep, string picture)
    {
        var count = Math.Min(RowsShown, sweep.Points.Count);
        var rows = Enumerable.Range(0, count)
            .Select(i => sweep.Points[count == 1 ? 0 : i * (sweep.Points.Count - 1) / (count - 1)])
            .Select(point => (IReadOnlyList<string>)[Text(point.Rate, "g3"), Text(point.Loss, "0.0000"), Text(point.Smoothed, "0.0000")]);
        Terminal.Write(AnsiConsole.Console, new Reports.Table([sweep.Argument, "loss", "smoothed"], [.. rows]));
        Console.WriteLine(LearningRateWords.Outcome(sweep));
        Console.WriteLine($"Picture: {Path.GetFullPath(picture)}");
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
