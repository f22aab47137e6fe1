namespace CuteDl.Studies

open System

module internal QuadraticFormat =
    [<Literal>]
    let Kind = "quadratic"

    let fields: Fields<int * float, int * float> =
        fields<int * float> {
            let! dimensions = FunctionKeys.dimensions 1 FunctionKeys.Dimensions id fst
            and! condition = FunctionKeys.condition snd
            return dimensions, condition
        }

    /// Returns the curvatures λ from 1 to the condition number.
    let curvatures (dimensions: int) (condition: float) : float array =
        Array.init dimensions (fun i -> if dimensions = 1 then condition else Math.Pow(condition, float i / float (dimensions - 1)))

    let landscape (dimensions: int) (condition: float) (seed: int) : Landscape =
        let next = Landscape.normal seed "function/start" 1.0
        let curvatures = curvatures dimensions condition

        let evaluate (x: float array) (gradient: float array) =
            let mutable sum = 0.0

            for i in 0 .. x.Length - 1 do
                gradient[i] <- curvatures[i] * x[i]
                sum <- sum + gradient[i] * x[i]

            0.5 * sum

        Landscape.deterministic (Array.init dimensions (fun _ -> next ())) evaluate (fun _ -> nan)

/// <summary>½ Σ λᵢ xᵢ², with λ from 1 to the condition number, evenly spaced in the logarithm. The seed decides the start.</summary>
/// <param name="dimensions">The number of parameters, at least 1.</param>
/// <param name="condition">The condition number, at least 1.</param>
/// <exception cref="T:System.ArgumentOutOfRangeException">A number is out of its range.</exception>
[<Sealed>]
type Quadratic(dimensions: int, condition: float) =
    inherit
        FunctionProblem(
            FunctionKeys.require QuadraticFormat.fields (dimensions, condition)

            FunctionDescription.Of(
                QuadraticFormat.Kind,
                $"quadratic({dimensions}, {Landscape.number condition})",
                dimensions,
                QuadraticFormat.landscape dimensions condition
            )
        )

    /// <summary>The number of parameters.</summary>
    member _.Dimensions = dimensions

    /// <summary>The condition number.</summary>
    member _.Condition = condition

    static member internal Format =
        FunctionKeys.kind
            QuadraticFormat.Kind
            "½ Σ λᵢ xᵢ² with λ from 1 to the condition number"
            QuadraticFormat.fields
            (fun (dimensions, condition) -> Quadratic(dimensions, condition))
            (fun found -> found.Dimensions, found.Condition)
