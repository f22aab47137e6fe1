/// Squared deviations from the mean.
module internal CuteDl.Studies.Statistics.SquaredDeviations

/// Returns Σ (x − mean of x)². Divided by n − 1, it is the sample's variance.
let sum (values: float array) : float =
    let mean = Array.average values
    Array.sumBy (fun value -> (value - mean) * (value - mean)) values
