namespace CuteDl.Studies.Statistics

/// <summary>What was estimated, and the interval that says how well.</summary>
[<Struct>]
type Interval =
    {
        /// <summary>The estimate itself.</summary>
        Value: float
        /// <summary>The lower end; infinite where nothing bounds it.</summary>
        Low: float
        /// <summary>The upper end; infinite where nothing bounds it.</summary>
        High: float
    }

    /// <summary>Whether the whole interval lies in [low, high].</summary>
    member interval.LiesWithin(low: float, high: float) = low <= interval.Low && interval.High <= high

    override interval.ToString() = $"{interval.Value} [{interval.Low}, {interval.High}]"
