using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ScottPlot;

namespace CuteDl.Reports;

/// <summary>Writes figures for the script of the report page.</summary>
internal static class FigureJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        // Set explicitly, because single-file programs are built without reflection-based JSON by default.
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        IncludeFields = true,
        Converters = { new SixDigits(), new VisibleTexts(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Returns JSON without characters that end a script or comment in HTML.</summary>
    public static string Write(IEnumerable<Figure> figures)
    {
        Figure[] all = [.. figures];
        var groups = all.Select(figure => figure.Groups.Count).DefaultIfEmpty(0).Max();
        return JsonSerializer.Serialize(new Content(all, [.. Enumerable.Range(0, groups).Select(Look)], GroupStyle.ColorCount, HeatDrawing.Shades), Options);
    }

    private static GroupLook Look(int group)
    {
        var style = new GroupStyle(group);
        var shape = style.Shape.Shape switch
        {
            MarkerShape.FilledSquare => "square",
            MarkerShape.FilledTriangleUp => "up",
            MarkerShape.FilledTriangleDown => "down",
            MarkerShape.FilledDiamond => "diamond",
            MarkerShape.Eks => "cross",
            MarkerShape.Cross => "plus",
            _ => "circle",
        };
        return new GroupLook(string.Join(' ', style.Dashes.Select(length => length.ToString(CultureInfo.InvariantCulture))), shape, style.Shape.IsFull);
    }

    private sealed record Content(IReadOnlyList<Figure> Figures, IReadOnlyList<GroupLook> Styles, int Colors, IReadOnlyList<string> Shades);

    private sealed record GroupLook(string Dash, string Shape, bool IsFull);

    /// <summary>Makes invisible characters visible. The names come from users, and the page shows them unchanged.</summary>
    private sealed class VisibleTexts : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(VisibleText.Of(value));
    }

    /// <summary>
    /// Writes six significant digits, which are enough for a screen. JSON has no infinity, but JavaScript parses 1e999 as infinity.
    /// </summary>
    private sealed class SixDigits : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsNaN(value))
            {
                writer.WriteNullValue();
            }
            else
            {
                writer.WriteRawValue(double.IsInfinity(value) ? value > 0 ? "1e999" : "-1e999" : value.ToString("G6", CultureInfo.InvariantCulture), skipInputValidation: true);
            }
        }
    }
}
