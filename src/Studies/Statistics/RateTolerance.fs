namespace CuteDl.Studies.Statistics

open System

/// <summary>The learning rates around the best that are nearly as good.</summary>
type RateTolerance =
    {
        /// <summary>The best rate tried.</summary>
        Best: float
        /// <summary>The lowest rate that is good enough.</summary>
        Low: float
        /// <summary>The highest rate that is good enough.</summary>
        High: float
        /// <summary>log₁₀(High / Low).</summary>
        Decades: float
        /// <summary>Whether no lower rate was tried: the true width is at least this.</summary>
        LowIsEnd: bool
        /// <summary>Whether no higher rate was tried: the true width is at least this.</summary>
        HighIsEnd: bool
    }

    /// <summary>Whether an end is the grid's, so that the width is a lower bound.</summary>
    member tolerance.IsAtLeast = tolerance.LowIsEnd || tolerance.HighIsEnd

/// <summary>
/// How much the learning rate may be off, in decades: the width of the rates around the best whose worth is within a factor of the
/// best's. (The sensitivity that DeepOBS draws (Schneider et al. 2019), as one number.)
/// </summary>
module RateTolerance =
    /// <summary>
    /// From the best rate outwards until the worth exceeds factor × best; between two rates tried, where the straight line through the
    /// logarithms of rate and worth does. Where the next worth is infinite, no line leads there, and the last good rate is the end.
    /// </summary>
    /// <param name="factor">Above 1: 2 is twice the steps.</param>
    /// <param name="rates">Ascending, above 0, at least 1.</param>
    /// <param name="worth">Of each rate, less is better, above 0: the median steps to the target over seeds; infinite if not reached.</param>
    /// <returns>Nothing if no rate reached the target.</returns>
    let ofWorth (factor: float) (rates: float array) (worth: float array) : RateTolerance option =
        Guard.notEmpty "rates" rates
        Guard.equalLength "rates" rates "worth" worth
        Guard.notNaN "worth" worth

        if not (factor > 1.0) then
            raise (ArgumentOutOfRangeException("factor", factor, "The factor must be above 1."))

        if not (rates[0] > 0.0) || Array.exists (fun (low, high) -> not (low < high)) (Array.pairwise rates) then
            raise (ArgumentException("The learning rates must be above 0 and in ascending order.", "rates"))

        let best = Array.IndexOf(worth, Array.min worth)
        let limit = factor * worth[best]

        let rec outwards side i =
            let next = i + side

            if next < 0 || next = rates.Length then
                struct (rates[i], true)
            elif worth[next] <= limit then
                outwards side next
            elif worth[next] = infinity then
                struct (rates[i], false)
            else
                let share = log (limit / worth[i]) / log (worth[next] / worth[i])
                struct (rates[i] * Math.Pow(rates[next] / rates[i], share), false)

        if worth[best] = infinity then
            None
        else
            let struct (low, lowIsEnd) = outwards -1 best
            let struct (high, highIsEnd) = outwards 1 best

            Some
                { Best = rates[best]
                  Low = low
                  High = high
                  Decades = log10 (high / low)
                  LowIsEnd = lowIsEnd
                  HighIsEnd = highIsEnd }
