namespace CuteDl.Studies

open CuteDl.Core.Optimizers

/// <summary>
/// Σ 100 (x₂ᵢ − x₂ᵢ₋₁²)² + (1 − x₂ᵢ₋₁)² over pairs (Rosenbrock 1960). The seed decides the start, near (−1.2, 1), as in the paper.
/// </summary>
type Rosenbrock =
    /// <summary>The number of dimensions: even, and at least 2.</summary>
    | Rosenbrock of dimensions: int

    member private task.Check() : unit =
        let (Rosenbrock dimensions) = task

        if dimensions < 2 || dimensions % 2 <> 0 then
            Landscape.outOfRange "dimensions" dimensions "The dimensions of a Rosenbrock function" "an even number of at least 2"

    member private task.Tensors = let (Rosenbrock dimensions) = task in Layout.OfShapes [ "x", [ dimensions ] ]

    /// Returns the function for a seed.
    member internal task.Landscape(seed: int) : Landscape =
        let (Rosenbrock dimensions) = task
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

    interface IProblem with
        member _.Kind = "rosenbrock"
        member _.HasAccuracy = false
        member _.ComparesAccuracy = false
        member _.ValidatesOnTest = false
        member _.HasData = false
        member _.ExamplesAStep = 1
        member _.StepsAnEpoch = None
        member _.Classes = 0
        member _.GuessedLoss = infinity
        member _.Findings _ = []
        member task.Layout() = Landscape.layoutOf task.Check (fun () -> task.Tensors)
        member task.InFolder _ = task
        member _.ForDocument _ = ValueNone

        member task.Prepare(_, _) =
            task.Check()
            let (Rosenbrock dimensions) = task
            Landscape.prepared task.Tensors $"rosenbrock({dimensions})" "" task.Landscape
