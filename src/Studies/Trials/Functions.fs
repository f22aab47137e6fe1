namespace CuteDl.Studies

open System
open System.Numerics
open System.Threading
open MathNet.Numerics.Distributions
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// A function task with its data for one seed. It is pure and computes in double precision.
type internal Landscape =
    {
        Layout: Layout
        /// The initial parameters.
        Start: float array
        /// The number of examples per step.
        Examples: int
        /// Returns the value at a point, and overwrites the second array with the gradient there.
        Evaluate: float array -> float array -> float
        /// Returns the accuracy at a point; NaN for functions without classes.
        Accuracy: float array -> float
    }

/// Builds the functions of <c>FunctionTask</c>.
module internal Landscape =
    /// Throws if a number is out of its range.
    let validate (task: FunctionTask) : unit =
        let outOfRange (name: string) (value: obj) (subject: string) (allowed: string) : unit =
            raise (ArgumentOutOfRangeException(name, value, $"{subject} cannot be {value}. Use {allowed}."))

        match task with
        | Quadratic(dimensions, _) when dimensions < 1 -> outOfRange "dimensions" dimensions "The dimensions of a quadratic" "at least 1"
        | Quadratic(_, condition) when not (condition >= 1.0 && Double.IsFinite condition) ->
            outOfRange "condition" condition "The condition number of a quadratic" "a finite number of at least 1"
        | Rosenbrock dimensions when dimensions < 2 || dimensions % 2 <> 0 ->
            outOfRange "dimensions" dimensions "The dimensions of a Rosenbrock function" "an even number of at least 2"
        | LogisticRegression(dimensions, _) when dimensions < 1 ->
            outOfRange "dimensions" dimensions "The dimensions of a regression" "at least 1"
        | LogisticRegression(_, examples) when examples < 2 -> outOfRange "examples" examples "The examples of a regression" "at least 2"
        | _ -> ()

    /// Returns the tensors of a function. They do not depend on the seed.
    let layout (task: FunctionTask) : Layout =
        match task with
        | Quadratic(dimensions, _)
        | Rosenbrock dimensions -> Layout.OfShapes [ "x", [ dimensions ] ]
        | LogisticRegression(dimensions, _) -> Layout.OfShapes [ "weight", [ dimensions ]; "bias", [ 1 ] ]

    let private normal (seed: int) (purpose: string) (deviation: float) : unit -> float =
        let distribution = Normal(0.0, deviation, RandomStream.stream seed purpose)
        fun () -> distribution.Sample()

    let private quadratic (dimensions: int) (condition: float) (seed: int) : Landscape =
        let next = normal seed "function/start" 1.0

        let curvatures =
            Array.init dimensions (fun i -> if dimensions = 1 then condition else Math.Pow(condition, float i / float (dimensions - 1)))

        { Layout = layout (Quadratic(dimensions, condition))
          Start = Array.init dimensions (fun _ -> next ())
          Examples = 1
          Evaluate =
            fun x gradient ->
                let mutable sum = 0.0

                for i in 0 .. x.Length - 1 do
                    gradient[i] <- curvatures[i] * x[i]
                    sum <- sum + gradient[i] * x[i]

                0.5 * sum
          Accuracy = fun _ -> nan }

    // Starts near (−1.2, 1), the starting point of Rosenbrock.
    let private rosenbrock (dimensions: int) (seed: int) : Landscape =
        let next = normal seed "function/start" 0.1

        { Layout = layout (Rosenbrock dimensions)
          Start = Array.init dimensions (fun i -> (if i % 2 = 0 then -1.2 else 1.0) + next ())
          Examples = 1
          Evaluate =
            fun x gradient ->
                let mutable sum = 0.0

                for pair in 0 .. x.Length / 2 - 1 do
                    let a = x[2 * pair]
                    let valley = x[2 * pair + 1] - a * a
                    gradient[2 * pair] <- -400.0 * a * valley - 2.0 * (1.0 - a)
                    gradient[2 * pair + 1] <- 200.0 * valley
                    sum <- sum + 100.0 * valley * valley + (1.0 - a) * (1.0 - a)

                sum
          Accuracy = fun _ -> nan }

    // The centres have distance 2, and each example is standard normal around one of them. The best classifier reaches about 84 %.
    let private logisticRegression (dimensions: int) (examples: int) (seed: int) : Landscape =
        let around = normal seed "function/examples" 1.0
        let centre = 1.0 / sqrt (float dimensions)
        let sign (example: int) = if example % 2 = 0 then 1.0 else -1.0
        let values = Array.init (examples * dimensions) (fun i -> sign (i / dimensions) * centre + around ())
        let next = normal seed "function/start" 1.0

        let score (w: float array) (example: int) =
            let mutable z = w[dimensions]

            for i in 0 .. dimensions - 1 do
                z <- z + w[i] * values[example * dimensions + i]

            z

        { Layout = layout (LogisticRegression(dimensions, examples))
          Start = Array.init (dimensions + 1) (fun i -> if i < dimensions then next () else 0.0)
          Examples = examples
          Evaluate =
            fun w gradient ->
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
          Accuracy =
            fun w ->
                let mutable right = 0

                for example in 0 .. examples - 1 do
                    if sign example * score w example > 0.0 then
                        right <- right + 1

                float right / float examples }

    /// Returns the function of a task for a seed.
    let create (task: FunctionTask) (seed: int) : Landscape =
        validate task

        match task with
        | Quadratic(dimensions, condition) -> quadratic dimensions condition seed
        | Rosenbrock dimensions -> rosenbrock dimensions seed
        | LogisticRegression(dimensions, examples) -> logisticRegression dimensions examples seed

/// A function as a workload. Every step and every validation evaluates the whole function.
[<Sealed>]
type internal FunctionWorkload<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(landscape: Landscape) =
    let length = landscape.Layout.Length
    let parameters: 'T array = Array.zeroCreate length
    let gradient: 'T array = Array.zeroCreate length
    let point: float array = Array.zeroCreate length
    let slope: float array = Array.zeroCreate length

    let evaluate () =
        for i in 0 .. length - 1 do
            point[i] <- Double.CreateTruncating parameters[i]

        landscape.Evaluate point slope

    interface IWorkload<'T> with
        member _.Layout = landscape.Layout
        member _.Parameters = Span parameters
        member _.Gradient = ReadOnlySpan gradient
        member _.StepsAnEpoch = 1

        member _.Train _ =
            let value = evaluate ()

            for i in 0 .. length - 1 do
                gradient[i] <- 'T.CreateTruncating slope[i]

            value

        member _.Validate cancellation =
            if cancellation.IsCancellationRequested then
                ValueNone
            else
                let value = evaluate ()
                ValueSome(struct (value, landscape.Accuracy point))
