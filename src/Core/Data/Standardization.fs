namespace CuteDl.Core.Data

open System
open System.Numerics

/// <summary>
/// Shifts and scales each input: (input − mean) / deviation, computed in double precision and rounded once. Fitted on a training set, it
/// gives each input there the mean 0 and the deviation 1.
/// </summary>
/// <param name="means">The mean of each input. The array is not copied, and must not change.</param>
/// <param name="deviations">The deviation of each input, above 0. The array is not copied, and must not change.</param>
/// <exception cref="T:System.ArgumentException">The lengths differ, a number is not finite, or a deviation is not above 0.</exception>
[<Sealed>]
type Standardization(means: float array, deviations: float array) =
    do
        if means.Length <> deviations.Length || means.Length = 0 then
            raise (
                ArgumentException(
                    $"There are {means.Length} means and {deviations.Length} deviations. There must be one of each for every input.",
                    nameof deviations
                )
            )

        let refuse (name: string) kind allowed (values: float array) isAllowed =
            match values |> Array.tryFindIndex (isAllowed >> not) with
            | Some index -> raise (ArgumentException($"The {kind} of input {index} is {values[index]}. It must be {allowed}.", name))
            | None -> ()

        refuse (nameof means) "mean" "a finite number" means Double.IsFinite
        refuse (nameof deviations) "deviation" "above 0 and finite" deviations (fun value -> value > 0.0 && Double.IsFinite value)

    /// <summary>The number of inputs.</summary>
    member _.Width = means.Length

    /// <summary>The mean of each input.</summary>
    member _.Means = means

    /// <summary>The deviation of each input.</summary>
    member _.Deviations = deviations

    /// <summary>Returns the standardised value of an input.</summary>
    /// <param name="input">The index of the input.</param>
    /// <param name="value">Its value.</param>
    member _.Of(input: int, value: float) : float = (value - means[input]) / deviations[input]

    /// <summary>Standardises rows of inputs in place.</summary>
    /// <param name="rows">Whole rows, one after another.</param>
    member own.Apply(rows: Span<'T>) : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        for i in 0 .. rows.Length - 1 do
            rows[i] <- 'T.CreateTruncating(own.Of(i % means.Length, Double.CreateTruncating rows[i]))

/// Sums numbers with the error of each addition in a second sum (Neumaier 1974).
[<Struct>]
type private ExactSum =
    val mutable Sum: float
    val mutable Error: float

    member own.Add(value: float) : unit =
        let sum = own.Sum + value

        own.Error <- own.Error + (if abs own.Sum >= abs value then (own.Sum - sum) + value else (value - sum) + own.Sum)

        own.Sum <- sum

    member own.Value = own.Sum + own.Error

/// <summary>Fits standardisations.</summary>
module Standardization =
    /// <summary>
    /// Returns the means and the deviations of a set's inputs. The deviation is that of the population: √(Σ (x − mean)² / n). An input that is
    /// constant has the deviation 1, and so has one whose deviation is too small for a number.
    /// </summary>
    /// <param name="training">The training set, with at least 1 example.</param>
    /// <exception cref="T:System.ArgumentException">The set is empty.</exception>
    let fit (training: DataSet) : Standardization =
        if training.Count = 0 then
            raise (ArgumentException("The training set is empty. It must have at least 1 example.", nameof training))

        let width = training.Width
        let count = float training.Count
        let features = training.Features

        /// Goes through all values with their columns.
        let scan (act: int -> float -> unit) =
            for row in 0 .. training.Count - 1 do
                for column in 0 .. width - 1 do
                    act column features[row * width + column]

        let smallest = Array.create width infinity
        let largest = Array.create width -infinity

        scan (fun column value ->
            smallest[column] <- min smallest[column] value
            largest[column] <- max largest[column] value)

        // Each column is scaled by a power of two, so that no square overflows or vanishes. This changes no digit.
        let exponents =
            Array.map2 (fun low high -> if low = high then 0 else Math.ILogB(max (abs low) (abs high)) + 1) smallest largest

        let scaled column value = Math.ScaleB(value, -exponents[column])
        let sums: ExactSum array = Array.zeroCreate width
        scan (fun column value -> sums[column].Add(scaled column value))
        let means = sums |> Array.map (fun sum -> sum.Value / count)
        let differences: ExactSum array = Array.zeroCreate width
        let squares: ExactSum array = Array.zeroCreate width

        scan (fun column value ->
            let difference = scaled column value - means[column]
            differences[column].Add difference
            squares[column].Add(difference * difference))

        let isConstant column = smallest[column] = largest[column]

        let deviation column =
            // The second term removes the effect of the rounded mean (Chan, Golub & LeVeque 1983, eq. 1.7).
            let surplus = differences[column].Value

            let variance = (squares[column].Value - surplus * surplus / count) / count

            match Math.ScaleB(sqrt variance, exponents[column]) with
            | deviation when deviation > 0.0 && not (isConstant column) -> deviation
            | _ -> 1.0

        let mean column =
            if isConstant column then smallest[column] else Math.ScaleB(means[column], exponents[column])

        Standardization(Array.init width mean, Array.init width deviation)
