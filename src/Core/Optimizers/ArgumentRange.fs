namespace CuteDl.Core.Optimizers

open System

/// <summary>The allowed values of an argument: an interval.</summary>
type ArgumentRange =
    { Lower: float
      LowerIncluded: bool
      Upper: float
      UpperIncluded: bool }

    /// <summary>True if the value is in the range; NaN never is.</summary>
    member range.Contains(value: float) =
        (value > range.Lower || range.LowerIncluded && value = range.Lower)
        && (value < range.Upper || range.UpperIncluded && value = range.Upper)

    /// <summary>Returns the interval in mathematical notation, for example <c>(0, 1)</c> or <c>[0, ∞)</c>.</summary>
    override range.ToString() =
        let bound (value: float) = if Double.IsPositiveInfinity value then "∞" else NumberText.ofFloat value

        let opening = if range.LowerIncluded then "[" else "("
        let closing = if range.UpperIncluded then "]" else ")"
        $"{opening}{bound range.Lower}, {bound range.Upper}{closing}"

/// <summary>The ranges of arguments.</summary>
module ArgumentRange =
    /// <summary>[0, ∞): learning rates, ε.</summary>
    let nonNegative = { Lower = 0.0; LowerIncluded = true; Upper = infinity; UpperIncluded = false }

    /// <summary>(0, 1): factors that only reduce.</summary>
    let betweenZeroAndOne = { Lower = 0.0; LowerIncluded = false; Upper = 1.0; UpperIncluded = false }

    /// <summary>(0, ∞): factors, widths.</summary>
    let positive = { Lower = 0.0; LowerIncluded = false; Upper = infinity; UpperIncluded = false }

    /// <summary>[0, 1]: shares.</summary>
    let fromZeroToOne = { Lower = 0.0; LowerIncluded = true; Upper = 1.0; UpperIncluded = true }

    /// <summary>(0, 1]: factors that never raise.</summary>
    let aboveZeroToOne = { Lower = 0.0; LowerIncluded = false; Upper = 1.0; UpperIncluded = true }

    /// <summary>[0, 1): decays; 0 keeps nothing of the past.</summary>
    let belowOne = { Lower = 0.0; LowerIncluded = true; Upper = 1.0; UpperIncluded = false }

    /// <summary>[1, 2⁵³]: counts of at least 1 that are exact in double precision.</summary>
    let counts = { Lower = 1.0; LowerIncluded = true; Upper = 9007199254740992.0; UpperIncluded = true }

    /// <summary>[0, 2⁵³]: counts that may be 0.</summary>
    let countsOrNone = { counts with Lower = 0.0 }
