using System.Reflection;
using System.Runtime.CompilerServices;
using CuteDl.Testing;
using Expecto;
using FsCheck;
using FsCheck.Fluent;

namespace CuteDl.Tests;

/// <summary>Records of results are compared by their content, lists and NaN included.</summary>
internal static class RecordTests
{
    private static readonly Gen<double> Numbers = Gen.Frequency(
        (8, Gen.Choose(-1000, 1000).Select(n => n / 64.0)),
        (1, Gen.Elements(double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e-320, 0.1, -0.0)));

    private static readonly Gen<int[]> Classes = Gen.Choose(0, 9).ArrayOf();

    private static readonly Gen<RunResult> Results =
        from run in Gen.Elements("adam", "fixed-0.01", "clip_norm(1) | \"ä\"")
        from count in Gen.Choose(0, 8)
        from losses in Numbers.ArrayOf(count)
        from accuracies in Numbers.ArrayOf(count)
        from dead in Classes
        from almost in Classes
        from seed in Gen.Choose(0, 99)
        from stop in Gen.Elements(Enum.GetValues<StopReason>())
        from seconds in Numbers
        select new RunResult
        {
            Run = run,
            Optimizer = run,
            Seed = seed,
            Precision = Precision.Double,
            ModelText = "784-10(relu) softmax-cross-entropy",
            Settings = new RunSettings
            {
                Data = "mnist",
                ValidationMean = seed % 2 == 0 ? ValidationMean.Examples : ValidationMean.Batches,
                Batch = 64,
                Order = Order.Shuffle,
                InitialWeights = "he",
                MaxSteps = seed + 1,
                ValidateEvery = 10,
                Patience = seed % 2 == 0 ? null : seed,
                MinGain = 0.001,
                Target = 0.91,
                Hold = 20,
            },
            Steps = 10 * count,
            Stop = stop,
            History = new RunHistory { Steps = [.. Enumerable.Range(1, count).Select(i => 10L * i)], Loss = losses, ValLoss = losses, ValAccuracy = accuracies },
            DeadLogits = dead,
            AlmostDeadLogits = almost,
            AccuracyCeiling = 0.9,
            Seconds = seconds,
            Version = "1.0.0",
        };

    private static readonly Gen<LearningRateSweep> Sweeps =
        from points in (from rate in Numbers from loss in Numbers select new LearningRatePoint(rate, loss, loss)).Where(point => double.IsFinite(point.Rate + point.Loss)).ArrayOf()
        from end in Gen.Elements(Enum.GetValues<LearningRateSweepEnd>())
        select new LearningRateSweep
        {
            Optimizer = "adam",
            Argument = "lr",
            ModelText = "784-10(relu) softmax-cross-entropy",
            Seed = 0,
            Steepest = points.Length > 0 ? 0.01 : null,
            TenthOfLeast = null,
            End = end,
            Points = points,
        };

    private static readonly Type[] Records =
    [
        .. new[] { typeof(Optimizer).Assembly, typeof(Reports.ComparisonSummary).Assembly }
            .SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type.GetMethod("<Clone>$") is not null && !type.IsGenericType),
    ];

    public static Test All { get; } = Spec.List("records",
        Spec.Property("a sweep's result is equal after JSON, and its hash code", Prop.ForAll(Sweeps.ToArbitrary(), result => Same(result, LearningRateSweep.FromJson(result.ToJson())))),
        Spec.Property("results that differ in one number are not equal", Prop.ForAll(Results.Where(result => result.History.Count > 0).ToArbitrary(), result =>
        {
            double[] changed = [.. result.History.ValLoss.SkipLast(1), 12345];
            return result != result with { History = result.History with { ValLoss = changed } }
                && result != result with { DeadLogits = [.. result.DeadLogits, 7] };
        })),
        Spec.Test("a list that is changed later does not change a record", () =>
        {
            double[] losses = [1, 2];
            var history = new RunHistory { Steps = [1, 2], Loss = losses, ValLoss = losses, ValAccuracy = losses };
            losses[0] = 7;
            Expect.sequenceEqual(history.Loss, [1, 2], "losses");
        }),
        Spec.Test("no public record compares a list by reference", () =>
        {
            Expect.isGreaterThan(Records.Length, 10, "records");
            var lists = Records.SelectMany(type => type.GetProperties().Where(property => IsList(property.PropertyType)).Select(property => (type, property))).ToArray();
            Expect.isGreaterThan(lists.Length, 8, "lists");
            var byReference = lists.Where(list => !IsComparedByContent(list.type, list.property)).Select(list => $"{list.type.Name}.{list.property.Name}");
            Expect.equal(string.Join(", ", byReference), "", "lists that are compared by reference");
        }),
        Spec.Test("tensors and layouts are equal by content", () =>
        {
            var layout = new ParameterLayout(("layers.0.weight", [2, 3]), ("layers.0.bias", [3]));
            var same = new ParameterLayout(("layers.0.weight", [2, 3]), ("layers.0.bias", [3]));
            Expect.isTrue(Same(layout, same), "layouts");
            Expect.notEqual(layout, new ParameterLayout(("layers.0.weight", [3, 2]), ("layers.0.bias", [3])), "another shape");
            Expect.equal(layout.Tensors[0], same.Tensors[0], "tensors");
        }));

    private static bool Same(object one, object other) => !ReferenceEquals(one, other) && one.Equals(other) && one.GetHashCode() == other.GetHashCode();

    private static bool IsList(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) || type.IsArray;

    // Two instances without content but for this list, the same in both, in two arrays.
    private static bool IsComparedByContent(Type type, PropertyInfo property)
    {
        var (one, other) = (RuntimeHelpers.GetUninitializedObject(type), RuntimeHelpers.GetUninitializedObject(type));
        property.SetValue(one, Content(property.PropertyType));
        property.SetValue(other, Content(property.PropertyType));
        return Same(one, other);
    }

    private static Array Content(Type list)
    {
        var element = list.GetGenericArguments()[0];
        var array = Array.CreateInstance(element, 2);
        if (IsList(element))
        {
            array.SetValue(Content(element), 0);
        }
        else if (element == typeof(string))
        {
            array.SetValue(new string('x', 3), 0);
        }

        return array;
    }
}
