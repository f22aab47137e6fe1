using System.Diagnostics;
using System.Text.Json.Serialization;
using CuteDl.Core.Training;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>How to look for a learning rate.</summary>
public sealed record LearningRateSweepOptions
{
    /// <summary>The rate of the first step, above 0. Default: 1e-7.</summary>
    public double Low { get; init; } = RateFinder.defaults.Low;

    /// <summary>The rate of the last step, above <see cref="Low"/>. Default: 10.</summary>
    public double High { get; init; } = RateFinder.defaults.High;

    /// <summary>Steps from the one to the other, at least 2. Default: 200.</summary>
    public int Steps { get; init; } = RateFinder.defaults.Steps;

    /// <summary>The hyper-parameter that is swept, in every part of the optimizer that has it. Default: <c>lr</c>.</summary>
    public string Argument { get; init; } = RateFinder.defaults.Argument;

    /// <summary>The share of the past in the smoothed loss, in [0, 1). Default: 0.9.</summary>
    public double Smoothing { get; init; } = RateFinder.defaults.Smoothing;

    /// <summary>The sweep ends where the smoothed loss is above so many times its least; above 1. Default: 4.</summary>
    public double Ceiling { get; init; } = RateFinder.defaults.Ceiling;

    internal RateFinderOptions Core => new(Low, High, Steps, Argument, Smoothing, Ceiling);
}

/// <summary>Why a sweep over learning rates ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LearningRateSweepEnd>))]
public enum LearningRateSweepEnd
{
    /// <summary>The highest rate was reached.</summary>
    [JsonStringEnumMemberName("swept")]
    Swept,

    /// <summary>The smoothed loss rose above its ceiling.</summary>
    [JsonStringEnumMemberName("exploded")]
    Exploded,

    /// <summary>A loss was NaN or infinite.</summary>
    [JsonStringEnumMemberName("not_finite")]
    NotFinite,

    /// <summary>The optimizer could not take a step, because gradients or its state were not finite.</summary>
    [JsonStringEnumMemberName("state_not_finite")]
    StateNotFinite,

    /// <summary>The caller cancelled it. Its points are the steps until then.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>One step of a sweep.</summary>
/// <param name="Rate">The rate that the step was taken with.</param>
/// <param name="Loss">The training loss before it.</param>
/// <param name="Smoothed">The exponential mean of the losses so far, divided by 1 − βᵗ.</param>
public readonly record struct LearningRatePoint(
    [property: JsonPropertyName("rate")] double Rate,
    [property: JsonPropertyName("loss")] double Loss,
    [property: JsonPropertyName("smoothed")] double Smoothed);

/// <summary>
/// What a sweep over learning rates saw (Smith 2015, "Cyclical learning rates for training neural networks", §3.3; the
/// suggestions are those of fastai).
/// </summary>
public sealed record LearningRateSweep
{
    /// <summary>The optimizer's text form.</summary>
    [JsonPropertyName("optimizer")]
    public required string Optimizer { get; init; }

    /// <summary>The hyper-parameter that was swept.</summary>
    [JsonPropertyName("argument")]
    public required string Argument { get; init; }

    /// <summary>The layers and the loss: <c>784-10(relu) softmax-cross-entropy</c>.</summary>
    [JsonPropertyName("model")]
    public required string ModelText { get; init; }

    /// <summary>The seed of initial weights, shuffles and dropouts.</summary>
    [JsonPropertyName("seed")]
    public required int Seed { get; init; }

    /// <summary>
    /// The rate at which the smoothed loss falls most steeply over the logarithm of the rate, before its least; nothing, where it nowhere
    /// falls.
    /// </summary>
    [JsonPropertyName("steepest")]
    public required double? Steepest { get; init; }

    /// <summary>A tenth of the rate of the least smoothed loss; nothing, where the loss nowhere falls.</summary>
    [JsonPropertyName("tenth_of_least")]
    public required double? TenthOfLeast { get; init; }

    /// <summary>Why it ended.</summary>
    [JsonPropertyName("end")]
    public required LearningRateSweepEnd End { get; init; }

    /// <summary>All steps with a finite loss, rates ascending.</summary>
    [JsonPropertyName("points")]
    public required IReadOnlyList<LearningRatePoint> Points { get; init => field = ValueList.Of(value); }

    /// <summary>Writes the record as JSON, with names in snake_case.</summary>
    public string ToJson() => Json.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote. The result equals the record that was written.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="System.Text.Json.JsonException">The text is not such a record.</exception>
    public static LearningRateSweep FromJson(string json) => Json.ReadSweep(json);

    /// <summary>One line: <c>lr of adam(...): 200 steps, steepest at 0.003</c>.</summary>
    public override string ToString()
    {
        var steepest = Steepest is { } rate ? FormattableString.Invariant($", steepest at {rate:g3}") : ", the loss never falls";
        return FormattableString.Invariant($"{Argument} of {Optimizer}: {Points.Count} steps{steepest}");
    }

    internal static LearningRateSweep Of(RateSweep sweep, Optimizer optimizer, LearningRateSweepOptions options, string modelText, int seed) =>
        new()
        {
            Optimizer = optimizer.ToString(),
            Argument = options.Argument,
            ModelText = modelText,
            Seed = seed,
            Steepest = Value(sweep.Steepest),
            TenthOfLeast = Value(sweep.TenthOfLeast),
            End = sweep.End.Tag switch
            {
                SweepEnd.Tags.Swept => LearningRateSweepEnd.Swept,
                SweepEnd.Tags.Exploded => LearningRateSweepEnd.Exploded,
                SweepEnd.Tags.NotFinite => LearningRateSweepEnd.NotFinite,
                SweepEnd.Tags.StateNotFinite => LearningRateSweepEnd.StateNotFinite,
                SweepEnd.Tags.Cancelled => LearningRateSweepEnd.Cancelled,
                _ => throw new UnreachableException(),
            },
            Points = [.. sweep.Points.Select(point => new LearningRatePoint(point.Rate, point.Loss, point.Smoothed))],
        };

    private static double? Value(FSharpValueOption<double> option) => option.IsSome ? option.Value : null;
}
