namespace CuteDl.Core.Models

open System
open System.Globalization

/// <summary>The quality of a model on a data set.</summary>
type Evaluation =
    {
        /// <summary>The number of examples.</summary>
        Examples: int
        /// <summary>The mean of the model's loss over the examples.</summary>
        Loss: float
        /// <summary>The share of examples whose largest output is their class; NaN if the targets are numbers.</summary>
        Accuracy: float
        /// <summary>The answers by class; null if the targets are numbers.</summary>
        Confusion: ConfusionMatrix | null
        /// <summary>
        /// R²: 1 − Σ (y − ŷ)² / Σ (y − mean y)², the mean over the targets of an example. A target that is constant is left out. NaN if all
        /// are, or if the targets are classes.
        /// </summary>
        RSquared: float
        /// <summary>The mean of |y − ŷ|; NaN if the targets are classes.</summary>
        MeanAbsoluteError: float
    }

    /// <summary>Returns <c>10000 examples: loss 0.0912, accuracy 0.9731</c>.</summary>
    override evaluation.ToString() =
        let text (format: string) (value: float) = value.ToString(format, CultureInfo.InvariantCulture)
        let share = text "0.0000"
        let short = text "G4"

        let quality =
            match evaluation.Confusion with
            | null -> $"R² {share evaluation.RSquared}, mean absolute error {short evaluation.MeanAbsoluteError}"
            | _ -> $"accuracy {share evaluation.Accuracy}"

        $"{evaluation.Examples} examples: loss {share evaluation.Loss}, {quality}"
