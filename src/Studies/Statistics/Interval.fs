namespace CuteDl.Studies.Statistics

/// <summary>An estimate with its confidence interval.</summary>
[<Struct>]
type Interval =
    {
        /// <summary>The estimate.</summary>
        Value: float
        /// <summary>The lower end; -∞ if the interval has no lower bound.</summary>
        Low: float
        /// <summary>The upper end; ∞ if the interval has no upper bound.</summary>
        High: float
    }

    /// <summary>True if the whole interval is within [low, high].</summary>
    member interval.LiesWithin(low: float, high: float) = low <= interval.Low && interval.High <= high

    override interval.ToString() = $"{interval.Value} [{interval.Low}, {interval.High}]"
