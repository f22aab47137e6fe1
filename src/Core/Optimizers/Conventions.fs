namespace CuteDl.Core.Optimizers

// The conventions in which rules of the same name differ between libraries. Pages print them as words.

/// <summary>The place of the learning rate.</summary>
[<RequireQualifiedAccess>]
type RatePlace =
    /// <summary>The rule has no learning rate.</summary>
    | None
    /// <summary>Δ is proportional to the learning rate of the step. The detail is empty if there is nothing to add.</summary>
    | Outside of detail: string
    /// <summary>A slot contains the learning rates of earlier steps.</summary>
    | Inside of slot: string

    override place.ToString() =
        match place with
        | None -> "none"
        | Outside "" -> "outside the slots"
        | Outside detail -> $"outside the slots, {detail}"
        | Inside slot -> $"inside {slot}"

/// <summary>The place of ε.</summary>
[<RequireQualifiedAccess>]
type EpsilonPlace =
    /// <summary>The rule has no argument ε. The detail is empty if there is nothing to add.</summary>
    | None of detail: string
    /// <summary>√s + ε.</summary>
    | Outside of root: string
    /// <summary>√(s + ε).</summary>
    | Inside of root: string
    /// <summary>A place that is no root.</summary>
    | Elsewhere of place: string

    override place.ToString() =
        match place with
        | None "" -> "none"
        | None detail -> $"none; {detail}"
        | Outside root -> $"outside {root}"
        | Inside root -> $"inside {root}"
        | Elsewhere place -> place

/// <summary>The value of a slot or number before the first step. A new state holds zeros; the first step sets other initial values.</summary>
[<RequireQualifiedAccess>]
type InitialValue =
    | Zero
    | Number of value: float
    /// <summary>The value of an argument.</summary>
    | Argument of name: string
    /// <summary>The parameters before the first step.</summary>
    | Parameters
    /// <summary>The first gradient.</summary>
    | FirstGradient
    /// <summary>The squared norm of the first gradient.</summary>
    | FirstSquaredNorm
    /// <summary>Another expression of arguments and first parameters w₀.</summary>
    | Formula of formula: string

    override value.ToString() =
        match value with
        | Zero -> "0"
        | Number value -> NumberText.ofFloat value
        | Argument name -> name
        | Parameters -> "the parameters"
        | FirstGradient -> "the first gradient"
        | FirstSquaredNorm -> "the first squared norm"
        | Formula formula -> formula

/// <summary>The decaying means that are divided by 1 − βᵗ, the sum of their weights.</summary>
[<RequireQualifiedAccess>]
type BiasCorrection =
    /// <summary>No mean is corrected. The reason is empty if there is nothing to add.</summary>
    | None of reason: string
    /// <summary>These means are corrected.</summary>
    | Corrects of means: string

    override correction.ToString() =
        match correction with
        | None "" -> "none"
        | None reason -> $"none; {reason}"
        | Corrects means -> means

/// <summary>The form of the weight decay by the rule's own argument λ.</summary>
[<RequireQualifiedAccess>]
type DecayForm =
    | None
    /// <summary>λ w does not enter the means of gradients.</summary>
    | Decoupled of factor: string
    /// <summary>The step ends with a division of the parameters.</summary>
    | Proximal of formula: string
    /// <summary>λ w is added to the gradient.</summary>
    | L2 of places: string
    /// <summary>λ w is added to the velocity.</summary>
    | InVelocity of detail: string

    override form.ToString() =
        match form with
        | None -> "none"
        | Decoupled factor -> $"decoupled, {factor}"
        | Proximal formula -> $"proximal: {formula}"
        | L2 places -> $"L2: {places}"
        | InVelocity detail -> $"inside the velocity, {detail}"

/// <summary>A setting with which a rule learns MNIST: a 784-128-10 network with relu and linear logits, batches of 64 shuffled images, single
/// precision, initial weights normal(0.01), seed 0. It reaches a validation accuracy of more than 95 % within five epochs.</summary>
type LearnedSetting =
    {
        /// <summary>The optimizer as a text form.</summary>
        Optimizer: string
        /// <summary>The validation accuracy after five epochs, in [0, 1].</summary>
        Accuracy: float
        /// <summary>What the rule needs besides its learning rate; empty if nothing.</summary>
        Note: string
    }

/// <summary>What tells a rule from rules of the same name elsewhere.</summary>
type RuleFacts =
    {
        /// <summary>The framework settings with the same results, and the differences.</summary>
        Reproduces: string
        /// <summary>The place of the learning rate.</summary>
        Rate: RatePlace
        /// <summary>The place of ε.</summary>
        Epsilon: EpsilonPlace
        /// <summary>The values of slots and numbers before the first step, by their names in a state.</summary>
        InitialState: (string * InitialValue) list
        /// <summary>The corrected means.</summary>
        BiasCorrection: BiasCorrection
        /// <summary>The form of weight decay.</summary>
        WeightDecay: DecayForm
        /// <summary>A setting that learns MNIST.</summary>
        Learns: LearnedSetting
    }
