namespace CuteDl.Core.Networks

open System
open MathNet.Numerics.Distributions

/// <summary>The distribution of the initial weights. Initial biases are 0.</summary>
type Initialization =
    /// <summary>Normal with mean 0 and this standard deviation. The source document uses 0.01.</summary>
    | Normal of standardDeviation: float
    /// <summary>Uniform within ±√(6 / (fan-in + fan-out)) (Glorot &amp; Bengio 2010, eq. 16).</summary>
    | Glorot
    /// <summary>Normal with standard deviation √(2 / fan-in) (He et al. 2015, eq. 10).</summary>
    | He

    /// <summary>Returns <c>normal(0.01)</c>, <c>glorot</c> or <c>he</c>.</summary>
    override initialization.ToString() =
        match initialization with
        | Normal deviation -> FormattableString.Invariant $"normal({deviation})"
        | Glorot -> "glorot"
        | He -> "he"

/// <summary>The initial values of a tensor of a layer.</summary>
[<RequireQualifiedAccess>]
type InitialValues =
    /// <summary>All values are this number, as 0 for a bias.</summary>
    | Constant of value: float
    /// <summary>
    /// Drawn from the model's distribution. Each output of the layer is a sum of <c>fanIn</c> products with these weights, and each input is in
    /// <c>fanOut</c> such sums.
    /// </summary>
    | Weights of fanIn: int * fanOut: int

/// Draws initial weights.
module internal Initialization =
    /// Returns the distribution of weights with this fan-in and fan-out.
    let distribution (initialization: Initialization) (fanIn: int) (fanOut: int) (random: Random) : IContinuousDistribution =
        match initialization with
        | Normal deviation -> MathNet.Numerics.Distributions.Normal(0.0, deviation, random)
        | He -> MathNet.Numerics.Distributions.Normal(0.0, sqrt (2.0 / float fanIn), random)
        | Glorot ->
            // The sum of two large numbers of type int overflows.
            let bound = sqrt (6.0 / float (int64 fanIn + int64 fanOut))
            ContinuousUniform(-bound, bound, random)
