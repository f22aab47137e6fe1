namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers

/// <summary>What an argument's value is written as.</summary>
[<RequireQualifiedAccess>]
type ValueForm =
    /// <summary>A number, or a schedule.</summary>
    | Number
    /// <summary>A whole number.</summary>
    | Whole
    /// <summary><c>true</c> or <c>false</c>.</summary>
    | Flag

/// <summary>A hyper-parameter of a kind of rule.</summary>
[<Sealed>]
type Argument
    internal
    (
        name: string,
        summary: string,
        form: ValueForm,
        range: ArgumentRange,
        defaultValue: float,
        isTechnical: bool,
        get: IPart -> float,
        set: IPart -> float -> IPart
    ) =
    /// <summary>Its name in the text form.</summary>
    member _.Name = name
    /// <summary>What it is, in a few words.</summary>
    member _.Summary = summary
    /// <summary>What its value is written as.</summary>
    member _.Form = form
    /// <summary>The values allowed.</summary>
    member _.Range = range
    /// <summary>Its value where none is given; NaN where that depends on another argument, as the summary says.</summary>
    member _.Default = defaultValue
    /// <summary>Left out of the text form where it has its default: ε, flags and their like.</summary>
    member _.IsTechnical = isTechnical

    /// <summary>Whether it may have a value.</summary>
    member _.Allows(value: float) =
        match form with
        | ValueForm.Number -> range.Contains value || Double.IsNaN value && Double.IsNaN defaultValue
        | ValueForm.Whole -> range.Contains value && Math.Floor value = value
        | ValueForm.Flag -> value = 0.0 || value = 1.0

    /// <summary>The values allowed, in words: an interval, whole numbers of one, or true and false.</summary>
    member _.Allowed =
        match form with
        | ValueForm.Flag -> "true or false"
        | ValueForm.Whole when range.Upper = ArgumentRange.counts.Upper -> $"a whole number of at least {NumberText.ofFloat range.Lower}"
        | ValueForm.Whole -> $"a whole number in {range}"
        | ValueForm.Number -> $"{range}"

    /// <summary>A value as the text form writes it.</summary>
    member _.Write(value: float) =
        match form with
        | ValueForm.Flag -> if value <> 0.0 then "true" else "false"
        | _ -> NumberText.ofFloat value

    /// What must be true of a value: the end of "but lr must ...".
    member internal argument.Must =
        match form with
        | ValueForm.Number -> $"lie in {range}"
        | _ -> $"be {argument.Allowed}"

    member internal argument.OutOfRange(ofKind: string, value: float) =
        ArgumentOutOfRangeException(name, value, $"{name} ({summary}) of {ofKind} must {argument.Must}.")

    member internal _.Get part = get part
    member internal _.Set(part, value) = set part value

/// <summary>What a kind of rule is for.</summary>
[<RequireQualifiedAccess>]
type Role =
    /// <summary>From gradients to steps.</summary>
    | Rule
    /// <summary>A change of gradients or of steps, for use in a chain.</summary>
    | Transformation

/// <summary>
/// What rules of the same name do differently from library to library. Every rule says all of it, "none" where there is no such thing.
/// </summary>
type Conventions =
    {
        /// <summary>
        /// Where the learning rate stands. <c>outside</c>: Δ is in proportion to the rate of the step. <c>inside</c> something: that is
        /// remembered with the rates of all steps so far.
        /// </summary>
        Rate: string
        /// <summary>Where ε stands: <c>outside the root</c>, √s + ε, or <c>inside the root</c>, √(s + ε), or elsewhere.</summary>
        Epsilon: string
        /// <summary>
        /// What slots and numbers are before the first step, by their names in a state: a number, an argument's name, or in words. A new
        /// state holds zeros; what is to begin otherwise is set as the first step is taken.
        /// </summary>
        InitialState: (string * string) list
        /// <summary>Which decaying means are divided by 1 − βᵗ, the weight that they have given out so far.</summary>
        BiasCorrection: string
        /// <summary>
        /// How its own argument λ pulls the parameters towards 0. <c>decoupled</c>: beside all means, <c>L2</c>: through the gradient.
        /// </summary>
        WeightDecay: string
    }

/// <summary>What is said of a kind of rule, for people.</summary>
type Page =
    {
        /// <summary>One line: what it does.</summary>
        Summary: string
        /// <summary>The equations in the order of their evaluation.</summary>
        Formula: string
        /// <summary>The paper that it comes from.</summary>
        Source: string
        /// <summary>Which settings of which frameworks it reproduces, and where it differs.</summary>
        Reproduces: string
        /// <summary>Where its numbers stand; for rules, not for transformations.</summary>
        Conventions: Conventions option
        /// <summary>Laws that it does not obey, each with the reason: <c>"P22", "the bias corrections depend on the number of steps"</c>.</summary>
        Exempt: (string * string) list
    }

/// <summary>A kind of rule: name, page, arguments and defaults. What all of the text form, the lists and the checks come from.</summary>
[<Sealed>]
type RuleKind internal (name: string, role: Role, page: Page, defaults: IPart, arguments: Argument list) =
    /// <summary>The name in the text form: <c>adam</c>. It is read in any case and printed as it is here.</summary>
    member _.Name = name
    /// True if a text form means this kind.
    member internal _.IsNamed(given: string) = String.Equals(name, given, StringComparison.OrdinalIgnoreCase)
    /// <summary>What it is for.</summary>
    member _.Role = role
    /// <summary>What is said of it.</summary>
    member _.Page = page
    /// <summary>One line: what the rule does.</summary>
    member _.Summary = page.Summary
    /// <summary>The paper that the rule comes from.</summary>
    member _.Source = page.Source
    /// <summary>The arguments in the order of the text form.</summary>
    member _.Arguments = arguments
    member internal _.Defaults = defaults

/// <summary>A kind of rule whose hyper-parameters are a record of type <c>'H</c>.</summary>
[<Sealed>]
type RuleKind<'H when 'H :> IPart> internal (kind: RuleKind, defaults: 'H) =
    /// <summary>The hyper-parameters' defaults.</summary>
    member _.Defaults = defaults
    /// <summary>The same kind, its record's type forgotten.</summary>
    member _.Kind = kind

module internal RuleKind =
    /// One argument, as the record's getter and its "with".
    let argument<'H when 'H :> IPart> name summary form range isTechnical (get: 'H -> float) (set: float -> 'H -> 'H) =
        fun (defaults: 'H) ->
            let ofPart (part: IPart) = unbox<'H>(box part)

            Argument(
                name,
                summary,
                form,
                range,
                get defaults,
                isTechnical,
                ofPart >> get,
                (fun part value -> set value (ofPart part) :> IPart)
            )

    let number name summary range get set = argument name summary ValueForm.Number range false get set

    /// A number that texts leave out where it has its default.
    let detail name summary range get set = argument name summary ValueForm.Number range true get set

    let rate get set = number "lr" "learning rate α" ArgumentRange.nonNegative get set

    let decay name summary get set = number name summary ArgumentRange.belowOne get set

    let epsilon get set = detail "eps" "ε, added to the root" ArgumentRange.nonNegative get set

    let flag name summary (get: 'H -> bool) (set: bool -> 'H -> 'H) =
        argument name summary ValueForm.Flag ArgumentRange.fromZeroToOne true (fun h -> if get h then 1.0 else 0.0) (fun value h ->
            set (value <> 0.0) h)

    let whole name summary range isTechnical (get: 'H -> int64) (set: int64 -> 'H -> 'H) =
        argument name summary ValueForm.Whole range isTechnical (fun h -> float (get h)) (fun value h -> set (int64 value) h)

    let page summary formula source reproduces conventions exempt =
        { Summary = summary
          Formula = formula
          Source = source
          Reproduces = reproduces
          Conventions = Some conventions
          Exempt = exempt }

    /// For what is no rule with a law of the table.
    let pageWithout summary formula source exempt =
        { Summary = summary
          Formula = formula
          Source = source
          Reproduces = ""
          Conventions = None
          Exempt = exempt }

    let define role name (page: Page) (defaults: 'H :> IPart) (arguments: ('H -> Argument) list) =
        RuleKind<'H>(RuleKind(name, role, page, defaults, [ for argument in arguments -> argument defaults ]), defaults)

    let transformation name summary formula source exempt defaults arguments =
        define Role.Transformation name (pageWithout summary formula source exempt) defaults arguments
