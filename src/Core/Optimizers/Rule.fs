namespace CuteDl.Core.Optimizers

open CuteDl.Core.Numerics

/// <summary>
/// A rule: a law's hyper-parameters, and how the law follows from them at a step. Implemented by an immutable record.
/// </summary>
type IRule =
    /// <summary>The names of the state's slots, in the order in which the law numbers them.</summary>
    abstract Slots: string list

    /// <summary>Runs the law of one step over all elements: <c>pass.Run { ... }</c>.</summary>
    /// <param name="step">t = 1, 2, ...: the step that is being taken.</param>
    /// <param name="pass">The walk. What is constant within the step is computed here, in double, and then lifted.</param>
    abstract Sweep<'E when 'E: struct and 'E :> IElement<'E>> : step: int64 * pass: Pass<'E> -> unit

/// <summary>A hyper-parameter of a kind of rule.</summary>
[<Sealed>]
type Argument
    internal
    (name: string, summary: string, range: Range, defaultValue: float, isTechnical: bool, get: IRule -> float, set: IRule -> float -> IRule)
    =
    /// <summary>Its name in the text form.</summary>
    member _.Name = name
    /// <summary>What it is, in a few words.</summary>
    member _.Summary = summary
    /// <summary>The values allowed.</summary>
    member _.Range = range
    /// <summary>Its value where none is given.</summary>
    member _.Default = defaultValue
    /// <summary>Left out of the text form where it has its default: ε and its like.</summary>
    member _.IsTechnical = isTechnical
    member internal _.Get rule = get rule
    member internal _.Set(rule, value) = set rule value

/// <summary>A kind of rule: name, source, arguments and defaults. What all of the text form, the lists and the checks come from.</summary>
[<Sealed>]
type RuleKind internal (name: string, summary: string, source: string, defaults: IRule, arguments: Argument list) =
    /// <summary>The name in the text form: <c>adam</c>.</summary>
    member _.Name = name
    /// <summary>One line: what the rule does.</summary>
    member _.Summary = summary
    /// <summary>The paper that the rule comes from.</summary>
    member _.Source = source
    /// <summary>The arguments in the order of the text form.</summary>
    member _.Arguments = arguments
    member internal _.Defaults = defaults

/// <summary>A kind of rule whose hyper-parameters are a record of type <c>'H</c>.</summary>
[<Sealed>]
type RuleKind<'H when 'H :> IRule> internal (kind: RuleKind, defaults: 'H) =
    /// <summary>The hyper-parameters' defaults.</summary>
    member _.Defaults = defaults
    /// <summary>The same kind, its record's type forgotten.</summary>
    member _.Kind = kind

module internal RuleKind =
    /// One argument, as the record's getter and its "with".
    let private argument<'H when 'H :> IRule> name summary range isTechnical (get: 'H -> float) (set: float -> 'H -> 'H) =
        fun (defaults: 'H) ->
            let ofRule (rule: IRule) = unbox<'H>(box rule)
            Argument(name, summary, range, get defaults, isTechnical, ofRule >> get, (fun rule value -> set value (ofRule rule) :> IRule))

    let rate get set = argument "lr" "learning rate α" Range.nonNegative false get set

    let decay name summary get set = argument name summary Range.betweenZeroAndOne false get set

    let epsilon get set = argument "eps" "ε, added to the root" Range.nonNegative true get set

    let define name summary source (defaults: 'H :> IRule) (arguments: ('H -> Argument) list) =
        RuleKind<'H>(RuleKind(name, summary, source, defaults, [ for argument in arguments -> argument defaults ]), defaults)
