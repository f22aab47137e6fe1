using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Tests protocols of one's own as C# programs make them.</summary>
internal static class ProtocolTests
{
    private static readonly StudyProtocol Strict = StudyProtocol.Of(
        "strict",
        "optimizers as given, with a smaller error rate",
        like: StudyProtocol.AsGiven,
        defaults: study => study.Confirmation(seeds: 12, alpha: 0.01),
        keys: [ProtocolKey.Seeds],
        title: "the strict protocol",
        limits: ["At the level 0.01."],
        check: study => study.OptimizerNames.Count > 2
            ? [new Finding("X001", Severity.Error, "$.optimizers", "The strict protocol compares two optimizers.", "Remove the others.")]
            : []);

    private static Study Small { get; } = Study.Named("small")
        .Quadratic("bowl", steps: 40, loss: 1e-3, dimensions: 3, condition: 10, validateEvery: 2)
        .Optimizer(Optimizers.Fixed(0.1), space => space.LogUniform("lr", 1e-3, 1))
        .Optimizer(Optimizers.Momentum(0.05, 0.5), space => space.LogUniform("lr", 1e-3, 1));

    public static Test All { get; } = Spec.List("protocols",
        Spec.Test("an own protocol has its defaults, and its verdict its limits", async () =>
        {
            var result = await Small.Protocol(Strict).RunAsync();
            Expect.equal(result.Trials.Count, 24, "two optimizers, twelve seeds, no tuning");
            Expect.isTrue(result.Analysis.Sentences.Contains("At the level 0.01."), string.Join("\n", result.Analysis.Sentences));
            Expect.equal(result.Analysis.InterimLooks.Level, 0.01, "level");
        }),
        Spec.Test("a study file names it, and is read with a registry that has it", async () =>
        {
            using var folder = new TemporaryFolder();
            var study = Small.Protocol(Strict, seeds: 6);
            var json = study.ToJson();
            Expect.stringContains(json, "\"protocol\": \"strict\"", "name");
            Expect.stringContains(json, "\"seeds\": 6", "seeds");
            var registry = KindRegistry.Standard.Add(Strict);
            Expect.equal(Study.Parse(json, registry).ToJson(), json, "read and printed");
            var refusal = Spec.Throws<StudyFileException>(() => Study.Parse(json));
            Expect.stringContains(refusal.Message, "'strict' is not a protocol of the registry.", "unknown");
            Expect.stringContains(refusal.Message, "fair, document, runs, as_given", "the known ones");

            var file = Path.Combine(folder.Path, "study.json");
            Directory.CreateDirectory(folder.Path);
            await File.WriteAllTextAsync(file, json);
            var result = await Study.Load(file, registry).RunAsync(folder.Within("run"));
            Expect.equal((await Study.ResumeAsync(folder.Within("run"), registry: registry)).Trials.Count, result.Trials.Count, "resumed by its registry");
        }),
        Spec.Test("its findings are among those of the study, and its errors refuse the study", async () =>
        {
            var study = Small.Optimizer(Optimizers.Adam(0.01)).Protocol(Strict);
            Expect.isTrue(study.Check().Any(finding => finding.Code == "X001"), "found");
            var refusal = await AsyncExpect.ThrowsAsync<StudyException>(() => study.RunAsync());
            Expect.stringContains(refusal.Message, "The strict protocol compares two optimizers. Remove the others.", "refused");
        }),
        Spec.Test("a part that a protocol fixes cannot be set", () =>
        {
            var study = Small.Protocol(Strict);
            foreach (var (key, set) in new (string, Func<Study>)[]
            {
                ("tuning", () => study.Tuning()),
                ("confirmation", () => study.Confirmation()),
                ("frontier", () => study.Frontier()),
            })
            {
                var refusal = Spec.Throws<InvalidOperationException>(() => set());
                Expect.stringContains(refusal.Message, $"The protocol strict does not let a study set \"{key}\".", key);
            }

            var sealed_ = StudyProtocol.Of("sealed", "nothing can be set", StudyProtocol.AsGiven, keys: []);
            Spec.Throws<InvalidOperationException>(() => Small.Protocol(sealed_, seeds: 3));
            Spec.Throws<ArgumentOutOfRangeException>(() => Small.Protocol(Strict, seeds: 0));
        }),
        Spec.Test("values that a call leaves out are those of the protocol", () =>
        {
            var careful = StudyProtocol.Of(
                "careful",
                "the fair protocol with a smaller error rate and more settings",
                StudyProtocol.Fair,
                study => study.Tuning(trials: 16, extensions: 0, nested: true).Confirmation(seeds: 20, alpha: 0.001, looks: [10, 20]).Frontier(rates: [0.01, 0.1]));
            var usual = Small.Protocol(careful).ToJson();
            Expect.equal(Small.Protocol(careful).Tuning().Confirmation().Frontier().ToJson(), usual, "calls without arguments");
            var changed = Small.Protocol(careful).Tuning(trials: 4).Confirmation(seeds: 12).Frontier(seeds: [7]).ToJson();
            foreach (var kept in new[] { "\"extensions\": 0", "\"alpha\": 0.001", "\"looks\": [10, 20]", "\"rates\": [0.01, 0.1]" })
            {
                Expect.stringContains(changed, kept, "kept");
            }

            Expect.stringContains(Small.Protocol(careful).Confirmation(looks: []).ToJson(), "\"looks\": \"none\"", "an empty list");
        }),
        Spec.Test("a name belongs to one protocol", () =>
        {
            Spec.Throws<ArgumentException>(() => StudyProtocol.Of("runs", "taken", StudyProtocol.Runs));
            Spec.Throws<ArgumentException>(() => StudyProtocol.Of("A b", "not a name", StudyProtocol.Runs));
            Spec.Throws<ArgumentException>(() => KindRegistry.Standard.Add(Strict).Add(Strict));
        }),
        Spec.Test("each protocol of the library can be set, and keeps its defaults", () =>
        {
            foreach (var protocol in new[] { StudyProtocol.Fair, StudyProtocol.Document, StudyProtocol.Runs, StudyProtocol.AsGiven })
            {
                var json = Small.Protocol(protocol).ToJson();
                Expect.stringContains(json, $"\"protocol\": \"{protocol}\"", "name");
                Expect.equal(Study.Parse(json).ToJson(), json, "as in a file");
            }

            Expect.equal(Small.Protocol(StudyProtocol.Fair).ToJson(), Small.ToJson(), "a new study has the fair protocol");
            Expect.equal(Small.Protocol(StudyProtocol.AsGiven).Confirmation(seeds: 7).Protocol(StudyProtocol.Runs).CountTrials(), 20, "its own seeds");
        }));
}
