namespace CuteDl.Core.Optimizers

open System
open System.Globalization

/// <summary>Numbers in texts.</summary>
module NumberText =
    /// <summary>The shortest decimal that reads back as the same number: 0.0001, 1e-8, 1e20, inf. Minus zero is 0.</summary>
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
