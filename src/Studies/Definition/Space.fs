namespace CuteDl.Studies

/// <summary>The search space of one hyper-parameter.</summary>
type Space =
    /// <summary>Uniform in the logarithm from low to high, with 0 &lt; low &lt; high.</summary>
    | LogUniform of low: float * high: float
    /// <summary>1 − value is uniform in the logarithm, with low &lt; high &lt; 1: for decay rates such as β, where 0.99 is as far from 0.9
    /// as 0.999 is from 0.99.</summary>
    | LogUniformBelowOne of low: float * high: float
    /// <summary>Uniform from low to high, with low &lt; high.</summary>
    | Uniform of low: float * high: float
    /// <summary>One of at least one unordered value.</summary>
    | Choice of values: float list
    /// <summary>A single value.</summary>
    | Fixed of value: float

/// <summary>The search method.</summary>
type Search =
    /// <summary>Evenly spaced values, ends included, for a single hyper-parameter with a range.</summary>
    | Grid
    /// <summary>The quasi-random sequence of Sobol (1967), scrambled by the seed (Owen 1995).</summary>
    | Sobol
    /// <summary>The quasi-random sequence of Halton (1960), with one prime per hyper-parameter, shifted by the seed.</summary>
    | Halton
    /// <summary>A method of one's own.</summary>
    | Sampler of ISampler

    /// The methods of the library. The first is the default.
    static member internal BuiltIn = [ Sobol; Halton; Grid ]

    /// <summary>Returns the name in study files: <c>sobol</c>, <c>halton</c>, <c>grid</c>, or that of the method of one's own.</summary>
    override search.ToString() =
        match search with
        | Grid -> "grid"
        | Sobol -> "sobol"
        | Halton -> "halton"
        | Sampler sampler -> sampler.Name
