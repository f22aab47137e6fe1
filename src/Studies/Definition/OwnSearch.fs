namespace CuteDl.Studies

/// <summary>
/// A search method of one's own: a sequence of points that is the same for every contender. A value is immutable and thread-safe.
/// </summary>
type ISampler =
    /// <summary>The name in study files.</summary>
    abstract Name: string

    /// <summary>The largest number of dimensions, at least 1.</summary>
    abstract MaxDimensions: int

    /// <summary>Returns a point of the sequence. Equal arguments must give equal points.</summary>
    /// <param name="key">The key of everything random in the sequence. It follows from the first tuning seed.</param>
    /// <param name="dimensions">The number of tuned hyper-parameters, from 1 to <c>MaxDimensions</c>.</param>
    /// <param name="index">The index of the point, from 0.</param>
    /// <returns>
    /// A coordinate in [0, 1] for each dimension: the place of the value in its range, on the scale of the range; or in its list of choices.
    /// </returns>
    abstract Point: key: uint64 * dimensions: int * index: int -> float array
