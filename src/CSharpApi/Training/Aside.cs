namespace CuteDl;

/// <summary>A part of a record that does not take part in its equality.</summary>
/// <param name="value">The value.</param>
internal sealed class Aside<T>(T value)
{
    public T Value => value;

    public override bool Equals(object? obj) => obj is Aside<T>;

    public override int GetHashCode() => 0;
}
