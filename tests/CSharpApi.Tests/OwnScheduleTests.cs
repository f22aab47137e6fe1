using System.Text.Json;
using CuteDl.Core.Data;
using CuteDl.Core.Optimizers;
using CuteDl.Laws;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;
using FsCheck;
using FsCheck.Fluent;

namespace CuteDl.Tests;

/// <summary>Schedules of one's own, and shares of the run, as C# makes them and everywhere where a schedule can be.</summary>
internal static class OwnScheduleTests
{
    private static readonly Schedule Ramp = Schedules.Of("ramp", step => Math.Min(0.5, (step + 1) / 40.0));

    private static readonly KindRegistry Registry = KindRegistry.Standard.Add(Ramp);

    private static readonly JsonSerializerOptions WithRegistry = new()
    {
        Converters =
        {
            new TextFormJsonConverter<Optimizer>(text => Optimizers.Parse(text, Registry)),
            new TextFormJsonConverter<Schedule>(text => Schedules.Parse(text, Registry)),
        },
    };

    private static readonly Gen<StepCount> Counts =
        Gen.OneOf(Gen.Choose(1, 9).Select(steps => (StepCount)steps), Gen.Choose(1, 200).Select(halves => StepCount.Percent(halves / 2.0)));

    private static readonly Gen<Schedule> AnySchedule =
        from count in Counts
        from other in Counts
        from schedule in Gen.Elements(
            Ramp,
            Ramp.AfterWarmup(count),
            Schedules.Cosine(0.1, count).Then(other, Ramp),
            Ramp.Times(Schedules.Wsd(0.1, count, other, count)),
            Schedules.Linear(0.5).AfterWarmup(count, 0.1),
            Schedules.MultiStep(0.1, 0.5, count))
        select schedule;

    private const string Unregistered = "'ramp' is neither a number nor a schedule in the registry. lr must be in [0, ∞), or follow a schedule. Add a schedule of your own to the registry.";

    private static Study Question { get; } = Study.Named("Ramps")
        .Quadratic("bowl", steps: 40, loss: 1e-3, dimensions: 3, condition: 5, validateEvery: 2)
        .Optimizer(Optimizers.Sgd().Schedule("lr", Ramp), space => space.Uniform("momentum", 0, 0.9), "ramp")
        .Optimizer(Optimizers.Sgd().Schedule("lr", Schedules.Cosine(0.3).AfterWarmup(StepCount.Percent(10))), space => space.Uniform("momentum", 0, 0.9), "share")
        .Tuning(trials: 4, search: StudySearch.Grid)
        .Confirmation(seeds: 6);

    public static Test All { get; } = Spec.List("own schedules and shares",
        Spec.Property("a schedule is read back from its text form and from JSON, with a registry", Prop.ForAll(AnySchedule.ToArbitrary(), schedule =>
            Schedules.Parse(schedule.ToString(), Registry) == schedule
            && JsonSerializer.Deserialize<Schedule[]>(JsonSerializer.Serialize<Schedule[]>([schedule]), WithRegistry)![0] == schedule)),
        Spec.Property("an optimizer is read back from its text form and from JSON, with a registry", Prop.ForAll(AnySchedule.ToArbitrary(), schedule =>
        {
            var optimizer = Optimizers.Adam().ClipNorm(1).Schedule("lr", schedule).Schedule("limit", schedule);
            return Optimizers.Parse(optimizer.ToString(), Registry) == optimizer
                && JsonSerializer.Deserialize<Optimizer[]>(JsonSerializer.Serialize<Optimizer[]>([optimizer]), WithRegistry)![0] == optimizer;
        })),
        Spec.Property("a number of steps is equal to another if both are written alike", Prop.ForAll(Counts.Zip(Counts).ToArbitrary(), counts =>
            (counts.Item1 == counts.Item2) == (counts.Item1.ToString() == counts.Item2.ToString()))),
        Spec.Test("a schedule of one's own has the values of its function, and the equality of its name", () =>
        {
            Expect.sequenceEqual(Enumerable.Range(0, 30).Select(t => Ramp.At(t)), Enumerable.Range(0, 30).Select(t => Math.Min(0.5, (t + 1) / 40.0)), "values");
            Expect.equal(Ramp.ToString(), "ramp()", "text form");
            Expect.isTrue(Ramp == Schedules.Of("ramp", _ => 1) && Ramp != Schedules.Of("other", step => step), "equality");
            Expect.equal(Optimizers.Fixed().Schedule("lr", Ramp).ToString(), "fixed(lr=ramp)", "in an optimizer");
            Expect.equal(Spec.Throws<ArgumentException>(() => Schedules.Of("cosine", _ => 1)).ParamName, "name", "a name of the library");
        }),
        Spec.Test("a registry is a value, and takes schedules of one's own once", () =>
        {
            Expect.sequenceEqual(Registry.Schedules, [Ramp], "one more");
            Expect.isEmpty(KindRegistry.Standard.Schedules, "standard");
            Expect.stringStarts(
                Spec.Throws<ArgumentException>(() => Registry.Add(Schedules.Of("ramp", _ => 1))).Message,
                "The registry has a schedule ramp already. Give the schedule another name, and add each schedule once.",
                "twice");
            Expect.stringStarts(
                Spec.Throws<ArgumentException>(() => Registry.Add(Schedules.Cosine(0.1))).Message,
                "cosine(0.1) is not a schedule of your own. Add schedules that Schedules.Of made; every registry reads those of the library.",
                "of the library");
        }),
        Spec.Test("what is not in the registry is refused, with what to do", () => TemporaryFolder.Use(folder =>
        {
            const string Text = "fixed(lr=ramp)";
            Expect.stringContains(Spec.Throws<ExpressionException>(() => Optimizers.Parse(Text)).Message, Unregistered, "an optimizer");
            Expect.stringContains(Spec.Throws<ExpressionException>(() => Schedules.Parse("ramp")).Message, "Add a schedule of your own to the registry.", "a schedule");
            Expect.isFalse(Schedule.TryParse("ramp", out _) || Optimizer.TryParse(Text, out _), "try");
            Expect.stringContains(Spec.Throws<JsonException>(() => JsonSerializer.Deserialize<Optimizer>($"\"{Text}\"")).Message, Unregistered, "JSON");

            var optimizer = Optimizers.Parse(Text, Registry);
            var state = optimizer.Step(optimizer.Init<double>(1), [1]).Next;
            var path = Path.Combine(folder, "a.safetensors");
            new Checkpoint<double>(optimizer, state, [1]).Save(path);
            Expect.stringContains(Spec.Throws<DataFormatException>(() => Checkpoint.Read<double>(path)).Message, Unregistered, "a checkpoint");
            foreach (var read in new[] { Checkpoint.Read<double>(path, Registry), Checkpoint.Read<double>(path, optimizer) })
            {
                Expect.sequenceEqual(optimizer.Step(read.State, [1]).Delta, [Ramp.At(1)], "the next step");
            }

            Expect.stringContains(Spec.Throws<StudyFileException>(() => Study.Parse(Question.ToJson())).Message, "'ramp' is neither a number nor a schedule in the registry.", "a study");
        })),
        Spec.Test("a whole number of steps and a share are written alike in C#", () =>
        {
            Expect.equal(Schedules.Cosine(0.1).ToString(), "cosine(0.1)", "until the end of the run");
            Expect.equal(Schedules.Cosine(0.1, StepCount.WholeRun), Schedules.Cosine(0.1), "the default");
            Expect.equal(Schedules.MultiStep(1, 0.5, 10, StepCount.Percent(50)).ToString(), "multi_step(1, 10, 50%, factor=0.5)", "milestones");
            Expect.equal(Schedules.Piecewise(1, Interpolation.Linear, (StepCount.Percent(12.5), 2), (50, 3)).ToString(), "piecewise(1, 12.5%, 2, 50, 3, interpolation=linear)", "pieces");
            Expect.equal(Schedules.OneCycle(0.1).Then(StepCount.Percent(80), Ramp).ToString(), "join(one_cycle(0.1), 80%, ramp())", "a join");
            Expect.equal(Schedules.Cyclic(0.1, 1, StepCount.Percent(5)).ToString(), "cyclic(0.1, max=1, up=5%)", "a cycle");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.Cosine(0.1, StepCount.Percent(0))).ParamName, "steps", "0 %");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.LinearToZero(0.1, warmup: StepCount.Percent(101))).ParamName, "warmup", "101 %");
        }),
        Spec.Test("a loop of one's own gives the length of the run", () =>
        {
            var optimizer = Optimizers.Fixed().Schedule("lr", Schedules.Linear(1).AfterWarmup(StepCount.Percent(20)));
            Expect.isTrue(optimizer.DependsOnRun && !optimizer.ForRun(10).DependsOnRun, "depends");
            Expect.equal(optimizer.ForRun(10).ToString(), "fixed(lr=warmup(2, linear(1, steps=8)))", "in a run");
            Expect.equal(optimizer.ForRun(10), Optimizers.Fixed().Schedule("lr", optimizer.Schedules[0].Value.ForRun(10)), "by schedule");
            Expect.stringStarts(
                Spec.Throws<ArgumentException>(() => optimizer.Init<float>(1)).Message,
                "warmup(20%, linear(1)) depends on the length of the run (20%), which is not known here. Give numbers of steps, or call forRun (in C#: ForRun) with the length of the run.",
                "without");
        }),
        Spec.Test("an experiment resolves shares, and its result has the optimizer as written", async () =>
        {
            async Task<RunResult> Run(Schedule schedule) =>
                await Mnist.Documented(model => model.Dense(10)).Optimizer(Optimizers.Sgd().Schedule("lr", schedule)).MaxSteps(40).ValidateEvery(20).RunAsync();

            var shared = await Run(Schedules.Cosine(0.5).AfterWarmup(StepCount.Percent(25)));
            var numbered = await Run(Schedules.Cosine(0.5, 30).AfterWarmup(10));
            Expect.stringContains(shared.Optimizer, "lr=warmup(25%, cosine(0.5))", "as written");
            Expect.equal(shared.History, numbered.History, "the steps of the resolved schedule");
            using var folder = new TemporaryFolder();
            await Mnist.Documented(model => model.Dense(10)).Optimizer(Optimizers.Sgd().Schedule("lr", Ramp), "own").MaxSteps(40).ValidateEvery(20).RunAsync(folder.Path);
            Expect.isTrue((await Replays.TrialAsync(Path.Combine(folder.Path, "trials", "run", "mnist", "own", "0", "0.json"), registry: Registry)).IsBitEqual, "replayed with a registry");
            var comparison = await Mnist.Documented(model => model.Dense(10)).MaxSteps(2).Compare(Optimizers.Sgd().Schedule("lr", Schedules.Cosine(0.5)), Optimizers.Sgd().Schedule("lr", Ramp)).RunAsync();
            Expect.sequenceEqual(comparison.Runs.Select(run => run.Run), comparison.Runs.Select(run => run.Optimizer), "names of a comparison");
        }),
        Spec.Test("a learning-rate sweep resolves shares by its own steps", async () =>
        {
            async Task<LearningRateSweep> Sweep(Schedule schedule) =>
                await Mnist.Documented(model => model.Dense(10)).Optimizer(Optimizers.Sgd().Schedule("momentum", schedule)).FindLearningRateAsync(new() { Steps = 10 });

            var shared = await Sweep(Schedules.Linear(0.5));
            Expect.sequenceEqual(shared.Points, (await Sweep(Schedules.Linear(0.5, 10))).Points, "points");
            Expect.stringContains(shared.Optimizer, "momentum=linear(0.5)", "as written");
        }),
        Spec.Test("the laws check a schedule of one's own, and need numbers in place of shares", () =>
        {
            LawChecker.Check(Optimizers.Fixed().Schedule("lr", Ramp), LawChecker.DefaultOptions.WithCases(5)).ThrowIfBroken();
            Expect.stringContains(
                Spec.Throws<ArgumentException>(() => LawChecker.Check(Optimizers.Fixed().Schedule("lr", Schedules.Cosine(0.1)))).Message,
                "cosine(0.1) depends on the length of the run (100%)",
                "a share");
        }),
        Spec.Test("a study resolves shares by its budget, and is read, resumed and replayed with a registry", () => TemporaryFolder.UseAsync(async folder =>
        {
            Expect.equal(Study.Parse(Question.ToJson(), Registry).ToJson(), Question.ToJson(), "as a file");
            var whole = await Question.RunAsync(folder);
            Expect.isTrue(whole.IsComplete, "complete");
            var trials = whole.Trials.Where(trial => trial.Trial.Contender == "share").ToArray();
            Expect.isTrue(Array.TrueForAll(trials, trial => trial.Trial.Optimizer.Contains("lr=warmup(10%, cosine(0.3))", StringComparison.Ordinal)), "as written");

            var numbered = await Study.Named("Numbers")
                .Quadratic("bowl", steps: 40, loss: 1e-3, dimensions: 3, condition: 5, validateEvery: 2)
                .Optimizer(Optimizers.Sgd().Schedule("lr", Schedules.Cosine(0.3, 36).AfterWarmup(4)), space => space.Uniform("momentum", 0, 0.9), "share")
                .Tuning(trials: 4, search: StudySearch.Grid)
                .Confirmation(seeds: 6)
                .RunAsync();
            Expect.sequenceEqual(
                trials.Select(trial => (trial.Trial.Seed, trial.Parameters)).Order(),
                numbered.Trials.Select(trial => (trial.Trial.Seed, trial.Parameters)).Order(),
                "the bits of the study with numbers");

            Expect.equal(StudyResult.Load(folder, registry: Registry).Trials.Count, whole.Trials.Count, "loaded");
            Expect.equal(StudyResult.Load(folder, Question).Trials.Count, whole.Trials.Count, "loaded with the study");
            foreach (var contender in new[] { "ramp", "share" })
            {
                var trial = Directory.EnumerateFiles(Path.Combine(folder, "trials", "confirmation", "bowl", contender), "*.json", SearchOption.AllDirectories).Order().First();
                Expect.isTrue((await Replays.TrialAsync(trial, registry: Registry)).IsBitEqual, $"{contender}, replayed");
                Expect.isTrue((await Replays.TrialAsync(trial, study: Question)).IsBitEqual, $"{contender}, replayed with the study");
            }
        })),
        Spec.Test("a study refuses two functions of one name", async () =>
        {
            var study = Question.Optimizer(Optimizers.Fixed().Schedule("lr", Schedules.Of("ramp", _ => 0.1)), name: "other");
            var message = "";
            try
            {
                await study.RunAsync();
            }
            catch (StudyException error)
            {
                message = error.Message;
            }

            Expect.stringContains(message, "Two schedules with different functions are named ramp.", "message");
        }));
}
