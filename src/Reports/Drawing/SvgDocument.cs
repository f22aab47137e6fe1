using System.Globalization;
using System.Text;
using System.Xml.Linq;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Rewrites an SVG file of Skia, so that it looks the same everywhere and always has the same bytes.</summary>
internal static class SvgDocument
{
    // Glyphs are defined at this size and scaled to the size of the text. At 100, a tenth is below a hundredth of a pixel in the pictures.
    private const float GlyphSize = 100;
    private static readonly XNamespace Links = "http://www.w3.org/1999/xlink";

    public static byte[] Finish(Stream svg)
    {
        var document = XDocument.Load(svg);
        var root = document.Root!;
        root.SetAttributeValue("viewBox", $"0 0 {root.Attribute("width")!.Value} {root.Attribute("height")!.Value}");
        OutlineTexts(root);
        NumberClips(root);

        // Without a byte order mark, because some readers take it for text.
        using var written = new MemoryStream();
        using (var writer = new StreamWriter(written, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
        {
            document.Save(writer);
        }

        return written.ToArray();
    }

    // Skia writes texts in a named font, which the reader's machine may not have; other fonts have other widths. So outlines of the
    // embedded font replace the texts, and aria-label keeps them. Each glyph is defined once and reused; outlines of whole texts would make
    // files of 2 MB.
    private static void OutlineTexts(XElement root)
    {
        // Null for glyphs without an outline, such as the space.
        var glyphs = new SortedDictionary<string, XElement?>(StringComparer.Ordinal);
        foreach (var text in root.Descendants().Where(element => element.Name.LocalName == "text").ToList())
        {
            text.ReplaceWith(Outline(text, glyphs));
        }

        if (glyphs.Count > 0)
        {
            root.SetAttributeValue(XNamespace.Xmlns + "xlink", Links.NamespaceName);
            root.AddFirst(new XElement(root.Name.Namespace + "defs", glyphs.Values.OfType<XElement>()));
        }
    }

    private static XElement Outline(XElement text, SortedDictionary<string, XElement?> glyphs)
    {
        var letters = text.Value.Trim();
        var isBold = text.Attribute("font-weight") is not null;
        using var font = new SKFont(isBold ? Typefaces.Bold : Typefaces.Regular, GlyphSize) { Subpixel = true, Hinting = SKFontHinting.None };
        var scale = First(text, "font-size") / GlyphSize;
        var line = new XElement(
            text.Name.Namespace + "g",
            text.Attribute("fill"),
            text.Attribute("fill-opacity"),
            new XAttribute("transform", string.Create(CultureInfo.InvariantCulture, $"{text.Attribute("transform")?.Value} translate({First(text, "x")} {First(text, "y")}) scale({scale})").TrimStart()),
            new XAttribute("aria-label", letters));
        var codes = font.GetGlyphs(letters);
        var places = font.GetGlyphPositions(codes);
        for (var i = 0; i < codes.Length; i++)
        {
            var name = $"{(isBold ? 'b' : 'r')}{codes[i]}";
            if (!glyphs.TryGetValue(name, out var glyph))
            {
                using var path = font.GetGlyphPath(codes[i]);
                glyph = path is null || path.IsEmpty
                    ? null
                    : new XElement(text.Name.Namespace + "path", new XAttribute("id", name), new XAttribute("d", path.ToSvgPathData()));
                glyphs.Add(name, glyph);
            }

            if (glyph is not null)
            {
                line.Add(new XElement(
                    text.Name.Namespace + "use",
                    new XAttribute(Links + "href", $"#{name}"),
                    new XAttribute("x", places[i].X.ToString("0.#", CultureInfo.InvariantCulture))));
            }
        }

        return line;
    }

    // Skia gives a position for each character. The first one is the position of the text.
    private static float First(XElement text, string attribute) =>
        float.Parse(text.Attribute(attribute)!.Value.Split(',')[0], CultureInfo.InvariantCulture);

    // Skia numbers clips across all files of a process. Numbering them per file keeps the bytes equal.
    private static void NumberClips(XElement root)
    {
        var names = new Dictionary<string, string>();
        foreach (var clip in root.Descendants().Where(element => element.Name.LocalName == "clipPath"))
        {
            var id = clip.Attribute("id")!;
            names.Add($"url(#{id.Value})", $"url(#clip{names.Count})");
            id.Value = $"clip{names.Count - 1}";
        }

        foreach (var use in root.Descendants().Attributes("clip-path"))
        {
            use.Value = names[use.Value];
        }
    }
}
