namespace CuteDl.Core.Optimizers

open System

/// <summary>The form of an argument's value in the text form.</summary>
[<RequireQualifiedAccess>]
type ValueForm =
    /// <summary>A number or a schedule.</summary>
    | Number
    /// <summary>A whole number.</summary>
    | Whole
    /// <summary><c>true</c> or <c>false</c>.</summary>
    | Flag

/// <summary>
/// Describes a hyper-parameter: a property of the record that is a rule. The text form, checks, lists and pages are read from it.
/// </summary>
/// <remarks>
/// A bound that is not given does not exist. Without <c>Above</c> and <c>AtLeast</c>, a whole number must be at least 1. Whole numbers are at
/// most 2⁵³, where doubles are exact.
/// </remarks>
/// <param name="name">The name in the text form: small letters, digits and underscores.</param>
/// <param name="form">The form of the value.</param>
/// <param name="defaultValue">The default; NaN if <c>Follows</c> names the argument that determines it.</param>
/// <param name="summary">A short description.</param>
[<AbstractClass; AttributeUsage(AttributeTargets.Property, AllowMultiple = false)>]
type HyperParameterAttribute internal (name: string, form: ValueForm, defaultValue: float, summary: string) =
    inherit Attribute()

    /// <summary>The name in the text form.</summary>
    member _.Name = name
    /// <summary>The default.</summary>
    member _.Default = defaultValue
    /// <summary>A short description.</summary>
    member val Summary = summary with get, set
    /// <summary>The lower bound, not allowed itself.</summary>
    member val Above = nan with get, set
    /// <summary>The smallest allowed value.</summary>
    member val AtLeast = nan with get, set
    /// <summary>The upper bound, not allowed itself.</summary>
    member val Below = nan with get, set
    /// <summary>The largest allowed value.</summary>
    member val AtMost = nan with get, set
    /// <summary>True if the text form omits the argument at its default, as for ε.</summary>
    member val Technical = (form = ValueForm.Flag) with get, set
    /// <summary>True if the argument is a factor of weight decay: at 0, the part does not pull the parameters towards 0.</summary>
    member val DecaysWeights = false with get, set
    /// <summary>
    /// True if the argument means the same in all kinds that have it, as a learning rate does. Then one call can set it in all of them.
    /// </summary>
    member val Shared = false with get, set
    /// <summary>The power of the gradient's unit that the argument has: 1 for a limit of gradients, 2 for a sum of their squares.</summary>
    member val GradientPower = 0.0 with get, set
    /// <summary>The name of the argument whose value is the default; empty if the default is a number.</summary>
    member val Follows = "" with get, set

    member internal _.Form = form

    member internal attribute.Range: ArgumentRange =
        let isGiven (bound: float) = not (Double.IsNaN bound)

        let lower, lowerIncluded =
            if isGiven attribute.AtLeast then
                attribute.AtLeast, true
            elif isGiven attribute.Above then
                attribute.Above, false
            else
                match form with
                | ValueForm.Number -> Double.NegativeInfinity, false
                | ValueForm.Whole -> ArgumentRange.counts.Lower, true
                | ValueForm.Flag -> 0.0, true

        let upper, upperIncluded =
            if isGiven attribute.AtMost then
                attribute.AtMost, true
            elif isGiven attribute.Below then
                attribute.Below, false
            else
                match form with
                | ValueForm.Number -> Double.PositiveInfinity, false
                | ValueForm.Whole -> ArgumentRange.counts.Upper, true
                | ValueForm.Flag -> 1.0, true

        { Lower = lower; LowerIncluded = lowerIncluded; Upper = upper; UpperIncluded = upperIncluded }

/// <summary>A hyper-parameter that is a number and can follow a schedule. The property has the type <c>float</c>.</summary>
/// <param name="name">The name in the text form.</param>
/// <param name="value">The default.</param>
/// <param name="summary">A short description.</param>
type NumberAttribute(name: string, value: float, summary: string) =
    inherit HyperParameterAttribute(name, ValueForm.Number, value, summary)

/// <summary>A hyper-parameter that is a whole number. The property has the type <c>int64</c>.</summary>
/// <param name="name">The name in the text form.</param>
/// <param name="value">The default.</param>
/// <param name="summary">A short description.</param>
type WholeAttribute(name: string, value: int64, summary: string) =
    inherit HyperParameterAttribute(name, ValueForm.Whole, float value, summary)

/// <summary>A hyper-parameter that is true or false. The property has the type <c>bool</c>.</summary>
/// <param name="name">The name in the text form.</param>
/// <param name="value">The default.</param>
/// <param name="summary">A short description.</param>
type FlagAttribute(name: string, value: bool, summary: string) =
    inherit HyperParameterAttribute(name, ValueForm.Flag, (if value then 1.0 else 0.0), summary)

/// <summary>The learning rate α: <c>lr</c>, at least 0.</summary>
/// <param name="value">The default.</param>
type RateAttribute(value: float) =
    inherit NumberAttribute("lr", value, "learning rate α", AtLeast = 0.0, Shared = true)

/// <summary>A decay in [0, 1): the share of the past in a decaying mean or a velocity.</summary>
/// <param name="name">The name in the text form.</param>
/// <param name="value">The default.</param>
/// <param name="summary">A short description.</param>
type DecayAttribute(name: string, value: float, summary: string) =
    inherit NumberAttribute(name, value, summary, AtLeast = 0.0, Below = 1.0)

/// <summary>β₁ in [0, 1), the decay of the mean of gradients: <c>beta1</c>.</summary>
/// <param name="value">The default.</param>
type Beta1Attribute(value: float) =
    inherit DecayAttribute("beta1", value, "β₁, the decay of the mean of gradients", Shared = true)

/// <summary>β₂ in [0, 1), the decay of the mean of squared gradients: <c>beta2</c>.</summary>
/// <param name="value">The default.</param>
type Beta2Attribute(value: float) =
    inherit DecayAttribute("beta2", value, "β₂, the decay of the mean of squared gradients", Shared = true)

/// <summary>ε, at least 0, added to a root of squared gradients: <c>eps</c>.</summary>
/// <param name="value">The default.</param>
type EpsilonAttribute(value: float) =
    inherit NumberAttribute("eps", value, "ε, added to the root", AtLeast = 0.0, Technical = true, GradientPower = 1.0, Shared = true)

/// <summary>The factor λ of a rule's own weight decay, at least 0: <c>weight_decay</c>.</summary>
/// <param name="value">The default.</param>
/// <param name="summary">A short description.</param>
type WeightDecayAttribute(value: float, summary: string) =
    inherit NumberAttribute("weight_decay", value, summary, AtLeast = 0.0, Technical = true, DecaysWeights = true, Shared = true)
