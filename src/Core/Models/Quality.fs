namespace CuteDl.Core.Models

open System
open System.Globalization
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Networks

/// <summary>The metrics of a model on a set of examples. A metric that does not apply is NaN.</summary>
[<Struct; CustomEquality; NoComparison>]
type Quality =
    {
        /// <summary>The mean of the model's loss.</summary>
        Loss: float
        /// <summary>
        /// The share of examples whose largest output is their class. Of equal outputs, the first counts. NaN if the targets are numbers.
        /// </summary>
        Accuracy: float
        /// <summary>
        /// R²: 1 − Σ (y − ŷ)² / Σ (y − mean y)², the mean over the targets of an example. A target that is constant is left out. NaN if all
        /// are, or if the targets are classes.
        /// </summary>
        RSquared: float
        /// <summary>The mean of |y − ŷ|; NaN if the targets are classes.</summary>
        MeanAbsoluteError: float
    }

    /// <summary>The quality on examples that were not scored: each metric is NaN.</summary>
    static member Unknown = { Loss = nan; Accuracy = nan; RSquared = nan; MeanAbsoluteError = nan }

    /// <summary>Returns a quality without R² and mean absolute error.</summary>
    /// <remarks>Takes the loss, and the accuracy, which is NaN without classes.</remarks>
    static member Of(struct (loss: float, accuracy: float)) : Quality = { Quality.Unknown with Loss = loss; Accuracy = accuracy }

    // Compiler-generated equality treats NaN as unequal, and some metric is always NaN.
    override quality.Equals(other: obj | null) =
        match other with
        | :? Quality as other ->
            quality.Loss.Equals other.Loss
            && quality.Accuracy.Equals other.Accuracy
            && quality.RSquared.Equals other.RSquared
            && quality.MeanAbsoluteError.Equals other.MeanAbsoluteError
        | _ -> false

    override quality.GetHashCode() =
        HashCode.Combine(quality.Loss, quality.Accuracy, quality.RSquared, quality.MeanAbsoluteError)

    /// <summary>Returns <c>loss 0.0912, accuracy 0.9731</c>. Metrics that do not apply are left out.</summary>
    override quality.ToString() =
        let part (name: string) (format: string) (value: float) =
            if Double.IsNaN value then
                ""
            else
                $", {name} {value.ToString(format, CultureInfo.InvariantCulture)}"

        let share = "0.0000"

        $"loss {quality.Loss.ToString(share, CultureInfo.InvariantCulture)}"
        + part "accuracy" share quality.Accuracy
        + part "R²" share quality.RSquared
        + part "mean absolute error" "G4" quality.MeanAbsoluteError

/// The sums behind the quality of a model on a set of examples. Every example is added once. Not thread-safe.
[<Sealed>]
type internal QualitySums(model: Model, set: DataSet) =
    let outputs = model.Outputs
    let ofNumbers: int = if set.Targets.HasClasses then 0 else outputs
    let predictions: float array = Array.zeroCreate ofNumbers

    // For each target that is a number: the mean of its values, and sums of squares.
    let means: float array = Array.zeroCreate ofNumbers
    let squares: float array = Array.zeroCreate ofNumbers
    let errors: float array = Array.zeroCreate ofNumbers
    let mutable absolute = 0.0
    let mutable right = 0

    do
        match set.Targets with
        | Targets.Labels _ -> ()
        | Targets.Values(width, values) ->
            for i in 0 .. values.Length - 1 do
                means[i % width] <- means[i % width] + values[i] / float set.Count

    /// Starts again without examples.
    member _.Clear() : unit =
        Array.Clear squares
        Array.Clear errors
        absolute <- 0.0
        right <- 0

    /// Adds an example with its outputs. Returns the class that the model answers; −1 if the targets are numbers.
    member _.Add(example: int, row: ReadOnlySpan<'T>) : int when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        match set.Targets with
        | Targets.Labels(labels, _) ->
            let answer = Answer.ofOutputs row

            if answer = labels[example] then
                right <- right + 1

            answer
        | Targets.Values(width, values) ->
            for j in 0 .. outputs - 1 do
                predictions[j] <- Double.CreateTruncating row[j]

            Loss.predict model.Loss (Span predictions) outputs

            for j in 0 .. width - 1 do
                let value = values[example * width + j]
                let error = value - predictions[j]
                let distance = value - means[j]
                errors[j] <- errors[j] + error * error
                squares[j] <- squares[j] + distance * distance
                absolute <- absolute + abs error

            -1

    /// Returns the quality, after all examples of the set were added.
    member _.Quality(loss: float) : Quality =
        match set.Targets with
        | Targets.Labels _ -> Quality.Of(struct (loss, float right / float set.Count))
        | Targets.Values(width, _) ->
            let determinations =
                [ for j in 0 .. width - 1 do
                      if squares[j] > 0.0 then
                          1.0 - errors[j] / squares[j] ]

            { Loss = loss
              Accuracy = nan
              RSquared = if determinations.IsEmpty then nan else List.average determinations
              MeanAbsoluteError = absolute / (float set.Count * float width) }
