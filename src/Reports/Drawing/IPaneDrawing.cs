using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws one pane of a figure.</summary>
internal interface IPaneDrawing
{
    /// <summary>The legend of the pane alone.</summary>
    Key Key => new();

    float Height { get; }

    /// <summary>Draws the pane.</summary>
    void Draw(SKCanvas canvas, float left, float top, float width);
}
