using CoreMatrix = CuteDl.Core.Models.ConfusionMatrix;

namespace CuteDl;

/// <summary>The number of examples of each class that got each answer.</summary>
public sealed class ConfusionMatrix
{
    private readonly CoreMatrix _core;

    internal ConfusionMatrix(CoreMatrix core) => _core = core;

    /// <summary>The number of classes.</summary>
    public int Classes => _core.Classes;

    /// <summary>The number of examples.</summary>
    public int Examples => _core.Examples;

    /// <summary>The share of examples that got their class.</summary>
    public double Accuracy => _core.Accuracy;

    /// <summary>The number of examples of a class that got an answer.</summary>
    /// <param name="truth">The true class.</param>
    /// <param name="answer">The class that the model answered.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public int this[int truth, int answer] => _core[truth, answer];

    /// <summary>Returns the share of the answers of a class that were right; NaN if it was never the answer.</summary>
    /// <param name="label">The class.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public double Precision(int label) => _core.Precision(label);

    /// <summary>Returns the share of the examples of a class that got it as answer; NaN if it has no examples.</summary>
    /// <param name="label">The class.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public double Recall(int label) => _core.Recall(label);

    /// <summary>Returns a table: a row for each true class, a column for each answer, recall at the right and precision below.</summary>
    public override string ToString() => _core.ToString();
}
