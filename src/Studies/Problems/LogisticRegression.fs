namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

module internal LogisticRegressionFormat =
    [<Literal>]
    let Kind = "logistic_regression"

    [<Literal>]
    let Examples = 200

    let fields: Fields<int * int, int * int> =
        fields<int * int> {
            let! dimensions = FunctionKeys.dimensions 1 FunctionKeys.Dimensions id fst

            and! examples =
                Field.optional "examples" "The number of examples of the logistic regression." (Shape.whole 2 1_000_000) Examples snd

            return dimensions, examples
        }

    /// The centres have distance 2, and each example is standard normal around one of them. The best classifier reaches about 84 %.
    let landscape (dimensions: int) (examples: int) (seed: int) : Landscape =
        let around = Landscape.normal seed "function/examples" 1.0
        let centre = 1.0 / sqrt (float dimensions)
        let sign (example: int) = if example % 2 = 0 then 1.0 else -1.0
        let values = Array.init (examples * dimensions) (fun i -> sign (i / dimensions) * centre + around ())
        let next = Landscape.normal seed "function/start" 1.0

        let score (w: float array) (example: int) =
            let mutable z = w[dimensions]

            for i in 0 .. dimensions - 1 do
                z <- z + w[i] * values[example * dimensions + i]

            z

        let evaluate (w: float array) (gradient: float array) =
            Array.Clear gradient
            let mutable sum = 0.0

            for example in 0 .. examples - 1 do
                let margin = sign example * score w example
                // ln(1 + e⁻ᵐ) and its derivative −1 / (1 + eᵐ), computed without overflow.
                let e = Math.Exp(-abs margin)
                sum <- sum + max 0.0 -margin + Double.LogP1 e
                let share = (if margin >= 0.0 then e else 1.0) / (1.0 + e)
                let slope = -(sign example) * share / float examples

                for i in 0 .. dimensions - 1 do
                    gradient[i] <- gradient[i] + slope * values[example * dimensions + i]

                gradient[dimensions] <- gradient[dimensions] + slope

            sum / float examples

        let accuracy (w: float array) =
            let mutable right = 0

            for example in 0 .. examples - 1 do
                if sign example * score w example > 0.0 then
                    right <- right + 1

            float right / float examples

        let start = Array.init (dimensions + 1) (fun i -> if i < dimensions then next () else 0.0)
        Landscape.deterministic start evaluate accuracy

/// <summary>
/// Logistic regression on examples around two centres, with full batches. The seed decides the examples and the start. Validations use the
/// examples that are trained on.
/// </summary>
/// <param name="dimensions">The number of weights, at least 1. There is a bias, too.</param>
/// <param name="examples">The number of examples, at least 2.</param>
/// <exception cref="T:System.ArgumentOutOfRangeException">A number is out of its range.</exception>
[<Sealed>]
type LogisticRegression(dimensions: int, examples: int) =
    inherit
        FunctionProblem(
            FunctionKeys.require LogisticRegressionFormat.fields (dimensions, examples)

            { Kind = LogisticRegressionFormat.Kind
              Identity = $"logistic-regression({dimensions}, {examples})"
              Layout = Layout.OfShapes [ "weight", [ dimensions ]; "bias", [ 1 ] ]
              Landscape = LogisticRegressionFormat.landscape dimensions examples
              ExamplesAStep = examples
              Classes = 2
              GuessedLoss = Math.Log 2.0 }
        )

    /// <summary>The number of weights.</summary>
    member _.Dimensions = dimensions

    /// <summary>The number of examples.</summary>
    member _.Examples = examples

    static member internal Format =
        FunctionKeys.kind
            LogisticRegressionFormat.Kind
            "the loss over random examples around two centres"
            LogisticRegressionFormat.fields
            (fun (dimensions, examples) -> LogisticRegression(dimensions, examples))
            (fun found -> found.Dimensions, found.Examples)
