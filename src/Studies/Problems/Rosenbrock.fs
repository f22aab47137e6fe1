namespace CuteDl.Studies

module internal RosenbrockFormat =
    [<Literal>]
    let Kind = "rosenbrock"

    [<Literal>]
    let Dimensions = 2

    let fields: Fields<int, int> =
        let even =
            Shape.ensure "an even number of dimensions" (fun dimensions -> dimensions % 2 = 0)
            >> Shape.withKeywords [ "multipleOf", Json.number 2.0 ]

        FunctionKeys.dimensions 2 Dimensions even id

    let landscape (dimensions: int) (seed: int) : Landscape =
        let next = Landscape.normal seed "function/start" 0.1

        let evaluate (x: float array) (gradient: float array) =
            let mutable sum = 0.0

            for pair in 0 .. x.Length / 2 - 1 do
                let a = x[2 * pair]
                let valley = x[2 * pair + 1] - a * a
                gradient[2 * pair] <- -400.0 * a * valley - 2.0 * (1.0 - a)
                gradient[2 * pair + 1] <- 200.0 * valley
                sum <- sum + 100.0 * valley * valley + (1.0 - a) * (1.0 - a)

            sum

        let start = Array.init dimensions (fun i -> (if i % 2 = 0 then -1.2 else 1.0) + next ())
        Landscape.deterministic start evaluate (fun _ -> nan)

/// <summary>
/// Σ 100 (x₂ᵢ − x₂ᵢ₋₁²)² + (1 − x₂ᵢ₋₁)² over pairs (Rosenbrock 1960). The seed decides the start, near (−1.2, 1), as in the paper.
/// </summary>
/// <param name="dimensions">The number of parameters: even, and at least 2.</param>
/// <exception cref="T:System.ArgumentOutOfRangeException">The number is out of its range.</exception>
[<Sealed>]
type Rosenbrock(dimensions: int) =
    inherit
        FunctionProblem(
            FunctionKeys.require RosenbrockFormat.fields dimensions
            FunctionDescription.Of(RosenbrockFormat.Kind, $"rosenbrock({dimensions})", dimensions, RosenbrockFormat.landscape dimensions)
        )

    /// <summary>The number of parameters.</summary>
    member _.Dimensions = dimensions

    static member internal Format =
        FunctionKeys.kind
            RosenbrockFormat.Kind
            "Σ 100 (x₂ᵢ − x₂ᵢ₋₁²)² + (1 − x₂ᵢ₋₁)², with an even number of parameters"
            RosenbrockFormat.fields
            Rosenbrock
            _.Dimensions
