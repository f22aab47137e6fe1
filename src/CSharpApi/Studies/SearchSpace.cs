using System.Collections.Immutable;
using System.Globalization;
using CuteDl.Studies;
using Microsoft.FSharp.Collections;

namespace CuteDl;

/// <summary>Which values of an optimizer's hyper-parameters a study may try, as an immutable value; those not named stay as they are.</summary>
public sealed class SearchSpace
{
    private readonly ImmutableList<Tuple<string, Space>> _spaces;

    private SearchSpace(ImmutableList<Tuple<string, Space>> spaces) => _spaces = spaces;

    /// <summary>Nothing is tried: the optimizer stays as it is.</summary>
    public static SearchSpace Empty { get; } = new([]);

    internal FSharpList<Tuple<string, Space>> Core => ListModule.OfSeq(_spaces);

    /// <summary>Values evenly spread over the logarithm.</summary>
    /// <param name="name">The hyper-parameter, by its name in the text form.</param>
    /// <param name="low">Above 0.</param>
    /// <param name="high">Above <paramref name="low"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is out of its range.</exception>
    /// <exception cref="ArgumentException">The hyper-parameter is named twice.</exception>
    public SearchSpace LogUniform(string name, double low, double high)
    {
        if (!(low > 0 && double.IsFinite(low)))
        {
            throw new ArgumentOutOfRangeException(nameof(low), low, "The lower bound must be above 0 and finite.");
        }

        return With(name, Space.NewLogUniform(low, Above(low, high)));
    }

    /// <summary>
    /// Values whose distance to 1 is evenly spread over the logarithm. For decay rates such as β: 0.99 is as far from 0.9 as 0.999 is from 0.99.
    /// </summary>
    /// <param name="name">The hyper-parameter, by its name in the text form.</param>
    /// <param name="low">Finite, below 1.</param>
    /// <param name="high">Above <paramref name="low"/> and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is out of its range.</exception>
    /// <exception cref="ArgumentException">The hyper-parameter is named twice.</exception>
    public SearchSpace LogUniformBelowOne(string name, double low, double high)
    {
        if (!(low < 1 && double.IsFinite(low)))
        {
            throw new ArgumentOutOfRangeException(nameof(low), low, "The lower bound must be below 1 and finite.");
        }

        if (high >= 1)
        {
            throw new ArgumentOutOfRangeException(nameof(high), high, "The upper bound must be below 1.");
        }

        return With(name, Space.NewLogUniformBelowOne(low, Above(low, high)));
    }

    /// <summary>Values evenly spread.</summary>
    /// <param name="name">The hyper-parameter, by its name in the text form.</param>
    /// <param name="low">Finite.</param>
    /// <param name="high">Above <paramref name="low"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is out of its range.</exception>
    /// <exception cref="ArgumentException">The hyper-parameter is named twice.</exception>
    public SearchSpace Uniform(string name, double low, double high)
    {
        if (!double.IsFinite(low))
        {
            throw new ArgumentOutOfRangeException(nameof(low), low, "The lower bound must be finite.");
        }

        return With(name, Space.NewUniform(low, Above(low, high)));
    }

    /// <summary>One of these values.</summary>
    /// <param name="name">The hyper-parameter, by its name in the text form.</param>
    /// <param name="values">At least one, each once.</param>
    /// <exception cref="ArgumentException">There is no value, or one twice, or the hyper-parameter is named twice.</exception>
    public SearchSpace Choice(string name, params double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Length == 0 || values.Distinct().Count() != values.Length)
        {
            throw new ArgumentException("A choice needs at least one value, and each value once.", nameof(values));
        }

        return With(name, Space.NewChoice(ListModule.OfSeq(values)));
    }

    /// <summary>This value and no other.</summary>
    /// <param name="name">The hyper-parameter, by its name in the text form.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">The hyper-parameter is named twice.</exception>
    public SearchSpace Fixed(string name, double value) => With(name, Space.NewFixed(value));

    /// <summary>One line: each hyper-parameter with its values.</summary>
    public override string ToString() => _spaces.IsEmpty ? "nothing is tuned" : string.Join(", ", _spaces.Select(space => $"{space.Item1}: {Describe(space.Item2)}"));

    private static string Describe(Space space) =>
        space switch
        {
            Space.LogUniform range => FormattableString.Invariant($"{range.low} to {range.high}, logarithmic"),
            Space.LogUniformBelowOne range => FormattableString.Invariant($"{range.low} to {range.high}, logarithmic below 1"),
            Space.Uniform range => FormattableString.Invariant($"{range.low} to {range.high}"),
            Space.Choice choice => string.Join(" or ", choice.values.Select(value => value.ToString(CultureInfo.InvariantCulture))),
            Space.Fixed only => only.value.ToString(CultureInfo.InvariantCulture),
            _ => throw new ArgumentOutOfRangeException(nameof(space), space, "There is no such space."),
        };

    private static double Above(double low, double high) =>
        high > low && double.IsFinite(high) ? high : throw new ArgumentOutOfRangeException(nameof(high), high, FormattableString.Invariant($"The upper bound must be finite and above the lower bound, {low}."));

    private SearchSpace With(string name, Space space)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return _spaces.Exists(other => other.Item1 == name)
            ? throw new ArgumentException($"The hyper-parameter '{name}' has a search space already. Give each one once.", nameof(name))
            : new(_spaces.Add(Tuple.Create(name, space)));
    }
}
