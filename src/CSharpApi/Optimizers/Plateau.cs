using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using CuteDl.Core.Optimizers;
using CorePlateau = CuteDl.Core.Optimizers.Plateau;

namespace CuteDl;

/// <summary>How much less than the best so far a loss must be to be an improvement.</summary>
public enum ThresholdMode
{
    /// <summary>Less than best − threshold · |best|; the best loss may be negative.</summary>
    Relative,

    /// <summary>Less than best − threshold.</summary>
    Absolute,
}

/// <summary>
/// A value that is multiplied by a factor when the validation loss stops falling, as PyTorch's ReduceLROnPlateau: for
/// <see cref="Optimizer.Schedule(string, Plateau)"/>. A training reports its losses; who steps by hand does so with
/// <see cref="Optimizer.ObserveInPlace"/>.
/// </summary>
/// <param name="Value">The value until the first reduction, at least 0.</param>
/// <param name="Factor">What a reduction multiplies by, in (0, 1).</param>
/// <param name="Patience">How many validations in a row without improvement are let pass, at least 0.</param>
/// <param name="Threshold">What an improvement must exceed, at least 0.</param>
/// <param name="ThresholdMode">How the threshold counts.</param>
/// <param name="Cooldown">How many validations after a reduction are never held against the loss, at least 0.</param>
/// <param name="Minimum">The least value that reductions lead to, at least 0.</param>
[JsonConverter(typeof(TextFormJsonConverter<Plateau>))]
[TypeConverter(typeof(TextFormTypeConverter<Plateau>))]
public sealed record Plateau(
    double Value,
    double Factor = 0.1,
    long Patience = 10,
    double Threshold = 1e-4,
    ThresholdMode ThresholdMode = ThresholdMode.Relative,
    long Cooldown = 0,
    double Minimum = 0) : IParsable<Plateau>
{
    /// <summary>Reads a text form: <c>plateau(0.1, factor=0.5, patience=3)</c>.</summary>
    /// <param name="s">The text form.</param>
    /// <param name="provider">Has no effect: text forms are the same in every culture.</param>
    /// <exception cref="FormatException">The text is not a plateau. The message names the character and what is allowed there.</exception>
    public static Plateau Parse(string s, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Of(PlateauModule.parse(s));
    }

    /// <summary>Reads a text form; returns false if the text is not a plateau.</summary>
    /// <param name="s">The text form.</param>
    /// <param name="result">The plateau.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, [MaybeNullWhen(false)] out Plateau result) => TryParse(s, null, out result);

    /// <summary>Reads a text form; returns false if the text is not a plateau.</summary>
    /// <param name="s">The text form.</param>
    /// <param name="provider">Has no effect: text forms are the same in every culture.</param>
    /// <param name="result">The plateau.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out Plateau result) =>
        TextForm.TryParse(s, out result);

    /// <summary>The text form: <c>plateau(0.1, factor=0.5, patience=3)</c>.</summary>
    public override string ToString() => Core.ToString();

    internal CorePlateau Core =>
        new(Value, Factor, Patience, Threshold, CoreMode, Cooldown, Minimum);

    private CuteDl.Core.Optimizers.ThresholdMode CoreMode =>
        ThresholdMode switch
        {
            ThresholdMode.Relative => CuteDl.Core.Optimizers.ThresholdMode.Relative,
            ThresholdMode.Absolute => CuteDl.Core.Optimizers.ThresholdMode.Absolute,
            _ => throw new ArgumentOutOfRangeException(nameof(ThresholdMode), ThresholdMode, "The mode must be Relative or Absolute."),
        };

    internal static Plateau Of(CorePlateau core) =>
        new(core.Value, core.Factor, core.Patience, core.Threshold, core.ThresholdMode.IsAbsolute ? ThresholdMode.Absolute : ThresholdMode.Relative, core.Cooldown, core.Minimum);
}
