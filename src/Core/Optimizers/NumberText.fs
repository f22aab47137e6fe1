namespace CuteDl.Core.Optimizers

open System
open System.Globalization

/// <summary>Writes numbers in texts.</summary>
module NumberText =
    /// <summary>Returns the shortest decimal that parses to the same number: 0.0001, 1e-8, 1e20, inf. Minus zero is 0.</summary>
    let ofFloat (value: float) : string =
        if Double.IsInfinity value then
            if value > 0.0 then "inf" else "-inf"
        else
            (value + 0.0)
                .ToString("R", CultureInfo.InvariantCulture)
                .Replace("E-0", "e-")
                .Replace("E+0", "e")
                .Replace("E+", "e")
                .Replace('E', 'e')
