using System.Numerics.Tensors;

namespace CuteDl;

/// <summary>Copies rows of numbers into one array.</summary>
internal static class Rows
{
    /// <summary>Returns the length of each row.</summary>
    /// <exception cref="ArgumentException">The rows have different lengths, or one is null.</exception>
    public static int Width<T>(IReadOnlyList<T[]>? rows, string what)
    {
        ArgumentNullException.ThrowIfNull(rows);
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows[row] is null)
            {
                throw new ArgumentException($"Row {row} of the {what} is null. (Rows count from 0.)", nameof(rows));
            }

            if (rows[row].Length != rows[0].Length)
            {
                throw new ArgumentException(
                    $"Row {row} of the {what} has {rows[row].Length} values, but row 0 has {rows[0].Length}. All rows need the same number. (Rows count from 0.)", nameof(rows));
            }
        }

        return rows.Count > 0 ? rows[0].Length : throw new ArgumentException($"There are no {what}. Give at least 1 example.", nameof(rows));
    }

    public static T[] Flatten<T>(IReadOnlyList<T[]> rows) => [.. rows.SelectMany(row => row)];

    public static T[] Flatten<T>(T[,]? rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return [.. rows.Cast<T>()];
    }

    public static T[] Flatten<T>(ReadOnlyTensorSpan<T> tensor)
    {
        var values = new T[checked((int)tensor.FlattenedLength)];
        tensor.FlattenTo(values);
        return values;
    }

    public static double[] Widen(IEnumerable<float> values) => [.. values.Select(value => (double)value)];

    /// <summary>Returns the sizes after the first, which counts the examples. Without any, an example is one number.</summary>
    public static int[] Sizes(ReadOnlySpan<nint> lengths)
    {
        if (lengths.IsEmpty)
        {
            throw new ArgumentException("The tensor is a single number. Its first dimension must count the examples.", nameof(lengths));
        }

        var sizes = new int[Math.Max(1, lengths.Length - 1)];
        sizes[0] = 1;
        for (var i = 1; i < lengths.Length; i++)
        {
            sizes[i - 1] = checked((int)lengths[i]);
        }

        return sizes;
    }
}
