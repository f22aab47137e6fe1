namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// <summary>½ Σ λᵢ xᵢ², with λ from 1 to the condition number, evenly spaced in the logarithm. The seed decides the start.</summary>
type Quadratic =
    /// <summary>The number of dimensions, at least 1, and the condition number, at least 1.</summary>
    | Quadratic of dimensions: int * condition: float

    member private task.Check() : unit =
        let (Quadratic(dimensions, condition)) = task

        if dimensions < 1 then
            Landscape.outOfRange "dimensions" dimensions "The dimensions of a quadratic" "at least 1"

        if not (condition >= 1.0 && Double.IsFinite condition) then
            Landscape.outOfRange "condition" condition "The condition number of a quadratic" "a finite number of at least 1"

    member private task.Tensors =
        let (Quadratic(dimensions, _)) = task in Layout.OfShapes [ "x", [ dimensions ] ]

    /// Returns the function for a seed.
    member internal task.Landscape(seed: int) : Landscape =
        let (Quadratic(dimensions, condition)) = task
        let next = Landscape.normal seed "function/start" 1.0

        let curvatures =
            Array.init dimensions (fun i -> if dimensions = 1 then condition else Math.Pow(condition, float i / float (dimensions - 1)))

        let evaluate (x: float array) (gradient: float array) =
            let mutable sum = 0.0

            for i in 0 .. x.Length - 1 do
                gradient[i] <- curvatures[i] * x[i]
                sum <- sum + gradient[i] * x[i]

            0.5 * sum

        Landscape.deterministic (Array.init dimensions (fun _ -> next ())) evaluate (fun _ -> nan)

    interface IProblem with
        member _.Kind = "quadratic"
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
            let (Quadratic(dimensions, condition)) = task
            Landscape.prepared task.Tensors $"quadratic({dimensions}, {Landscape.number condition})" "" task.Landscape
