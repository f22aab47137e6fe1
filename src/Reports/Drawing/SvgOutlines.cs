using System.Globalization;
using System.Xml.Linq;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>
/// Skia writes an SVG's texts as letters of a named font, which the reader's machine may lack, and then draws in another with other
/// widths. Here they become outlines of the embedded one; what they say stays beside them, as <c>aria-label</c>.
/// </summary>
internal static class SvgOutlines
{
    public static byte[] Replace(Stream svg)
    {
        var document = XDocument.Load(svg);
        foreach (var text in document.Descendants().Where(element => element.Name.LocalName == "text").ToList())
        {
            text.ReplaceWith(Outline(text));
        }

        using var written = new MemoryStream();
        document.Save(written);
        return written.ToArray();
    }

    private static XElement Outline(XElement text)
    {
        var letters = text.Value.Trim();
        var isBold = text.Attribute("font-weight") is not null;
        using var font = new SKFont(isBold ? Typefaces.Bold : Typefaces.Regular, First(text, "font-size")) { Subpixel = true };
        using var path = font.GetTextPath(letters, new SKPoint(First(text, "x"), First(text, "y")));
        return new XElement(
            text.Name.Namespace + "path",
            text.Attribute("fill"),
            text.Attribute("fill-opacity"),
            text.Attribute("transform"),
            new XAttribute("aria-label", letters),
            new XAttribute("d", path.ToSvgPathData()));
    }

    // A place is given for each letter; the first is that of the text.
    private static float First(XElement text, string attribute) =>
        float.Parse(text.Attribute(attribute)!.Value.Split(',')[0], CultureInfo.InvariantCulture);
}
