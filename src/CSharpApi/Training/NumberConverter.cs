using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CuteDl;

/// <summary>Numbers as JSON, and NaN and the infinities as texts.</summary>
internal sealed class NumberConverter : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString() switch
            {
                "NaN" => double.NaN,
                "Infinity" => double.PositiveInfinity,
                "-Infinity" => double.NegativeInfinity,
                var text => throw new JsonException($"'{text}' is not a number, NaN, Infinity or -Infinity."),
            };
        }

        if (reader.TokenType != JsonTokenType.Number)
        {
            throw new JsonException($"A number is expected, not {reader.TokenType}.");
        }

        return reader.TryGetDouble(out var value) && double.IsFinite(value) ? value : throw new JsonException("A number is too large for double precision.");
    }

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
        }
    }
}
