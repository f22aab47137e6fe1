namespace CuteDl.Core.Models

/// <summary>The quality of a model on a data set, with the answers by class.</summary>
type Evaluation =
    {
        /// <summary>The number of examples.</summary>
        Examples: int
        /// <summary>The metrics. The loss is the mean over the examples.</summary>
        Quality: Quality
        /// <summary>The answers by class; null if the targets are numbers.</summary>
        Confusion: ConfusionMatrix | null
    }

    /// <summary>Returns <c>10000 examples: loss 0.0912, accuracy 0.9731</c>.</summary>
    override evaluation.ToString() = $"{evaluation.Examples} examples: {evaluation.Quality}"
