using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace CuteDl;

/// <content>The text form, for configuration files, web APIs and command lines.</content>
[JsonConverter(typeof(TextFormJsonConverter<Optimizer>))]
[TypeConverter(typeof(TextFormTypeConverter<Optimizer>))]
public sealed partial class Optimizer : IParsable<Optimizer>
{
    /// <summary>Reads a text form with rules of the library. <see cref="Optimizers.Parse"/> also reads rules of one's own.</summary>
    /// <param name="s">The text form.</param>
    /// <param name="provider">Has no effect: text forms are the same in every culture.</param>
    /// <exception cref="FormatException">The text is not an optimizer. The message names the character and the nearest known name.</exception>
    public static Optimizer Parse(string s, IFormatProvider? provider = null) => Optimizers.Parse(s);

    /// <summary>Reads a text form; returns false if the text is not an optimizer.</summary>
    /// <param name="s">The text form.</param>
    /// <param name="result">The optimizer.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, [MaybeNullWhen(false)] out Optimizer result) => TryParse(s, null, out result);

    /// <summary>Reads a text form; returns false if the text is not an optimizer.</summary>
    /// <param name="s">The text form.</param>
    /// <param name="provider">Has no effect: text forms are the same in every culture.</param>
    /// <param name="result">The optimizer.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out Optimizer result) =>
        TextForm.TryParse(s, out result);
}
