using System.Runtime.CompilerServices;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Tests problems of one's own as C# programs make them.</summary>
internal static class ProblemTests
{
    private static readonly ParameterLayout Flat = new(("x", [4]));

    private static readonly Problem Bowl = Problem.From("bowl", Flat, _ => [1, -1, 2, 0.5], (x, _) => (x.Sum(value => value * value) / 2, x));

    // The mean of noise around a point, with functions that share an array within a trial.
    private static readonly Problem Noisy = Problem.Of(
        "noisy",
        Flat,
        seed =>
        {
            var gradient = new double[4];
            return new ProblemFunctions
            {
                Initial = [seed, 1, 2, 3],
                Evaluate = (x, step) =>
                {
                    var random = step.Random();
                    for (var i = 0; i < x.Length; i++)
                    {
                        gradient[i] = x[i] - random.NextDouble();
                    }

                    return (gradient.Sum(value => value * value) / 2, gradient);
                },
                Validate = x => (x.Sum(value => Math.Abs(value - 0.5)), 1 / (1 + Math.Abs(x[0]))),
                Test = x => (x[0], 0.25),
            };
        },
        classes: 2,
        examplesAStep: 3);

    public static Test All { get; } = Spec.List("problems",
        Spec.Test("a study over an own problem has a winner, resumes in its folder, and refuses another function", async () =>
        {
            using var folder = new TemporaryFolder();
            var study = Over(Bowl);
            using (var source = new CancellationTokenSource())
            {
                await foreach (var _ in study.StreamAsync(folder.Path, cancellationToken: source.Token))
                {
                    break;
                }
            }

            var other = Over(Problem.From("bowl", Flat, _ => [1, -1, 2, 0.5], (x, _) => (x.Sum(value => value * value), x)));
            var refusal = await AsyncExpect.ThrowsAsync<StudyException>(() => Study.ResumeAsync(folder.Path, other));
            Expect.stringContains(refusal.Message, "of the task 'mine' differ", "message");

            var unknown = await AsyncExpect.ThrowsAsync<StudyFileException>(() => Study.ResumeAsync(folder.Path));
            Expect.stringContains(unknown.Message, "'bowl' is not a problem of the registry. The registry has none.", "message");

            var resumed = await Study.ResumeAsync(folder.Path, registry: KindRegistry.Standard.Add(Bowl));
            var whole = await study.RunAsync();
            Expect.isTrue(resumed.IsComplete, "complete");
            Expect.sequenceEqual(resumed.Trials.Select(trial => trial.Parameters), whole.Trials.Select(trial => trial.Parameters), "the bits of an uninterrupted study");
            Expect.isTrue(whole.Trials.All(trial => trial.Ending == Ending.Completed), "endings");
        }),
        Spec.Test("validations, targets and tests of a problem with classes have accuracies", async () =>
        {
            var result = await Over(Noisy, accuracy: 0.6).RunAsync();
            var confirmed = result.Trials.Where(trial => trial.Trial.Phase == Phase.Confirmation).ToArray();
            Expect.isTrue(confirmed.All(trial => trial.Test!.Value.Accuracy == 0.25), "the test set is scored");
            Expect.isTrue(confirmed.Any(trial => double.IsFinite(trial.StepsToTarget)), "the target is reached");
            Expect.isTrue(confirmed.All(trial => double.IsInfinity(trial.StepsToTarget) || trial.ExamplesToTarget == 3 * trial.StepsToTarget), "three examples a step");
        }),
        Spec.Test("a wrong element of a gradient is named", () =>
        {
            var wrong = Problem.From("wrong", new ParameterLayout(("a", [2, 3]), ("b", [2])), _ => new double[8], (x, _) =>
                (x.Select(Math.Exp).Sum(), [.. x.Select((value, i) => i == 4 ? -Math.Exp(value) : Math.Exp(value))]));
            var check = wrong.CheckGradient();
            Expect.isFalse(check.IsCorrect, "wrong");
            Expect.equal($"{check.Tensor} {string.Join(", ", check.Index)} {check.Wrong} of {check.Checked}", "a 1, 1 1 of 8", "place");
            Expect.stringContains(check.ToString(), "The gradient is wrong in 1 of 8 elements. The worst is a[1, 1]: -1, and 1 by central differences", "sentence");
            Expect.isTrue(wrong.CheckGradient(point: Enumerable.Repeat(-800.0, 8)).IsCorrect, "where all is 0, nothing is wrong");
            Bowl.CheckGradient().ThrowIfWrong();
            Noisy.CheckGradient(seed: 3, step: 7).ThrowIfWrong();
        }),
        Spec.Test("a registry names its problems and refuses a second one of a name", () =>
        {
            var registry = KindRegistry.Standard.Add(Bowl).Add(Noisy);
            Expect.equal(string.Join(" ", registry.ProblemNames), "data quadratic rosenbrock logistic_regression noisy_quadratic bowl noisy", "names");
            Spec.Throws<ArgumentException>(() => registry.Add(Bowl));
            Expect.equal(Study.Parse(Over(Bowl).ToJson(), registry).ToJson(), Over(Bowl).ToJson(), "there and back");
        }),
        Spec.Test("a study over an asynchronous trainer runs, resumes after a cancellation, and disposes every enumeration", async () =>
        {
            using var folder = new TemporaryFolder();
            var (opened, closed) = (0, 0);
            async IAsyncEnumerable<Score> Train(TrainerTrial trial, [EnumeratorCancellation] CancellationToken cancellation)
            {
                Interlocked.Increment(ref opened);
                try
                {
                    for (var step = (long)trial.ValidateEvery; step <= trial.Steps; step += trial.ValidateEvery)
                    {
                        await Task.Delay(1, cancellation);
                        yield return new Score(step, Math.Exp(-trial.Value("lr", 0) * step) + trial.Seed % 3 / 100.0, double.NaN);
                    }
                }
                finally
                {
                    Interlocked.Increment(ref closed);
                }
            }

            var trainer = Trainer.From("mine", Train, version: "2");
            var study = Study.Named("over")
                .Over("task", trainer, steps: 30, loss: 0.1, validateEvery: 3)
                .Optimizer(Optimizers.Fixed(), space => space.LogUniform("lr", 0.01, 1))
                .Optimizer(Optimizers.Adam(), space => space.LogUniform("lr", 0.01, 1))
                .Tuning(trials: 4, pruning: StudyPruning.SuccessiveHalving(2))
                .Confirmation(seeds: 6, defaults: false);
            using (var source = new CancellationTokenSource())
            {
                await foreach (var _ in study.StreamAsync(folder.Path, cancellationToken: source.Token))
                {
                    break;
                }
            }

            Expect.equal(closed, opened, "closed after the cancellation");
            var resumed = await Study.ResumeAsync(folder.Path, registry: KindRegistry.Standard.Add(trainer));
            var whole = await study.RunAsync();
            Expect.isTrue(resumed.IsComplete, "complete");
            Expect.sequenceEqual(resumed.Trials.Select(trial => trial.Parameters), whole.Trials.Select(trial => trial.Parameters), "the same results");
            Expect.isTrue(whole.Trials.Any(trial => trial.Ending == Ending.Pruned), "pruned trials");
            Expect.equal(closed, opened, "closed");
        }),
        Spec.List("are refused:", new (string Name, string Expected, Action Make)[]
        {
            ("no target", "The task 'mine' has no target. Give it a loss or an accuracy.", () => Study.Named("x").Task("mine", Bowl, 10)),
            ("two targets", "The task 'mine' has two targets", () => Study.Named("x").Task("mine", Bowl, 10, 0.1, 0.9)),
            ("an accuracy without classes", "has no classes", () => Study.Named("x").Task("mine", Bowl, 10, accuracy: 0.9)),
            ("no steps", "steps", () => Study.Named("x").Task("mine", Bowl, 0, 0.1)),
            ("a name with a capital letter", "must start with a small letter", () => Problem.From("Bowl", Flat, _ => [], (x, _) => (0, x))),
            ("a name of the library", "The library has a problem rosenbrock.", () => Problem.From("rosenbrock", Flat, _ => [], (x, _) => (0, x))),
            ("no parameters", "has no elements", () => Problem.From("empty", new ParameterLayout(), _ => [], (x, _) => (0, x))),
            ("one class", "cannot have 1 classes", () => Problem.Of("one", Flat, _ => throw new InvalidOperationException(), classes: 1)),
            ("a gradient that is null", "returned no gradient of step 0. Return 4 numbers", () => Prepare(Problem.From("none", Flat, _ => new double[4], (_, _) => (1, null!)))),
            ("initial parameters that are null", "returned no initial array of seed 0.", () => Prepare(Problem.From("none", Flat, _ => null!, (x, _) => (1, x)))),
        }.Select(mistake => Spec.Test(mistake.Name, () =>
        {
            try
            {
                mistake.Make();
            }
            catch (ArgumentException error)
            {
                Expect.stringContains(error.Message, mistake.Expected, "message");
                return;
            }

            throw new InvalidOperationException("Nothing was thrown.");
        }))));

    private static Study Over(Problem problem, double? accuracy = null) =>
        Study.Named("own")
            .Task("mine", problem, steps: 60, accuracy is null ? 0.01 : null, accuracy, validateEvery: 2)
            .Optimizer(Optimizers.Fixed(), space => space.LogUniform("lr", 0.01, 0.5))
            .Optimizer(Optimizers.Momentum(decay: 0.9), space => space.LogUniform("lr", 0.01, 0.5))
            .Tuning(trials: 3)
            .Confirmation(seeds: 6, defaults: false);

    private static void Prepare(Problem problem) => Over(problem).RunAsync().GetAwaiter().GetResult();
}
