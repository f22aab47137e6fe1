namespace CuteDl.Studies

open System

/// <summary>
/// Estimates the rounding error of a function's values, after Moré and Wild, <i>Estimating computational noise</i>, SIAM Journal on Scientific
/// Computing 33 (2011). At closely spaced points, the differences of high order of a smooth function vanish, and only rounding errors remain.
/// </summary>
module internal EvaluationNoise =
    // The numbers of points on a line, and of lines for each spacing.
    let private points = 13
    let private lines = 2

    /// Differences of these orders are measured. Those of lower orders see the derivatives of the function.
    let private orders = [ 5; 6 ]

    /// The spacings, as powers of the unit roundoff. Where large terms cancel, only wide lines cross the steps that rounding makes. The
    /// differences of a smooth function are still below the rounding errors, because 5/4 > 1.
    let private spacings = [ 0.5; 0.25 ]

    let private differences (values: float array) : float array = Array.pairwise values |> Array.map (fun (a, b) -> b - a)

    /// The standard deviation of independent errors with these differences of an order.
    let private deviation (order: int) (differences: float array) : float =
        // The variance of a difference is that of a value times (2k)! / (k!)².
        let growth = Seq.fold (fun product i -> product * float (order + i) / float i) 1.0 (seq { 1..order })
        sqrt (Array.averageBy (fun d -> d * d) differences / growth)

    let private ofLine (values: float array) : float =
        let mutable found = 0.0
        let mutable rest = values

        for order in 1 .. List.max orders do
            rest <- differences rest

            if List.contains order orders then
                found <- max found (deviation order rest)

        found

    /// <summary>Returns a bound of the rounding error of a function's values near a point.</summary>
    /// <param name="rounding">The unit roundoff of the parameters.</param>
    /// <param name="evaluate">Returns the value at a point.</param>
    /// <param name="point">The point.</param>
    let bound (rounding: float) (evaluate: float array -> float) (point: float array) : float =
        let mutable largest = 0.0

        // Directions are random: rounding errors are too small at round numbers.
        let ofDirection (line: int) (power: float) =
            let next = Landscape.normal line "gradient check/noise" 1.0

            let move =
                point
                |> Array.map (fun x ->
                    Math.Pow(rounding, power)
                    * max 1.0 (abs x)
                    * float (sign (next ()))
                    * (0.5 + 0.5 / (1.0 + abs (next ()))))

            let values =
                [| for k in 0 .. points - 1 -> evaluate (Array.map2 (fun x d -> x + float k * d) point move) |]

            // A line can leave the domain of the function.
            if Array.forall Double.IsFinite values then
                largest <- max largest (values |> Array.map abs |> Array.max)
                ofLine values
            else
                0.0

        let powers = Seq.replicate lines spacings |> Seq.concat
        let deviation = powers |> Seq.mapi ofDirection |> Seq.max
        // Rounding errors hardly ever exceed four standard deviations. A result that is rounded once has at least this error.
        4.0 * deviation + rounding * largest
