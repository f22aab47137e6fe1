using System.Runtime.InteropServices;
using System.Text.Json;
using CuteDl.Cli;
using CuteDl.Laws;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Help, lists, and what is wrong with a command.</summary>
internal static class UsageTests
{
    private static readonly (string Name, string[] Arguments, string Expected)[] Mistakes =
    [
        ("an unknown command, with the known", ["xyz"], "cutedl has no command 'xyz'. The commands are compare, "),
        ("an unknown command, with the nearest", ["trac"], "cutedl has no command 'trac'. Did you mean trace?"),
        ("an unknown command of studies, with the nearest", ["study", "rn"], "study has no command 'rn'. Did you mean run?"),
        ("no run", ["run"], "RUN is missing. Write 'cutedl run RUN [options]'."),
        ("an unknown run, with the nearest", ["run", "adma"], "Did you mean adam?"),
        ("a schedule in place of an optimizer", ["run", "cosine"], "'cosine' is a schedule, not an optimizer. Use it in place of a number: adam(lr=cosine(value, steps=100%, end=0))."),
        ("an unknown argument, with the known", ["run", "adam(rate=1)"], "Known names are lr, beta1, beta2, eps"),
        ("a value out of its range, with the range", ["run", "momentum(decay=1)"], "[0, 1)"),
        ("the same run twice", ["compare", "adam", "adam"], "given twice"),
        ("a seed and seeds", ["compare", "--seed", "1", "--seeds", "2"], "cannot be given together"),
        ("no seeds", ["compare", "--seeds", "0"], "--seeds must be at least 1, not 0."),
        ("no parallel runs", ["compare", "--parallel", "0"], "--parallel must be at least 1, not 0."),
        ("an empty batch", ["run", "adam", "--batch", "0"], "--batch must be at least 1, not 0."),
        ("a number that is none", ["run", "adam", "--batch", "x"], "--batch must be a whole number, not 'x'."),
        ("a number that is not whole", ["run", "adam", "--max-steps", "1e3"], "--max-steps must be a whole number, not '1e3'."),
        ("a number that is too large", ["run", "adam", "--seed", "99999999999"], "--seed must be a whole number from -2147483648 to 2147483647, not '99999999999'."),
        ("a target that is no number", ["run", "adam", "--target", "most"], "--target must be a number, not 'most'."),
        ("seeds that are no number", ["compare", "--seeds", "ten"], "--seeds must be a whole number, not 'ten'."),
        ("cases that are no number", ["laws", "adam", "--cases", "many"], "--cases must be a whole number, not 'many'."),
        ("an option without its value", ["run", "adam", "--seed"], "--seed has no value. Write '--seed N'."),
        ("a count that is none, with what it may be", ["run", "adam | lookahead(0)"], "k of lookahead must be a whole number of at least 1, not 0."),
        ("an unknown order", ["run", "adam", "--order", "random"], "--order must be file or shuffle, not 'random'."),
        ("an unknown precision", ["run", "adam", "--precision", "half"], "--precision must be single or double, not 'half'."),
        ("an unknown activation", ["run", "adam", "--output", "softmax"], "--output must be relu or linear, not 'softmax'."),
        ("hidden units that are none", ["run", "adam", "--hidden", "128,x"], "'x'"),
        ("an unknown layer", ["run", "adam", "--layers", "conv(32) | dens(10)"], "character 12: No layer is named 'dens'. Did you mean dense?"),
        ("layers that do not fit", ["run", "adam", "--layers", "conv(32) | dense(10)"], "Put flatten before it."),
        ("layers in two ways", ["run", "adam", "--layers", "dense(10)", "--output", "relu"], "--layers has all layers, so --output cannot be used with it."),
        ("a target above 1", ["run", "adam", "--target", "91"], "--target must be from 0 to 1, not 91."),
        ("a missing folder of data", ["run", "adam", "--data", "nowhere"], "nowhere"),
        ("a missing file of weights", ["run", "adam", "--initial-weights", "none.npz"], "none.npz"),
        ("weights of another shape", ["run", "adam", "--hidden", "5", "--initial-weights", "reference"], "784 × 5"),
        ("seeds that change nothing", ["compare", "adam", "--seeds", "2", "--initial-weights", "reference"], "same run"),
        ("an empty folder's name", ["run", "adam", "--out", ""], "--out"),
        ("a single class", ["run", "adam", "--classes", "1"], "--classes must be at least 2, not 1."),
        ("more parameters than can be", ["run", "adam", "--hidden", "6000000"], "parameters"),
        ("groups that leave a tensor out", ["run", "{ \"*.bias\": sgd }"], "matches 'layers.0.weight'"),
        ("a rule for matrices that is given a bias", ["compare", "adam", "muon"], "'layers.0.bias' has the shape [10]"),
        ("a part of a chain that is unknown, with the place", ["run", "clip_norm(1) | lyon(lr=1)"], "character 16: No rule is named 'lyon'"),
        ("an unknown name to list, with the nearest", ["list", "cosin"], "No run, rule, transformation or schedule is named 'cosin'. Did you mean cosine?"),
        ("an optimizer to trace that is unknown", ["trace", "adma", "--initial", "a", "--gradients", "b", "--out", "c"], "Did you mean adam?"),
        ("nothing to trace", ["trace", "adam"], "--gradients is missing. Add '--gradients FILE.npz'."),
        ("an unknown option, with the nearest, and nothing about its value", ["run", "adam", "--seeed", "3"], "cutedl: '--seeed' is not an option of 'cutedl run'. Did you mean --seed?\nSee"),
        ("an unknown option in the place of an argument", ["compare", "--parrallel"], "'--parrallel' is not an option of 'cutedl compare'. Did you mean --parallel?"),
        ("an option that is given twice", ["run", "adam", "--seed", "1", "--seed", "2"], "--seed is given 2 times. Give it once."),
        ("an argument too many", ["run", "adam", "adam"], "'adam' is not expected. Write 'cutedl run RUN [options]'."),
        ("an unknown activation of hidden layers", ["run", "adam", "--hidden-activation", "x"], "--hidden-activation must be linear, relu, leaky-relu, sigmoid, tanh, gelu, silu or softplus, not 'x'."),
        ("until something else", ["study", "run", "s.json", "--until", "x"], "--until must be decided, not 'x'."),
        ("a folder in place of a new study", ["study", "init", "."], "'.' is a folder. Name a file."),
        ("a folder in place of a trace", ["trace", "adam", "--initial", "a", "--gradients", "b", "--out", "."], "'.' is a folder. Name a file."),
        ("laws of an unknown rule, with the nearest", ["laws", "adma"], "Did you mean adam?"),
        ("an empty name of a study", ["study", "check", ""], "FILE is empty."),
        ("an empty name of a new study", ["study", "init", " "], "FILE is empty."),
        ("an empty name of a study's folder", ["study", "status", ""], "DIR is empty."),
        ("an empty name of a trial", ["replay", ""], "FILE is empty."),
        ("an empty name of a trace", ["trace", "adam", "--initial", "a", "--gradients", "b", "--out", ""], "--out is empty."),
        ("a folder in place of a study", ["study", "check", "."], "'.' is a folder"),
        ("a missing study", ["study", "check", "none.json"], "The file 'none.json' does not exist."),
        ("a letter beyond 16 bits, whole", ["run", "😀"], "found '😀'"),
        ("control characters, made visible", ["list", "\u001b[31m\u202e"], "'[U+001B][31m[U+202E]'"),
        ("no expansion of a trace", ["trace", "adam", "--initial", "a", "--gradients", "b", "--out", "c", "--max-expansion", "0"], "--max-expansion must be at least 1, not 0."),
        ("no expansion of a replay", ["replay", "none.json", "--max-expansion", "0"], "--max-expansion must be at least 1, not 0."),
        ("laws without cases", ["laws", "adam", "--cases", "0"], "--cases must be at least 1, not 0."),
    ];

    private static IEnumerable<(string[] Path, System.CommandLine.Command Command)> Commands(string[] path, System.CommandLine.Command command) =>
        command.Subcommands.SelectMany(sub => Commands([.. path, sub.Name], sub)).Prepend((path, command));

    private static readonly string[][] HelpPages =
    [
        [], ["compare"], ["run"], ["list"], ["lr-find"], ["study"], ["study", "init"], ["study", "check"], ["study", "run"], ["resume"],
        ["study", "report"], ["study", "status"], ["laws"], ["trace"], ["replay"], ["schema"], ["schema", "study"],
    ];

    public static Test All { get; } = Spec.List("usage",
        Spec.List("is wrong, and says so in a sentence with exit code 2:", Mistakes.Select(mistake => Spec.Test(mistake.Name, () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run(mistake.Arguments);
            Expect.equal(outcome.ExitCode, 2, outcome.Error);
            Expect.stringContains(outcome.Error, mistake.Expected, "message");
            foreach (var inside in new[] { "   at ", "System.", "(Parameter", "Actual value" })
            {
                Expect.isFalse(outcome.Error.Contains(inside, StringComparison.Ordinal), $"'{inside}' is for programmers: {outcome.Error}");
            }

            Expect.equal(outcome.Output, "", "standard output");
            Expect.isFalse(Directory.EnumerateFileSystemEntries(tool.Folder).Any(), "nothing is left behind");
        }))),
        Spec.List("a wrong value, no value and two values are described for every option of", Commands([], CommandLine.Create()).Select(command => Spec.Test(string.Join(' ', command.Path.Prepend("cutedl")), () =>
        {
            string[] needed = [.. command.Command.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues > 0).Select(_ => "x")];
            foreach (var option in command.Command.Options.Where(option => option.HelpName is not null))
            {
                foreach (var values in new string[][] { ["wr?ng"], [], ["1", option.Name, "2"] })
                {
                    var parsed = CommandLine.Create().Parse([.. command.Path, .. needed, option.Name, .. values]);
                    var mistakes = parsed.Errors.Count > 0 ? CuteDl.Cli.Mistakes.Of(parsed) : [];
                    Expect.isTrue(values is ["wr?ng"] || mistakes.Count > 0, $"{option.Name} {string.Join(' ', values)}");
                    Expect.equal(mistakes.Count == 0, parsed.Errors.Count == 0, "some mistake");
                    foreach (var mistake in mistakes)
                    {
                        Expect.isMatch(mistake, "^--[a-z-]+ (must be .+, not 'wr.ng'|is missing[.] Add '.+'|is given 2 times[.] Give it once|has no value[.] Write '.+')[.]$", mistake);
                    }
                }
            }
        }))),
        Spec.Test("a closed standard output is named before anything is done, and a closed standard error does no harm", () =>
        {
            if (OperatingSystem.IsWindows())
            {
                return;
            }

            using var tool = new Tool();
            foreach (var arguments in new string[][] { ["list", "--json"], ["run", "adam", "--max-steps", "1", "--out", "here"], ["--help"] })
            {
                var outcome = tool.RunRedirected(">&-", arguments);
                Expect.equal(outcome.ExitCode, 2, outcome.Error);
                Expect.equal(outcome.Error, "cutedl: The standard output is closed. Leave it open, or send it to a file or to /dev/null.\n", "message");
            }

            Expect.isFalse(Directory.Exists(tool.PathOf("here")), "nothing is done");
            var silent = tool.RunRedirected("2>&-", "list", "adam");
            Expect.equal((silent.ExitCode, silent.Output), (0, tool.Run("list", "adam").Output), "without standard error");
            Expect.equal(tool.RunRedirected("2>&-", "list", "adma").ExitCode, 2, "a mistake without standard error");
        }),
        Spec.Test("a file in the place of an output folder is a mistake of the command line, found before anything is trained", () =>
        {
            using var tool = StudyTests.WithStudy(CuteDl.Study.Example);
            File.WriteAllText(tool.PathOf("taken"), "mine");
            foreach (var arguments in new string[][]
            {
                ["run", "adam"], ["compare", "adam"], ["lr-find", "adam"], ["study", "run", "study.json"], ["trace", "adam", "--initial", "none", "--gradients", "none"],
            })
            {
                foreach (var folder in new[] { "taken", "taken/below" })
                {
                    var isFile = arguments[0] == "trace";
                    var outcome = tool.Run([.. arguments, "--out", isFile ? "taken/x.npz" : folder]);
                    Expect.equal(outcome.ExitCode, 2, outcome.Error);
                    Expect.stringContains(outcome.Error, "taken' is a file. Name a folder.", "message");
                    Expect.equal(outcome.Output, "", "nothing is trained");
                }
            }

            Expect.equal(File.ReadAllText(tool.PathOf("taken")), "mine", "untouched");
        }),
        Spec.Test("an interrupt before the command begins has its exit code, whatever is wrong with the command line", () =>
        {
            using var interruption = new Interruption(TimeProvider.System);
            interruption.Handle(PosixSignal.SIGINT);
            Expect.equal(Invocation.RunAsync(["study", "rn"], interruption).GetAwaiter().GetResult(), 130, "a mistake");
            Expect.equal(Invocation.RunAsync(["list"], interruption).GetAwaiter().GetResult(), 130, "no mistake");
        }),
        Spec.Long("an interrupt at any time of the start returns 130", "It starts the tool forty times.", () =>
        {
            using var tool = new Tool();
            for (var i = 0; i < 40; i++)
            {
                // Every other folder holds the results of the run before: then there is a mistake to report as well.
                Expect.equal(tool.RunAndSignal(2, TimeSpan.FromMilliseconds(5 * i), "run", "adam", "--max-steps", "100000000", "--out", $"here-{i / 2}"), 130, $"after {5 * i} ms");
            }
        }),
        Spec.Test("a long name does not hide the message", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run("list", string.Concat(Enumerable.Repeat("😀", 50_000)));
            Expect.equal(outcome.ExitCode, 2, outcome.Error);
            Expect.isLessThan(outcome.Error.Length, 1100, "length");
            Expect.stringContains(outcome.Error, "😀😀", "beginning");
            Expect.stringContains(outcome.Error, "nown ", "end");
            Expect.isFalse(outcome.Error.Contains('\uFFFD'), "whole characters");
        }),
        Spec.Test("a study that cannot be read is not called missing", () =>
        {
            if (OperatingSystem.IsWindows())
            {
                return;
            }

            // A link to itself, which fails for every user: no permission is in the way.
            using var tool = new Tool();
            File.CreateSymbolicLink(tool.PathOf("loop.json"), "loop.json");
            var outcome = tool.Run("study", "check", "loop.json");
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringContains(outcome.Error, "The file 'loop.json' cannot be read", "message");
        }),
        Spec.Test("a batch may be larger than any data set", () =>
        {
            Expect.equal(CuteDl.Core.Data.Batches.count(10, int.MaxValue), 1, "batches");
        }),
        Spec.Test("an interrupt that arrives twice at once is one request; a later one ends the program", () =>
        {
            var clock = new SetClock();
            using var interruption = new Interruption(clock);
            Expect.isTrue(interruption.Handle(PosixSignal.SIGTERM), "the first is handled");
            Expect.isTrue(interruption.Token.IsCancellationRequested, "cancelled");
            clock.Now = 499;
            Expect.isTrue(interruption.Handle(PosixSignal.SIGTERM), "the same request");
            clock.Now = 500;
            Expect.isFalse(interruption.Handle(PosixSignal.SIGINT), "ends");
            Expect.equal(interruption.Signal, PosixSignal.SIGTERM, "the first decides the exit code");
        }),
        Spec.Test("damaged data is named with file and place", () =>
        {
            using var tool = new Tool();
            SmallData.Write(tool.PathOf("data"), images: 10, side: 2);
            File.WriteAllBytes(tool.PathOf("data", "train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 10, 1, 2]);
            var outcome = tool.Run("run", "adam", "--data", "data");
            Expect.equal(outcome.ExitCode, 2, outcome.Error);
            Expect.stringContains(outcome.Error, "train-labels-idx1-ubyte, byte 10", "place");
        }),
        Spec.List("help of", HelpPages.Select(arguments => Spec.Test(arguments.Length == 0 ? "the program" : string.Join(' ', arguments), () =>
        {
            var parsed = CommandLine.Create().Parse([.. arguments, "--help"]);
            Expect.isEmpty(parsed.Errors, "errors");
            var outcome = new Outcome(0, HelpPage.Of(parsed.CommandResult.Command), "");
            Expect.isEmpty(outcome.Lines.Where(line => line.Length > 80 || line.EndsWith(' ')), "lines that do not fit 80 columns");
            Expect.stringContains(outcome.Output, "\nUsage:\n  cutedl ", "usage");
            Expect.isTrue(outcome.Lines.SkipWhile(line => !line.StartsWith("Example", StringComparison.Ordinal)).Any(line => line.StartsWith($"  {string.Join(' ', ["cutedl", .. arguments])} ", StringComparison.Ordinal)), "an example");
            var described = outcome.Lines.SkipWhile(line => line != "Options:").Skip(1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal));
            Expect.isNonEmpty(described, "options");
        }))),
        Spec.Test("a limit of open files that is too low is said", () =>
        {
            if (OperatingSystem.IsWindows())
            {
                return;
            }

            using var tool = new Tool();
            foreach (var limit in new[] { 48, 64 })
            {
                var outcome = tool.RunWithOpenFiles(limit, "list");
                Expect.equal(outcome.ExitCode, 1, $"with {limit}: {outcome.Error}");
                Expect.stringContains(outcome.Error, "ulimit -n 256", $"with {limit}");
            }

            Expect.equal(tool.RunWithOpenFiles(256, "list").ExitCode, 0, "enough");
        }),
        Spec.Test("the program alone prints its help, and studies theirs", () =>
        {
            using var tool = new Tool();
            foreach (var arguments in new string[][] { [], ["study"], ["schema"] })
            {
                var alone = tool.Run(arguments);
                Expect.equal((alone.ExitCode, alone.Error), (0, ""), "exit code");
                Expect.equal(alone.Output, tool.Run([.. arguments, "--help"]).Output, "help");
            }
        }),
        Spec.Test("the version goes to standard output", () =>
        {
            using var tool = new Tool();
            var outcome = tool.RunProcess("--version");
            Expect.equal((outcome.ExitCode, outcome.Error), (0, ""), "exit code");
            Expect.isNotEmpty(outcome.Output, "version");
        }),
        Spec.Test("names are found in upper and lower case", () =>
        {
            using var tool = new Tool();
            Expect.equal(tool.Run("list", "Adam").Output, tool.Run("list", "adam").Output, "a rule");
            Expect.equal(Mnist.ParseRun("FIXED-0.2"), Mnist.ParseRun("fixed-0.2"), "a documented run");
            Expect.equal(Mnist.ParseRun("Momentum"), Mnist.ParseRun("momentum"), "a documented run with the name of a rule");
            SmallData.Write(tool.PathOf("data"), images: 10, side: 2);
            var run = tool.Run("run", "Momentum", "--data", "data", "--max-steps", "1", "--order", "Shuffle", "--output", "ReLU");
            Expect.equal(run.ExitCode, 0, run.Error);
        }),
        Spec.Test("every package that the tool contains has its notice", () =>
        {
            using var dependencies = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "CuteDl.Cli.deps.json")));
            var notices = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "THIRD-PARTY-NOTICES.txt"));
            var packages = dependencies.RootElement.GetProperty("libraries").EnumerateObject()
                .Where(library => library.Value.GetProperty("type").GetString() == "package")
                .Select(library => library.Name.Split('/')[0])
                .ToArray();
            Expect.isGreaterThan(packages.Length, 10, "packages");
            Expect.isEmpty(packages.Except(notices), "packages without a notice");
            foreach (var embedded in new[] { "DejaVu Sans", "MNIST", "BSD 3-clause" })
            {
                Expect.isTrue(Array.Exists(notices, line => line.Contains(embedded, StringComparison.Ordinal)), embedded);
            }
        }),
        Spec.Test("list has a line for every documented run, rule, transformation and schedule", () =>
        {
            using var tool = new Tool();
            var lines = tool.RunProcess("list").Lines;
            foreach (var run in Mnist.DocumentedRuns)
            {
                Expect.equal(lines.Count(line => line.StartsWith($"| {run.Name} ", StringComparison.Ordinal) && line.Contains($" {run.Optimizer} ", StringComparison.Ordinal)), 1, run.Name);
            }

            var texts = Optimizers.Rules.Concat(Optimizers.Transformations).Select(rule => rule.ToString()).Concat(Schedules.All.Select(schedule => schedule.Usage));
            foreach (var text in texts)
            {
                Expect.equal(lines.Count(line => line.StartsWith($"| {text} ", StringComparison.Ordinal)), 1, text);
            }
        }),
        Spec.Test("list NAME says all that is known of a rule or a schedule", () =>
        {
            using var tool = new Tool();
            var nadam = Optimizers.NAdam().Rule;
            var page = tool.Run("list", "nadam").Output;
            string[] expected =
            [
                nadam.Summary, nadam.Formula, nadam.Source, nadam.Reproduces, .. nadam.Exemptions.Select(exemption => exemption.Reason),
                nadam.Conventions!.Rate, nadam.Conventions.Epsilon, nadam.Conventions.BiasCorrection, nadam.Conventions.WeightDecay,
                .. nadam.Conventions.InitialState.Select(start => start.ToString()),
                .. nadam.Arguments.SelectMany(argument => new[] { argument.Name, argument.Summary, argument.Allowed, argument.DefaultText }),
            ];
            foreach (var text in expected)
            {
                Expect.stringContains(page, text, "page");
            }

            Expect.isFalse(tool.Run("list", "clip_norm").Output.Contains("correction", StringComparison.Ordinal), "a transformation has no such thing");
            Expect.stringContains(tool.Run("list", "one_cycle").Output, "required", "a schedule's page");
            Expect.stringContains(tool.Run("list", "fixed-0.2").Output, "70,000 steps", "a documented run's page");
        }),
        Spec.Test("list --json writes one object a line", () =>
        {
            using var tool = new Tool();
            var entries = tool.Run("list", "--json").Lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
            var kinds = entries.CountBy(entry => entry.GetProperty("kind").GetString()!).ToDictionary();
            Expect.equal(
                (kinds["run"], kinds["rule"], kinds["transformation"], kinds["schedule"]),
                (Mnist.DocumentedRuns.Count, Optimizers.Rules.Count, Optimizers.Transformations.Count, Schedules.All.Count),
                "kinds");
            var adam = JsonDocument.Parse(tool.Run("list", "adam", "--json").Lines.Single()).RootElement;
            Expect.equal(adam.GetProperty("arguments")[0].GetProperty("default").GetString(), "0.0001", "adam's rate");
            string[] conventions = ["rate", "epsilon", "initial_state", "bias_correction", "weight_decay"];
            foreach (var entry in entries)
            {
                var isRule = entry.GetProperty("kind").GetString() == "rule";
                Expect.isTrue(Array.TrueForAll(conventions, name => entry.TryGetProperty(name, out _) == isRule), entry.GetProperty("name").GetString()!);
            }

            Expect.equal(adam.GetProperty("initial_state").GetProperty("square_average").GetString(), "0", "adam's squares at the start");
        }),
        Spec.Test("list NAME names the laws from which a rule is exempt", () =>
        {
            using var tool = new Tool();
            var page = tool.Run("list", "adamw").Output;
            Expect.stringContains(page, "P22 leading zeros: the bias corrections depend on the number of steps; ", "a number of one law");
            Expect.stringContains(page, "; P16 decay forms: its decay is decoupled and bypasses the means by design\n", "a number of several laws");
            Expect.isFalse(tool.Run("list", "identity").Output.Contains("exempt", StringComparison.Ordinal), "without exemptions");
            var entries = tool.Run("list", "--json").Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(entry => entry.TryGetProperty("exempt", out _)).ToDictionary(entry => entry.GetProperty("name").GetString()!);
            foreach (var rule in Optimizers.Rules.Concat(Optimizers.Transformations).Where(rule => rule.Exemptions.Count > 0))
            {
                var expected = rule.Exemptions.Select(exemption => (exemption.Law, NameOfExemption(rule, exemption)));
                var printed = entries[rule.Name].GetProperty("exempt").EnumerateArray().Select(law => (law.GetProperty("law").GetString()!, law.GetProperty("name").GetString()!));
                Expect.sequenceEqual(printed, expected, rule.Name);
            }
        }));

    private static string NameOfExemption(Rule rule, LawExemption exemption)
    {
        var named = LawChecker.Laws.Where(law => law.Id == exemption.Law).ToArray();

        // Only a check tells which law an exemption concerns if several laws share its number.
        return named.Length == 1
            ? named[0].Name
            : LawChecker.Check(rule.ToString(), LawChecker.DefaultOptions.WithCases(1)).Exempt.Single(law => law.Id == exemption.Law && law.Reason == exemption.Reason).Name;
    }

    private sealed class SetClock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Now;
    }
}
