using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CuteDl;

/// <summary>
/// Writes a value to JSON as a string with its text form, and reads it back. Optimizers, schedules and plateaus name this converter
/// themselves; nothing has to be registered. For optimizers with rules of one's own, add a converter with another parser to the options:
/// <c>new TextFormJsonConverter&lt;Optimizer&gt;(text => Optimizers.Parse(text, registry))</c>.
/// </summary>
/// <typeparam name="T">A type whose <see cref="object.ToString"/> is a text form that it can parse.</typeparam>
/// <param name="parse">Reads a text form; throws <see cref="FormatException"/> if the text is not one.</param>
public sealed class TextFormJsonConverter<T>(Func<string, T> parse) : JsonConverter<T>
    where T : class, IParsable<T>
{
    /// <summary>Reads text forms with the parser of the type.</summary>
    public TextFormJsonConverter()
        : this(text => T.Parse(text, null))
    {
    }

    /// <inheritdoc/>
    /// <remarks>A bare number is read too, as the text form of a constant.</remarks>
    /// <exception cref="JsonException">The JSON value is not a string, or the string is not a text form.</exception>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType switch
        {
            JsonTokenType.String => Parse(reader.GetString()!),
            JsonTokenType.Number => Parse(Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan)),
            _ => throw new JsonException($"The JSON value of type {typeof(T).Name} must be a string with its text form, but {Describe(reader.TokenType)} was found."),
        };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStringValue(value.ToString());
    }

    /// <inheritdoc/>
    /// <exception cref="JsonException">The property's name is not a text form.</exception>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString()!);

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WritePropertyName(value.ToString()!);
    }

    private T Parse(string text)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException error)
        {
            throw new JsonException(error.Message, error);
        }
    }

    private static string Describe(JsonTokenType token) =>
        token switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "an array",
            _ => "true or false",
        };
}
