using System.Collections;
using System.Globalization;

namespace CuteDl;

/// <summary>
/// An immutable list that equals another list of the same elements. Records hold their lists in this form: an array would make two
/// records with the same content differ.
/// </summary>
internal sealed class ValueList<T> : IReadOnlyList<T>, IEquatable<ValueList<T>>
{
    private const int MostShown = 6;

    private readonly T[] _items;

    public ValueList(IEnumerable<T> items) => _items = [.. items];

    public int Count => _items.Length;

    public T this[int index] => _items[index];

    // NaN equals NaN here, and 0 equals −0, as in Double.Equals.
    public bool Equals(ValueList<T>? other) => other is not null && _items.AsSpan().SequenceEqual(other._items, EqualityComparer<T>.Default);

    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var item in _items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    public override string ToString()
    {
        var shown = string.Join(", ", _items.Take(MostShown).Select(item => Convert.ToString(item, CultureInfo.InvariantCulture)));
        return _items.Length <= MostShown ? $"[{shown}]" : string.Create(CultureInfo.InvariantCulture, $"[{shown}, ... ({_items.Length})]");
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Makes lists that are compared by their elements.</summary>
internal static class ValueList
{
    public static IReadOnlyList<T> Of<T>(IReadOnlyList<T> items) => items is null or ValueList<T> ? items! : new ValueList<T>(items);
}
