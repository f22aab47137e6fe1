namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers

/// <summary>The form of an argument's value in the text form.</summary>
[<RequireQualifiedAccess>]
type ValueForm =
    /// <summary>A number or a schedule.</summary>
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
        isWeightDecay: bool,
        get: IPart -> float,
        set: IPart -> float -> IPart
    ) =
    /// <summary>The name in the text form.</summary>
    member _.Name = name
    /// <summary>A short description.</summary>
    member _.Summary = summary
    /// <summary>The form of the value in the text form.</summary>
    member _.Form = form
    /// <summary>The allowed range.</summary>
    member _.Range = range
    /// <summary>The default; NaN if the default is derived from another argument, as the summary says.</summary>
    member _.Default = defaultValue
    /// <summary>True if the text form omits the argument at its default, such as ε and flags.</summary>
    member _.IsTechnical = isTechnical
    /// <summary>True if the argument is a factor of weight decay: at 0, the part does not pull the parameters towards 0.</summary>
    member _.IsWeightDecay = isWeightDecay

    /// <summary>True if the value is allowed.</summary>
    member _.Allows(value: float) =
        match form with
        | ValueForm.Number -> range.Contains value || Double.IsNaN value && Double.IsNaN defaultValue
        | ValueForm.Whole -> range.Contains value && Math.Floor value = value
        | ValueForm.Flag -> value = 0.0 || value = 1.0

    /// <summary>Describes the allowed values: an interval, whole numbers in an interval, or true and false.</summary>
    member _.Allowed =
        match form with
        | ValueForm.Flag -> "true or false"
        | ValueForm.Whole when range.Upper = ArgumentRange.counts.Upper -> $"a whole number of at least {NumberText.ofFloat range.Lower}"
        | ValueForm.Whole -> $"a whole number in {range}"
        | ValueForm.Number -> $"{range}"

    /// <summary>Returns a value as the text form writes it.</summary>
    member _.Write(value: float) =
        match form with
        | ValueForm.Flag -> if value <> 0.0 then "true" else "false"
        | _ -> NumberText.ofFloat value

    /// The condition on a value, as the end of a sentence "lr must ...".
    member internal argument.Must =
        match form with
        | ValueForm.Number -> $"be in {range}"
        | _ -> $"be {argument.Allowed}"

    member internal argument.OutOfRange(ofKind: string, value: float) =
        ArgumentOutOfRangeException(name, value, $"{name} of {ofKind} ({summary}) must {argument.Must}.")

    member internal _.Get part = get part
    member internal _.Set(part, value) = set part value

/// <summary>The role of a kind of rule.</summary>
[<RequireQualifiedAccess>]
type Role =
    /// <summary>Computes steps from gradients.</summary>
    | Rule
    /// <summary>Changes gradients or steps, for use in a chain.</summary>
    | Transformation

/// <summary>
/// The conventions in which rules of the same name differ between libraries. Every rule states all of them; "none" if one does not apply.
/// </summary>
type Conventions =
    {
        /// <summary>
        /// The place of the learning rate. <c>outside the slots</c>: Δ is proportional to the rate of the step. <c>inside</c> a slot: the slot
        /// contains the rates of earlier steps.
        /// </summary>
        Rate: string
        /// <summary>The place of ε: <c>outside the root</c>, √s + ε; <c>inside the root</c>, √(s + ε); or elsewhere.</summary>
        Epsilon: string
        /// <summary>
        /// The values of slots and numbers before the first step, by their names in a state: a number, an argument's name, or words. A new
        /// state holds zeros; the first step sets other initial values.
        /// </summary>
        InitialState: (string * string) list
        /// <summary>The decaying means that are divided by 1 − βᵗ, the sum of their weights.</summary>
        BiasCorrection: string
        /// <summary>
        /// The weight decay of the rule's own argument λ. <c>decoupled</c>: it does not enter the means; <c>L2</c>: it is added to the gradient.
        /// </summary>
        WeightDecay: string
    }

/// <summary>The documentation of a kind of rule.</summary>
type RuleDocumentation =
    {
        /// <summary>A description in one line.</summary>
        Summary: string
        /// <summary>The equations, in the order of evaluation.</summary>
        Formula: string
        /// <summary>The paper that introduced it.</summary>
        Source: string
        /// <summary>The framework settings with the same results, and the differences.</summary>
        Reproduces: string
        /// <summary>Its conventions; None for transformations.</summary>
        Conventions: Conventions option
        /// <summary>
        /// The laws that it does not obey, each with the reason: <c>"P22", "the bias corrections depend on the number of steps"</c>.
        /// </summary>
        Exempt: (string * string) list
    }

/// <summary>A kind of rule: name, documentation, arguments and defaults. The text form, lists and checks are derived from it.</summary>
[<Sealed>]
type RuleKind internal (name: string, role: Role, documentation: RuleDocumentation, defaults: IPart, arguments: Argument list) =
    /// <summary>The name in the text form: <c>adam</c>. It is read in any case and printed in this one.</summary>
    member _.Name = name
    /// True if a text form names this kind.
    member internal _.IsNamed(given: string) = String.Equals(name, given, StringComparison.OrdinalIgnoreCase)
    /// <summary>Its role.</summary>
    member _.Role = role
    /// <summary>Its documentation.</summary>
    member _.Documentation = documentation
    /// <summary>A description in one line.</summary>
    member _.Summary = documentation.Summary
    /// <summary>The paper that introduced the rule.</summary>
    member _.Source = documentation.Source
    /// <summary>The arguments in the order of the text form.</summary>
    member _.Arguments = arguments
    member internal _.Defaults = defaults

/// <summary>A kind of rule whose hyper-parameters are a record of type <c>'H</c>.</summary>
[<Sealed>]
type RuleKind<'H when 'H :> IPart> internal (kind: RuleKind, defaults: 'H) =
    /// <summary>The hyper-parameters' defaults.</summary>
    member _.Defaults = defaults
    /// <summary>The kind without the type of its record.</summary>
    member _.Kind = kind

module internal RuleKind =
    let private makeArgument<'H when 'H :> IPart> name summary form range isTechnical isDecay (get: 'H -> float) (set: float -> 'H -> 'H) =
        fun (defaults: 'H) ->
            let ofPart (part: IPart) = unbox<'H>(box part)

            Argument(
                name,
                summary,
                form,
                range,
                get defaults,
                isTechnical,
                isDecay,
                ofPart >> get,
                (fun part value -> set value (ofPart part) :> IPart)
            )

    /// Makes an argument from a getter and a setter of the record.
    let argument name summary form range isTechnical get set = makeArgument name summary form range isTechnical false get set

    /// Makes an argument that is a factor of weight decay.
    let weightDecay name summary isTechnical get set =
        makeArgument name summary ValueForm.Number ArgumentRange.nonNegative isTechnical true get set

    let number name summary range get set = argument name summary ValueForm.Number range false get set

    /// A number that text forms omit at its default.
    let detail name summary range get set = argument name summary ValueForm.Number range true get set

    let rate get set = number "lr" "learning rate α" ArgumentRange.nonNegative get set

    let decay name summary get set = number name summary ArgumentRange.belowOne get set

    let epsilon get set = detail "eps" "ε, added to the root" ArgumentRange.nonNegative get set

    let flag name summary (get: 'H -> bool) (set: bool -> 'H -> 'H) =
        argument name summary ValueForm.Flag ArgumentRange.fromZeroToOne true (fun h -> if get h then 1.0 else 0.0) (fun value h ->
            set (value <> 0.0) h)

    let whole name summary range isTechnical (get: 'H -> int64) (set: int64 -> 'H -> 'H) =
        argument name summary ValueForm.Whole range isTechnical (fun h -> float (get h)) (fun value h -> set (int64 value) h)

    let documentation summary formula source reproduces conventions exempt =
        { Summary = summary
          Formula = formula
          Source = source
          Reproduces = reproduces
          Conventions = Some conventions
          Exempt = exempt }

    /// The documentation of a part that is not in the table of rules.
    let briefDocumentation summary formula source exempt =
        { Summary = summary
          Formula = formula
          Source = source
          Reproduces = ""
          Conventions = None
          Exempt = exempt }

    let define role name (documentation: RuleDocumentation) (defaults: 'H :> IPart) (arguments: ('H -> Argument) list) =
        RuleKind<'H>(RuleKind(name, role, documentation, defaults, [ for argument in arguments -> argument defaults ]), defaults)

    let transformation name summary formula source exempt defaults arguments =
        define Role.Transformation name (briefDocumentation summary formula source exempt) defaults arguments
