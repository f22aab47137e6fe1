namespace CuteDl;

/// <summary>The model of a result, read at the first access. All sources are equal, so that results are compared by their numbers.</summary>
internal sealed class ModelSource(Func<TrainedModel?> read)
{
    private readonly Lazy<TrainedModel?> _model = new(read);

    /// <summary>The source of no model.</summary>
    public static ModelSource None { get; } = new(() => null);

    public TrainedModel? Value => _model.Value;

    public override bool Equals(object? obj) => obj is ModelSource;

    public override int GetHashCode() => 0;
}
