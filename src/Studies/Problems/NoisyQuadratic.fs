namespace CuteDl.Studies

open System

module internal NoisyQuadraticFormat =
    [<Literal>]
    let Kind = "noisy_quadratic"

    [<Literal>]
    let Batch = 1

    let fields: Fields<int * float * int, int * float * int> =
        fields<int * float * int> {
            let! dimensions =
                FunctionKeys.dimensions 1 FunctionKeys.Dimensions id (fun (dimensions, _, _) -> dimensions)

            and! condition = FunctionKeys.condition (fun (_, condition, _) -> condition)

            and! batch =
                Field.optional "batch" "The batch size of the noisy quadratic." (Shape.whole 1 1_000_000) Batch (fun (_, _, batch) -> batch)

            return dimensions, condition, batch
        }

    /// Validations have the loss without noise.
    let landscape (dimensions: int) (condition: float) (batch: int) (seed: int) : Landscape =
        let exact = QuadraticFormat.landscape dimensions condition seed

        let deviations =
            QuadraticFormat.curvatures dimensions condition
            |> Array.map (fun curvature -> sqrt (curvature / float batch))

        { exact with
            Evaluate =
                fun step x gradient ->
                    let next = Landscape.normal seed $"function/noise/{step}" 1.0
                    let mutable loss = exact.Evaluate step x gradient

                    for i in 0 .. x.Length - 1 do
                        let noise = deviations[i] * next ()
                        gradient[i] <- gradient[i] + noise
                        loss <- loss + noise * x[i]

                    loss }

/// <summary>
/// The noisy quadratic model of training with batches (Schaul et al. 2013; Zhang et al. 2019): ½ Σ λᵢ xᵢ² + Σ εᵢ xᵢ, with λ from 1 to the
/// condition number. The noise εᵢ of each step is normal with variance λᵢ / batch. Validations have no noise. The seed decides start and noise.
/// </summary>
/// <param name="dimensions">The number of parameters, at least 1.</param>
/// <param name="condition">The condition number, at least 1.</param>
/// <param name="batch">The batch size, at least 1. The variance of the noise falls with it.</param>
/// <exception cref="T:System.ArgumentOutOfRangeException">A number is out of its range.</exception>
[<Sealed>]
type NoisyQuadratic(dimensions: int, condition: float, batch: int) =
    inherit
        FunctionProblem(
            FunctionKeys.require NoisyQuadraticFormat.fields (dimensions, condition, batch)

            { FunctionDescription.Of(
                  NoisyQuadraticFormat.Kind,
                  $"noisy-quadratic({dimensions}, {Landscape.number condition}, {batch})",
                  dimensions,
                  NoisyQuadraticFormat.landscape dimensions condition batch
              ) with
                ExamplesAStep = batch }
        )

    /// <summary>The number of parameters.</summary>
    member _.Dimensions = dimensions

    /// <summary>The condition number.</summary>
    member _.Condition = condition

    /// <summary>The batch size.</summary>
    member _.Batch = batch

    static member internal Format =
        FunctionKeys.kind
            NoisyQuadraticFormat.Kind
            "a quadratic whose gradient has normal noise, as a model of training with batches"
            NoisyQuadraticFormat.fields
            (fun (dimensions, condition, batch) -> NoisyQuadratic(dimensions, condition, batch))
            (fun found -> found.Dimensions, found.Condition, found.Batch)
