using System.ComponentModel;
using System.Globalization;

namespace CuteDl;

/// <summary>
/// Converts between a value and its text form, for configuration binders and designers. Optimizers, schedules and plateaus name this
/// converter themselves; nothing has to be registered.
/// </summary>
/// <typeparam name="T">A type whose <see cref="object.ToString"/> is a text form that it can parse.</typeparam>
public sealed class TextFormTypeConverter<T> : TypeConverter
    where T : class, IParsable<T>
{
    /// <inheritdoc/>
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) =>
        sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    /// <inheritdoc/>
    /// <exception cref="FormatException">The string is not a text form.</exception>
    /// <exception cref="NotSupportedException">The value is not a string.</exception>
    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        value is string text ? T.Parse(text, culture) : base.ConvertFrom(context, culture, value);

    /// <inheritdoc/>
    public override object? ConvertTo(ITypeDescriptorContext? context, CultureInfo? culture, object? value, Type destinationType) =>
        value is T && destinationType == typeof(string) ? value.ToString() : base.ConvertTo(context, culture, value, destinationType);
}
