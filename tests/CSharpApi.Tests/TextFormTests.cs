using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using CuteDl.Testing;
using Expecto;
using FsCheck;
using FsCheck.Fluent;

namespace CuteDl.Tests;

/// <summary>Optimizers, schedules and plateaus in text, in JSON and in configuration files.</summary>
internal static class TextFormTests
{
    private sealed record Settings(Optimizer Optimizer, Schedule Rate, Plateau Plateau, Dictionary<string, Optimizer> Named, Dictionary<Schedule, Optimizer[]> ByRate);

    private static readonly Gen<double> Values = Gen.Choose(1, 1_000_000).Select(n => n / 1e7);

    private static readonly Gen<long> Counts = Gen.Choose(1, 10_000).Select(n => (long)n);

    private static readonly Gen<Schedule> SimpleSchedules = Gen.OneOf(
        Values.Select(Schedules.Constant),
        from value in Values from every in Counts from factor in Values select Schedules.Step(value, every, factor),
        from value in Values from factor in Values select Schedules.MultiStep(value, factor, 3, 5),
        from value in Values from factor in Values from every in Counts select Schedules.Exponential(value, factor, every),
        from value in Values from rate in Values select Schedules.InverseTime(value, rate, 0.5),
        from value in Values from steps in Counts from end in Values select Schedules.Linear(value, steps, end),
        from value in Values from steps in Counts from power in Values select Schedules.Polynomial(value, steps, power: power),
        from value in Values from steps in Counts from end in Values select Schedules.Cosine(value, steps, end),
        from value in Values from steps in Counts select Schedules.WarmRestarts(value, steps, growth: 2),
        from value in Values from steps in Counts select Schedules.OneCycle(value, steps),
        from value in Values from model in Counts from warmup in Counts select Schedules.Noam(value, model, warmup),
        from value in Values from next in Values select Schedules.Piecewise(value, Interpolation.Cosine, (2, next)));

    private static readonly Gen<Schedule> AnySchedule = Gen.OneOf(
        SimpleSchedules,
        from steps in Counts from schedule in SimpleSchedules from start in Values select schedule.AfterWarmup(steps, start),
        from first in SimpleSchedules from step in Counts from next in SimpleSchedules select first.Then(step, next),
        from first in SimpleSchedules from second in SimpleSchedules select first.Times(second));

    private static readonly Gen<Plateau> AnyPlateau =
        from value in Values
        from factor in Values
        from patience in Counts
        from mode in Gen.Elements(Enum.GetValues<ThresholdMode>())
        from minimum in Values
        select new Plateau(value, factor, patience, Threshold: 0.01, ThresholdMode: mode, Cooldown: 2, Minimum: minimum);

    // Every rule and transformation, as it is, or with one of its numbers set or following a schedule or a plateau.
    private static readonly Gen<Optimizer> AnySingle =
        from rule in Gen.Elements([.. Optimizers.Rules, .. Optimizers.Transformations])
        from argument in Gen.Elements<RuleArgument?>([null, .. rule.Arguments.Where(argument => argument.Form == ArgumentForm.Number)])
        from value in Values
        from schedule in AnySchedule
        from plateau in AnyPlateau
        from way in Gen.Choose(0, 2)
        select Adjusted(Optimizers.Parse(rule.ToString()), argument?.Name, way, value, schedule, plateau);

    private static readonly Gen<Optimizer> AnyOptimizer = Gen.OneOf(
        AnySingle,
        from parts in AnySingle.ArrayOf(3) select Optimizers.Chain(parts),
        from bias in SingleRule from others in SingleRule select Optimizers.Groups(("*.\"bias\"", bias), ("*", others)).ClipGlobalNorm());

    private static Gen<Optimizer> SingleRule => Gen.Elements([.. Optimizers.Rules]).Select(rule => Optimizers.Parse(rule.Name));

    private static readonly (string Name, string Json, string Expected)[] Mistakes =
    [
        ("an unknown rule, with the nearest", "\"adma(lr=1)\"", "Did you mean adam?"),
        ("an argument that is unknown, with the character", "\"adam(rate=1)\"", "character"),
        ("an object", "{ \"name\": \"adam\" }", "must be a string with its text form, but an object was found."),
        ("an array", "[\"adam\"]", "must be a string with its text form, but an array was found."),
        ("a flag", "true", "must be a string with its text form, but true or false was found."),
        ("a number", "0.1", "'0.1'"),
    ];

    public static Test All { get; } = Spec.List("text form",
        Spec.List("of optimizers", Properties(AnyOptimizer)),
        Spec.List("of schedules", Properties(AnySchedule)),
        Spec.List("of plateaus", Properties(AnyPlateau)),
        Spec.Property("records with optimizers, schedules and plateaus are the same after JSON", Prop.ForAll(
            (from optimizer in AnyOptimizer from rate in AnySchedule from plateau in AnyPlateau from other in AnyOptimizer select (optimizer, rate, plateau, other)).ToArbitrary(),
            given =>
            {
                var settings = new Settings(given.optimizer, given.rate, given.plateau, new() { ["other"] = given.other }, new() { [given.rate] = [given.other, given.optimizer] });
                var read = JsonSerializer.Deserialize<Settings>(JsonSerializer.Serialize(settings))!;
                return read.Optimizer == settings.Optimizer && read.Rate == settings.Rate && read.Plateau == settings.Plateau
                    && read.Named["other"] == given.other
                    && read.ByRate[given.rate].SequenceEqual([given.other, given.optimizer]);
            })),
        Spec.Property<string?>("any text is an optimizer, or is not, and never ends in another exception", text =>
        {
            var isOptimizer = Optimizer.TryParse(text, out var optimizer);
            return isOptimizer == optimizer is not null
                && Schedule.TryParse(text, out var schedule) == schedule is not null
                && Plateau.TryParse(text, out var plateau) == plateau is not null;
        }),
        Spec.Test("every rule and transformation is a JSON string", () =>
        {
            foreach (var rule in Optimizers.Rules.Concat(Optimizers.Transformations))
            {
                var optimizer = Optimizer.Parse(rule.ToString());
                Expect.equal(JsonSerializer.Deserialize<Optimizer>($"\"{rule}\""), optimizer, rule.Name);
                Expect.equal(JsonSerializer.Deserialize<string>(JsonSerializer.Serialize(optimizer)), optimizer.ToString(), rule.Name);
            }
        }),
        Spec.Test("a number in JSON is a constant schedule", () =>
            Expect.equal(JsonSerializer.Deserialize<Schedule[]>("[0.05, 1e-3, \"0.25\", 2]"), [Schedules.Constant(0.05), Schedules.Constant(0.001), Schedules.Constant(0.25), Schedules.Constant(2)], "schedules")),
        Spec.Test("null stays null", () =>
        {
            Expect.isNull(JsonSerializer.Deserialize<Optimizer?>("null"), "an optimizer");
            Expect.equal(JsonSerializer.Serialize<Schedule?>(null), "null", "a schedule");
            Expect.isFalse(Optimizer.TryParse(null, out _) || Schedule.TryParse(null, out _) || Plateau.TryParse(null, out _), "parsed");
        }),
        Spec.Test("text forms are the same in every culture", () =>
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            Expect.equal(Optimizer.Parse("sgd(lr=0.5)", comma), Optimizers.Sgd(0.5), "an optimizer");
            Expect.equal(Schedule.Parse("0.5", comma), Schedules.Constant(0.5), "a schedule");
        }),
        Spec.List("in JSON names what is wrong:", Mistakes.Select(mistake => Spec.Test(mistake.Name, () =>
        {
            var error = Spec.Throws<JsonException>(() => JsonSerializer.Deserialize<Dictionary<string, Optimizer>>($$"""{ "best": {{mistake.Json}} }"""));
            Expect.stringContains(error.Message, mistake.Expected, "message");
            Expect.equal(error.Path, "$.best", "path");
        }))),
        Spec.Test("a value out of its range is said in JSON and by type converters", () =>
        {
            Expect.stringContains(Spec.Throws<JsonException>(() => JsonSerializer.Deserialize<Schedule>("-1")).Message, "-1", "JSON");
            Expect.stringContains(
                Spec.Throws<Core.Optimizers.ExpressionException>(() => TypeDescriptor.GetConverter(typeof(Optimizer)).ConvertFromInvariantString("momentum(decay=7)")).Message,
                "decay of momentum must be in [0, 1), not 7.",
                "a converter");
        }));

    private static Optimizer Adjusted(Optimizer optimizer, string? argument, int way, double value, Schedule schedule, Plateau plateau)
    {
        try
        {
            return (argument, way) switch
            {
                (null, _) => optimizer,
                (_, 0) => optimizer.With(argument, value),
                (_, 1) => optimizer.Schedule(argument, schedule),
                _ => optimizer.Schedule(argument, plateau),
            };
        }
        catch (ArgumentException)
        {
            // The rule does not allow such values.
            return optimizer;
        }
    }

    private static IEnumerable<Test> Properties<T>(Gen<T> values)
        where T : class, IParsable<T>
    {
        var arbitrary = values.ToArbitrary();
        yield return Spec.Property("reads back as the same value", Prop.ForAll(arbitrary, value =>
            T.Parse(value.ToString()!, null).Equals(value) && T.TryParse(value.ToString(), null, out var read) && read.Equals(value)));
        yield return Spec.Property("in JSON too", Prop.ForAll(arbitrary, value =>
            JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(value))!.Equals(value)
            && JsonSerializer.Deserialize<string>(JsonSerializer.Serialize(value)) == value.ToString()));
        yield return Spec.Property("and by type converters", Prop.ForAll(arbitrary, value =>
        {
            var converter = TypeDescriptor.GetConverter(typeof(T));
            return converter.CanConvertFrom(typeof(string)) && converter.CanConvertTo(typeof(string))
                && converter.ConvertFromInvariantString(converter.ConvertToInvariantString(value)!)!.Equals(value);
        }));
    }
}
