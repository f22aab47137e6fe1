namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// <summary>
/// Logistic regression on examples around two centres, with full batches. The seed decides the examples and the start. Validations use the
/// examples that are trained on.
/// </summary>
type LogisticRegression =
    /// <summary>The number of dimensions, at least 1, and the number of examples, at least 2.</summary>
    | LogisticRegression of dimensions: int * examples: int

    member private task.Check() : unit =
        let (LogisticRegression(dimensions, examples)) = task

        if dimensions < 1 then
            Landscape.outOfRange "dimensions" dimensions "The dimensions of a regression" "at least 1"

        if examples < 2 then
            Landscape.outOfRange "examples" examples "The examples of a regression" "at least 2"

    member private task.Tensors =
        let (LogisticRegression(dimensions, _)) = task
        Layout.OfShapes [ "weight", [ dimensions ]; "bias", [ 1 ] ]

    /// Returns the function for a seed. The centres have distance 2, and each example is standard normal around one of them. The best
    /// classifier reaches about 84 %.
    member internal task.Landscape(seed: int) : Landscape =
        let (LogisticRegression(dimensions, examples)) = task
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

    interface IProblem with
        member _.Kind = "logistic_regression"
        member _.HasAccuracy = true
        member _.ComparesAccuracy = false
        member _.ValidatesOnTest = false
        member _.HasData = false
        member task.ExamplesAStep = let (LogisticRegression(_, examples)) = task in examples
        member _.StepsAnEpoch = None
        member _.Classes = 2
        member _.GuessedLoss = Math.Log 2.0
        member _.Findings _ = []
        member task.Layout() = Landscape.layoutOf task.Check (fun () -> task.Tensors)
        member task.InFolder _ = task
        member _.ForDocument _ = ValueNone

        member task.Prepare(_, _) =
            task.Check()
            let (LogisticRegression(dimensions, examples)) = task
            Landscape.prepared task.Tensors $"logistic-regression({dimensions}, {examples})" "" task.Landscape
