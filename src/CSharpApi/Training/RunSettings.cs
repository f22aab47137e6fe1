using System.Text.Json.Serialization;
using CuteDl.Core.Training;
using CuteDl.Studies;

namespace CuteDl;

/// <summary>The training settings of a run.</summary>
public sealed record RunSettings
{
    /// <summary>The data set: its name, <c>mnist</c>, or the absolute path of a folder or file.</summary>
    [JsonPropertyName("data")]
    public required string Data { get; init; }

    /// <summary>The mean that the validation loss is.</summary>
    [JsonPropertyName("validation_mean")]
    public required ValidationMean ValidationMean { get; init; }

    /// <summary>The number of examples per step.</summary>
    [JsonPropertyName("batch")]
    public required int Batch { get; init; }

    /// <summary>The order of the examples in an epoch.</summary>
    [JsonPropertyName("order")]
    public required Order Order { get; init; }

    /// <summary>The initial weights: <c>reference</c>, <c>normal(0.01)</c>, <c>glorot</c>, <c>he</c>, or the absolute path of a file.</summary>
    [JsonPropertyName("initial_weights")]
    public required string InitialWeights { get; init; }

    /// <summary>The largest number of steps. A limit of epochs is converted to steps.</summary>
    [JsonPropertyName("max_steps")]
    public required long MaxSteps { get; init; }

    /// <summary>The number of steps between validations.</summary>
    [JsonPropertyName("validate_every")]
    public required int ValidateEvery { get; init; }

    /// <summary>The number of validations without a gain that ends a run; null without this stop rule.</summary>
    [JsonPropertyName("patience")]
    public required int? Patience { get; init; }

    /// <summary>The smallest gain over as many validations; null without this stop rule.</summary>
    [JsonPropertyName("min_gain")]
    public required double? MinGain { get; init; }

    /// <summary>The validation accuracy that a run must stay above to end; null without this stop rule.</summary>
    [JsonPropertyName("target")]
    public required double? Target { get; init; }

    /// <summary>The number of validations above the target that ends a run; null without this stop rule.</summary>
    [JsonPropertyName("hold")]
    public required int? Hold { get; init; }

    /// <summary>The number of validations after the smallest loss that ends a run; null without this stop rule.</summary>
    [JsonPropertyName("early_stopping")]
    public int? EarlyStopping { get; init; }

    /// <summary>The validation accuracy that ends a run; null without this stop rule.</summary>
    [JsonPropertyName("stop_at")]
    public double? StopAt { get; init; }

    /// <summary>The validation loss that ends a run; null without this stop rule.</summary>
    [JsonPropertyName("stop_at_loss")]
    public double? StopAtLoss { get; init; }

    internal static RunSettings Of(StudyTask task, DataSetProblem problem, IEnumerable<StopRule> rules)
    {
        var stagnation = rules.OfType<StopRule.Stagnation>().FirstOrDefault();
        var target = rules.OfType<StopRule.Target>().FirstOrDefault();
        return new()
        {
            Data = DataSet.NameOf(problem.Source),
            ValidationMean = Translate.ValidationMean(problem.Mean),
            Batch = problem.Batch,
            Order = Translate.Order(problem.Order),
            InitialWeights = CuteDl.InitialWeights.NameOf(problem.Weights),
            MaxSteps = task.Steps,
            ValidateEvery = task.ValidateEvery,
            Patience = stagnation?.patience,
            MinGain = stagnation?.minGain,
            Target = target?.accuracy,
            Hold = target?.hold,
            EarlyStopping = rules.OfType<StopRule.EarlyStopping>().FirstOrDefault()?.patience,
            StopAt = rules.OfType<StopRule.ReachedAccuracy>().FirstOrDefault()?.accuracy,
            StopAtLoss = rules.OfType<StopRule.ReachedLoss>().FirstOrDefault()?.loss,
        };
    }
}
