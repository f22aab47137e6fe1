namespace CuteDl.Studies.Statistics

open System

/// <summary>The range of learning rates around the best that are nearly as good.</summary>
type RateTolerance =
    {
        /// <summary>The best learning rate of those tried.</summary>
        Best: float
        /// <summary>The lowest learning rate that is good enough.</summary>
        Low: float
        /// <summary>The highest learning rate that is good enough.</summary>
        High: float
        /// <summary>log₁₀(High / Low).</summary>
        Decades: float
        /// <summary>True if no lower rate was tried: the true width is at least <c>Decades</c>.</summary>
        LowIsEnd: bool
        /// <summary>True if no higher rate was tried: the true width is at least <c>Decades</c>.</summary>
        HighIsEnd: bool
    }

    /// <summary>True if an end is the end of the grid, so that the width is a lower bound.</summary>
    member tolerance.IsAtLeast = tolerance.LowIsEnd || tolerance.HighIsEnd

/// <summary>
/// Measures the tolerance to the learning rate in decades: the width of the range around the best rate in which the objective is within a
/// factor of its best value. DeepOBS draws the same sensitivity as a curve (Schneider et al. 2019).
/// </summary>
module RateTolerance =
    /// <summary>
    /// Returns the range from the best rate outwards until the objective exceeds factor × best. Between two rates, the end is interpolated
    /// linearly in the logarithms of rate and objective. If the next objective is infinite, the end is the last good rate.
    /// </summary>
    /// <param name="factor">The factor, above 1: 2 allows twice the steps.</param>
    /// <param name="rates">At least 1 learning rate, ascending, above 0.</param>
    /// <param name="objective">The objective at each rate, above 0; less is better. For example the median steps to the target; infinite if not
    /// reached.</param>
    /// <returns>None if no rate reached the target.</returns>
    let ofObjective (factor: float) (rates: float array) (objective: float array) : RateTolerance option =
        Guard.notEmpty "rates" rates
        Guard.equalLength "rates" rates "objective" objective
        Guard.notNaN "objective" objective

        if not (factor > 1.0) then
            raise (ArgumentOutOfRangeException("factor", factor, "The factor must be above 1."))

        if not (rates[0] > 0.0) || Array.exists (fun (low, high) -> not (low < high)) (Array.pairwise rates) then
            raise (ArgumentException("The learning rates must be above 0 and in ascending order.", "rates"))

        let best = Array.IndexOf(objective, Array.min objective)
        let limit = factor * objective[best]

        let rec outwards side i =
            let next = i + side

            if next < 0 || next = rates.Length then
                struct (rates[i], true)
            elif objective[next] <= limit then
                outwards side next
            elif objective[next] = infinity then
                struct (rates[i], false)
            else
                let share = log (limit / objective[i]) / log (objective[next] / objective[i])
                struct (rates[i] * Math.Pow(rates[next] / rates[i], share), false)

        if objective[best] = infinity then
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
