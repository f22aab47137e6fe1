using System.Text.Json;
using CuteDl.Core.Numerics;
using CuteDl.Core.Optimizers;
using CuteDl.Laws;
using CuteDl.Samples;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;
using FsCheck;
using FsCheck.Fluent;

namespace CuteDl.Tests;

/// <summary>A rule of one's own, the one of the sample, everywhere where a rule of the library can be.</summary>
internal static class OwnRuleTests
{
    private static readonly KindRegistry Registry = KindRegistry.Standard.Add<Averaged>();

    private static readonly JsonSerializerOptions WithRegistry =
        new() { Converters = { new TextFormJsonConverter<Optimizer>(text => Optimizers.Parse(text, Registry)) } };

    // From few values, so that two of them are often equal.
    private static readonly Gen<Averaged> Values =
        from rate in Gen.Elements(0, 0.1, 1e-320, 12.5)
        from decay in Gen.Elements(0, 0.5, 0.9, double.BitDecrement(1))
        select new Averaged(rate, decay);

    private static readonly Gen<Optimizer> AnyOptimizer =
        from values in Values
        from optimizer in Gen.Elements(
            Optimizers.Of(values),
            Optimizers.Of(values).Schedule("lr", Schedules.Cosine(0.1, 50)),
            Optimizers.Of(values).Schedule("decay", new Plateau(0.5, Patience: 2)),
            Optimizers.Of(values).ClipGlobalNorm().Ema(),
            Optimizers.Adam().For("*.bias", Optimizers.Of(values)))
        select optimizer;

    private static Study Question { get; } = Study.Named("Averages")
        .Quadratic("bowl", steps: 40, loss: 1e-3, dimensions: 3, condition: 5, validateEvery: 2)
        .Optimizer(Optimizers.Of(new Averaged()), space => space.LogUniform("lr", 0.01, 1).Choice("decay", 0.5, 0.9))
        .Optimizer(Optimizers.Of(new Averaged()).ClipNorm(1), space => space.LogUniform("lr", 0.01, 1), "clipped")
        .Tuning(trials: 4, search: StudySearch.Sobol)
        .Confirmation(seeds: 6);

    public static Test All { get; } = Spec.List("own rules",
        Spec.Property("an optimizer is read back from its text form and from JSON, with a registry", Prop.ForAll(AnyOptimizer.ToArbitrary(), optimizer =>
            Optimizers.Parse(optimizer.ToString(), Registry) == optimizer
            && JsonSerializer.Deserialize<Optimizer[]>(JsonSerializer.Serialize<Optimizer[]>([optimizer]), WithRegistry)![0] == optimizer)),
        Spec.Property("two optimizers are equal if all arguments are equal, and only then", Prop.ForAll(Values.Zip(Values).ToArbitrary(), given =>
        {
            var ((first, second), a, b) = (given, Optimizers.Of(given.Item1), Optimizers.Of(given.Item2));
            return (a == b) == (first == second) && (a != b || a.GetHashCode() == b.GetHashCode());
        })),
        Spec.Test("a rule has arguments, a text form, and exceptions with the names of C#", () =>
        {
            var optimizer = Optimizers.Of(new Averaged(0.5));
            Expect.equal(optimizer.ToString(), "averaged(lr=0.5, decay=0.9)", "text form");
            Expect.equal(optimizer.With("decay", 0.5), Optimizers.Of(new Averaged(0.5, 0.5)), "a value");
            Expect.equal(string.Join(", ", optimizer.Rule.Arguments), "lr=0.1, [0, ∞), decay=0.9, [0, 1)", "arguments");
            Expect.equal(optimizer.Rule.Role, RuleRole.Rule, "role");
            Expect.isTrue(optimizer.Rule.Conventions is null && optimizer.Rule.Learns is null, "what only rules of the library have");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Of(new Averaged(LearningRate: -1))).ParamName, "learningRate", "the parameter");
            Expect.stringContains(Spec.Throws<ExpressionException>(() => Optimizers.Parse("averaged")).Message, "No rule is named 'averaged'.", "the standard registry");
        }),
        Spec.Test("a registry is a value, and refuses a name twice", () =>
        {
            Expect.sequenceEqual(Registry.Rules.Select(rule => rule.Name), [.. KindRegistry.Standard.Rules.Select(rule => rule.Name), "averaged"], "one more");
            Expect.sequenceEqual(KindRegistry.Standard.Rules.Select(rule => rule.Name), Optimizers.Rules.Concat(Optimizers.Transformations).Select(rule => rule.Name), "standard");
            Expect.equal(
                Spec.Throws<ArgumentException>(() => Registry.Add<Namesake>()).Message,
                $"The registry has averaged already, for the type {typeof(Averaged)}. Give each rule a name of its own.",
                "twice");
        }),
        Spec.Test("a checkpoint is read with a registry, and refuses another rule of the same name", () => TemporaryFolder.Use(folder =>
        {
            foreach (var path in new[] { Path.Combine(folder, "a.safetensors"), Path.Combine(folder, "a.npz") })
            {
                var optimizer = Optimizers.Of(new Averaged(0.5));
                var state = optimizer.Step(optimizer.Init<double>(2), [1, -2]).Next;
                new Checkpoint<double>(optimizer, state, [1, 2]).Save(path);
                foreach (var read in new[] { Checkpoint.Read<double>(path, Registry), Checkpoint.Read<double>(path, optimizer) })
                {
                    Expect.equal(read.Optimizer, optimizer, "the optimizer");
                    Expect.sequenceEqual(read.State["average"].ToArray(), state["average"].ToArray(), "the state");
                }

                Expect.stringContains(Spec.Throws<Core.Data.DataFormatException>(() => Checkpoint.Read<double>(path)).Message, "which is not in the registry", "standard");
                Expect.stringContains(
                    Spec.Throws<Core.Data.DataFormatException>(() => Checkpoint.Read<double>(path, KindRegistry.Standard.Add<Namesake>())).Message,
                    $"In the checkpoint, averaged is the type {typeof(Averaged)}(lr, decay); in the optimizer, it is the type {typeof(Namesake)}(lr, decay).",
                    "a namesake");
            }
        })),
        Spec.Test("an experiment trains with it, and a replay reads its result with a registry", async () =>
        {
            var optimizer = Optimizers.Of(new Averaged(0.5)).Schedule("lr", Schedules.Cosine(0.5, 40));
            using var folder = new TemporaryFolder();
            var result = await Mnist.Documented(model => model.Dense(10)).Optimizer(optimizer, "own").MaxSteps(40).ValidateEvery(20).RunAsync(folder.Path);
            Expect.equal(result.Optimizer, "averaged(lr=cosine(0.5, steps=40), decay=0.9)", "optimizer");
            Expect.isTrue(result.History.ValLoss[^1] < result.History.ValLoss[0], "it learns");
            var file = Path.Combine(folder.Path, "trials", "run", "mnist", "own", "0", "0.json");
            Expect.isTrue((await Replays.TrialAsync(file, registry: Registry)).IsBitEqual, "replayed");
            await AsyncExpect.ThrowsAsync<StudyException>(() => Replays.TrialAsync(file));
        }),
        Spec.Test("a study tunes its arguments, and is read, resumed and replayed with a registry", () => TemporaryFolder.UseAsync(async folder =>
        {
            Expect.equal(Study.Parse(Question.ToJson(), Registry).ToJson(), Question.ToJson(), "as a file");
            Expect.stringContains(Spec.Throws<StudyFileException>(() => Study.Parse(Question.ToJson())).Message, "No rule is named 'averaged'.", "without a registry");
            var file = Path.Combine(folder, "study.json");
            File.WriteAllText(file, Question.ToJson());
            Expect.equal(Study.Load(file, Registry).ToJson(), Question.ToJson(), "from a file");

            using var source = new CancellationTokenSource();
            var part = await Question.RunAsync(folder, progress: new Canceller(source), cancellationToken: source.Token);
            Expect.isFalse(part.IsComplete, "interrupted");
            await AsyncExpect.ThrowsAsync<StudyFileException>(() => Study.ResumeAsync(folder));
            Expect.stringContains(
                (await AsyncExpect.ThrowsAsync<StudyException>(() => Study.ResumeAsync(folder, registry: KindRegistry.Standard.Add<Namesake>()))).Message,
                $"averaged: {typeof(Averaged)}(lr, decay) in averaged; averaged: {typeof(Averaged)}(lr, decay) in clipped, and now averaged: {typeof(Namesake)}(lr, decay) in averaged;",
                "a namesake");
            var whole = await Study.ResumeAsync(folder, registry: Registry);
            Expect.isTrue(whole.IsComplete, "resumed");
            Expect.sequenceEqual(
                whole.Trials.Select(trial => $"{trial.Trial} {trial.Parameters:x}"),
                (await Question.RunAsync()).Trials.Select(trial => $"{trial.Trial} {trial.Parameters:x}"),
                "the same as at once");
            Expect.equal(StudyResult.Load(folder, registry: Registry).Trials.Count, whole.Trials.Count, "loaded");
            Expect.equal(StudyResult.Load(folder, Question).Trials.Count, whole.Trials.Count, "loaded with the study");
            Expect.isTrue(whole.Trials.Select(trial => trial.Trial.Optimizer).Distinct().Count() > 6, "settings");

            var trial = Path.Combine(folder, "trials", "confirmation", "bowl", "averaged", "0", "1.json");
            Expect.isTrue((await Replays.TrialAsync(trial, registry: Registry)).IsBitEqual, "replayed");
            Expect.isTrue((await Replays.TrialAsync(trial, study: Question)).IsBitEqual, "replayed with the study");
            await AsyncExpect.ThrowsAsync<StudyException>(() => Replays.TrialAsync(trial));
        })),
        Spec.Test("the laws check it as it is", () =>
        {
            var report = LawChecker.Check(Optimizers.Of(new Averaged(0.5)), LawChecker.DefaultOptions.WithCases(5));
            report.ThrowIfBroken();
            Expect.stringStarts(report.Summary, "averaged(lr=0.5, decay=0.9): ", "the optimizer");
            Expect.equal(report.Results.First(result => result.Id == "P32").Verdict, Verdict.Held, "linear in the rate");
        }));

    // Another rule with the name, the arguments and the slot of the sample's.
    private sealed record Namesake(
        [property: Rate(0.1)] double LearningRate = 0.1,
        [property: Decay("decay", 0.9, "γ, the decay of the mean of gradients")] double Decay = 0.9) : IRule, IDescribed<Namesake>
    {
        static RuleDescription IDescribed<Namesake>.Description => RuleDescription.Own("averaged");

        public IReadOnlyList<string> Slots => ["average"];

        public bool NeedsParameters => false;

        public void Update<E>(long step, UpdateLoop<E> loop)
            where E : struct, IElement<E> => loop.Run(new AveragedUpdate<E>(loop.Lift(2 * LearningRate), loop.Decay(Decay)));
    }

    private sealed class Canceller(CancellationTokenSource source) : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value)
        {
            if (value.Finished >= 5)
            {
                source.Cancel();
            }
        }
    }
}
