using System.Globalization;
using CuteDl.Core.Networks;
using CoreLoss = CuteDl.Core.Networks.Loss;

namespace CuteDl;

/// <summary>
/// The loss that training minimizes: the mean over the examples of a batch of a sum over an example's outputs. <see cref="Losses"/> has them.
/// </summary>
public sealed class Loss : IEquatable<Loss>
{
    internal Loss(CoreLoss core) => Core = core;

    internal CoreLoss Core { get; }

    /// <summary>Losses are equal if their text forms are.</summary>
    /// <param name="other">The other loss.</param>
    public bool Equals(Loss? other) => other is not null && Core.Equals(other.Core);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Loss);

    /// <inheritdoc/>
    public override int GetHashCode() => Core.GetHashCode();

    /// <summary>Returns the text form in study files: <c>mean-squared-error</c> or <c>huber(1)</c>.</summary>
    public override string ToString() => Core.ToString();
}

/// <summary>Returns the loss of one example, and writes its gradient with respect to the outputs.</summary>
/// <param name="outputs">The outputs of the example.</param>
/// <param name="targets">Its targets, as many.</param>
/// <param name="gradient">Receives the derivative with respect to each output.</param>
public delegate double ExampleLoss(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets, Span<double> gradient);

/// <summary>The losses, and losses of one's own.</summary>
public static class Losses
{
    /// <summary>−Σ y ln softmax(z). The outputs z are logits, and the targets y a distribution over classes.</summary>
    public static Loss SoftmaxCrossEntropy { get; } = new(CoreLoss.SoftmaxCrossEntropy);

    /// <summary>½ Σ (z − y)². It is halved as in the source document's framework.</summary>
    public static Loss MeanSquaredError { get; } = new(CoreLoss.MeanSquaredError);

    /// <summary>−Σ (y ln σ(z) + (1−y) ln(1−σ(z))). The outputs z are logits, and each target y is in [0, 1].</summary>
    public static Loss BinaryCrossEntropy { get; } = new(CoreLoss.BinaryCrossEntropy);

    /// <summary>Σ |z − y|. Its derivative at 0 is 0.</summary>
    public static Loss MeanAbsoluteError { get; } = new(CoreLoss.MeanAbsoluteError);

    /// <summary>Σ of ½ d² if |d| ≤ δ, else δ (|d| − ½ δ), where d = z − y (Huber 1964).</summary>
    /// <param name="delta">The transition δ, above 0 and finite.</param>
    /// <exception cref="ArgumentOutOfRangeException">The transition is out of its range.</exception>
    public static Loss Huber(double delta = 1)
    {
        var range = LossModule.transitions;
        return range.Contains(delta)
            ? new(CoreLoss.NewHuber(delta))
            : throw new ArgumentOutOfRangeException(
                nameof(delta), delta.ToString(CultureInfo.InvariantCulture), $"The transition of a Huber loss must be in {range}.");
    }

    /// <summary>Returns a loss of one's own. Two are equal if their names are, because functions cannot be compared.</summary>
    /// <param name="name">The name in text forms and study files: small letters, digits and hyphens, beginning with a letter.</param>
    /// <param name="valueAndGradient">
    /// Returns the loss of one example, and writes its derivative with respect to each output. Outputs, targets and derivatives are as many as
    /// the model's outputs. It is called from several threads, and must not keep the spans.
    /// </param>
    /// <exception cref="ArgumentException">The name has other characters, or belongs to a loss of the library.</exception>
    public static Loss Of(string name, ExampleLoss valueAndGradient)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(valueAndGradient);
        return new(CoreLoss.Of(name, valueAndGradient.Invoke));
    }
}
