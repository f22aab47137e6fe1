namespace CuteDl.Studies

/// <summary>The values of one hyper-parameter that a study may try.</summary>
type Space =
    /// <summary>Evenly spread over the logarithm, from low to high; 0 &lt; low &lt; high.</summary>
    | LogUniform of low: float * high: float
    /// <summary>Evenly spread from low to high; low &lt; high.</summary>
    | Uniform of low: float * high: float
    /// <summary>One of these, which have no order; at least one.</summary>
    | Choice of values: float list
    /// <summary>This one and no other.</summary>
    | Fixed of value: float

/// <summary>How the points of a search space are chosen.</summary>
type Search =
    /// <summary>Evenly spaced, ends included; for a single hyper-parameter with a range.</summary>
    | Grid
    /// <summary>The quasi-random sequence of Sobol (1967), scrambled by the seed (Owen 1995).</summary>
    | Sobol
    /// <summary>The quasi-random sequence of Halton (1960), a prime for each hyper-parameter, shifted by the seed.</summary>
    | Halton
