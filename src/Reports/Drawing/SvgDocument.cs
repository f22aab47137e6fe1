using System.Globalization;
using System.Text;
using System.Xml.Linq;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Rewrites an SVG file of Skia so that it looks the same everywhere and has the same bytes every time.</summary>
internal static class SvgDocument
{
    public static byte[] Finish(Stream svg)
    {
        var document = XDocument.Load(svg);
        var root = document.Root!;
        root.SetAttributeValue("viewBox", $"0 0 {root.Attribute("width")!.Value} {root.Attribute("height")!.Value}");
        OutlineTexts(root);
        NumberClips(root);

        // Without a byte order mark: some readers take it for a part of the text.
        using var written = new MemoryStream();
        using (var writer = new StreamWriter(written, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
        {
            document.Save(writer);
        }

        return written.ToArray();
    }

    // Texts come as letters of a named font, which the reader's machine may lack, and then draws in another with other widths. They
    // become outlines of the embedded one; what they say stays beside them, as aria-label.
    private static void OutlineTexts(XElement root)
    {
        foreach (var text in root.Descendants().Where(element => element.Name.LocalName == "text").ToList())
        {
            text.ReplaceWith(Outline(text));
        }
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

    // Skia numbers clips through all files that a program writes.
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
