using System.Globalization;
using ScottPlot;

namespace CuteDl.Reports;

/// <summary>
/// The scale of an axis: the positions of values, the limits and the ticks. A logarithmic axis has a place for 0 below all other values, if a
/// value is 0. An axis can have a place for infinity above all other values.
/// </summary>
internal sealed class AxisScale : ITickGenerator
{
    private const double ShareOfPlace = 0.12;
    private const int MinorPerMajor = 5;

    // Differences of larger values could be infinite.
    private const double Largest = 1e300;

    private readonly Axis _axis;
    private readonly double? _zero;
    private readonly double? _never;
    private readonly double _first;
    private readonly double _last;

    /// <summary>Creates the scale of an axis.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="values">All values along it.</param>
    /// <param name="margin">The free share of the axis at each end.</param>
    public AxisScale(Axis axis, IEnumerable<double> values, double margin)
    {
        _axis = axis;
        double[] shown = [.. values.Where(value => value == 0 || (value >= axis.Floor && value <= axis.Ceiling))];
        double[] places = [.. shown.Concat(axis.Reach).Select(Position).Where(double.IsFinite)];
        var hasZero = axis.Kind == AxisKind.Logarithmic && shown.Contains(0);
        IsEmpty = places.Length == 0 && !hasZero && !axis.HasNever;
        if (axis.Kind == AxisKind.Names || IsEmpty)
        {
            (_first, _last) = axis.Kind == AxisKind.Names ? (-0.5, axis.Names.Count - 0.5) : (0, 1);
            Limits = (_first, _last);
            return;
        }

        var (low, high) = (places.DefaultIfEmpty(0).Min(), places.DefaultIfEmpty(0).Max());
        var place = ShareOfPlace * (high > low ? high - low : 1);
        (_zero, _never) = (hasZero ? low - place : null, axis.HasNever ? high + place : null);
        (low, high) = (_zero ?? low, _never ?? high);
        var room = high > low ? margin * (high - low) : Math.Max(0.1 * Math.Abs(low), 0.05);
        var isCount = axis is { Kind: AxisKind.Linear, Format: AxisFormat.Steps } && low >= 0;
        Limits = (isCount ? Math.Max(0, low - room) : low - room, high + room);
        _first = _zero is null ? Limits.Low : low + (place / 2);
        _last = _never is null ? Limits.High : high - (place / 2);
    }

    /// <summary>True if the axis has nothing to show.</summary>
    public bool IsEmpty { get; }

    /// <summary>The positions of both ends.</summary>
    public (double Low, double High) Limits { get; }

    public Tick[] Ticks { get; private set; } = [];

    public int MaxTickCount { get; set; } = 1000;

    /// <summary>Returns the position of a value; NaN if the axis cannot show it.</summary>
    public double Position(double value) =>
        value == 0 && _zero is { } zero ? zero
        : double.IsPositiveInfinity(value) && _never is { } never ? never
        : Math.Abs(value) < Largest ? (_axis.Kind == AxisKind.Logarithmic ? Logarithm(value) : value)
        : double.NaN;

    /// <summary>True if the axis has a place for 0, and the value is 0.</summary>
    public bool IsAtEdge(double value) => value == 0 && _zero is not null;

    /// <summary>Returns the value at a position.</summary>
    public double At(double position) => _axis.Kind == AxisKind.Logarithmic ? Math.Pow(10, position) : position;

    public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
    {
        var isUpright = edge is Edge.Left or Edge.Right;
        Ticks = IsEmpty ? []
            : _axis.Kind == AxisKind.Names ? [.. _axis.Names.Select((name, i) => Tick.Major(i, name))]
            : [.. Place(_zero, "0"), .. _axis.Kind == AxisKind.Logarithmic ? Logarithmic(Room(isUpright ? 22 : 52)) : Linear(Room(isUpright ? 26 : 62)), .. Place(_never, "never")];

        double Room(double perLabel) => Math.Max(2, size.Length * (_last - _first) / range.Length / perLabel);
    }

    private static double Logarithm(double value) => value > 0 ? Math.Log10(value) : double.NaN;

    private static IEnumerable<Tick> Place(double? position, string label) => position is { } there ? [Tick.Major(there, label)] : [];

    private IEnumerable<Tick> Logarithmic(double room)
    {
        var named = AxisTicks.Logarithmic(_first, _last, room);
        return named.Select(value => Tick.Major(Math.Log10(value), Label(value, 0)))
            .Concat(AxisTicks.Minor(_first, _last).Except(named).Select(value => Tick.Minor(Math.Log10(value))));
    }

    private IEnumerable<Tick> Linear(double room)
    {
        var (named, distance) = AxisTicks.Even(_first, _last, room);
        var isWhole = _axis.Format == AxisFormat.Steps;
        if (isWhole && distance < 1)
        {
            (named, distance) = (AxisTicks.EveryMultiple(1, _first, _last), 1);
        }

        double[] minor = isWhole && distance < MinorPerMajor ? [] : AxisTicks.EveryMultiple(distance / MinorPerMajor, _first, _last);
        return named.Select(value => Tick.Major(value, Label(value, distance)))
            .Concat(minor.Where(value => named.All(major => Math.Abs(major - value) > distance / 100)).Select(Tick.Minor));
    }

    private string Label(double value, double distance) =>
        _axis.Format switch
        {
            AxisFormat.Steps => Numbers.Short(value),
            AxisFormat.Percent => (100 * value).ToString("0.#", CultureInfo.InvariantCulture) + " %",
            _ => Numbers.Tick(value, distance),
        };
}
