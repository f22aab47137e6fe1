namespace CuteDl.Studies.Statistics

open System

/// <summary>An estimate with its confidence interval.</summary>
[<Struct>]
type Interval =
    {
        /// <summary>The estimate.</summary>
        Value: float
        /// <summary>The lower end; NaN if there is no interval.</summary>
        Low: float
        /// <summary>The upper end; NaN if there is no interval. ∞ if it can be a time that is never reached.</summary>
        High: float
    }

    /// <summary>Returns an estimate without an interval: there are too few values, or no interval is valid.</summary>
    static member WithoutEnds(value: float) : Interval = { Value = value; Low = nan; High = nan }

    /// <summary>True if there is an interval.</summary>
    member interval.HasEnds = not (Double.IsNaN interval.Low)

    /// <summary>Returns the interval, cut off at the ends of the possible values.</summary>
    member interval.CutTo(low: float, high: float) : Interval =
        { Value = interval.Value
          Low = (if interval.Low < low then low else interval.Low)
          High = (if interval.High > high then high else interval.High) }

    override interval.ToString() = $"{interval.Value} [{interval.Low}, {interval.High}]"
