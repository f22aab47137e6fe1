namespace CuteDl.Laws

open System
open System.Collections.Generic
open CuteDl
open CuteDl.Core.Optimizers

/// <summary>A law, to be listed.</summary>
/// <param name="id">Its number.</param>
/// <param name="name">Its name.</param>
/// <param name="statement">What it says.</param>
/// <param name="source">Where it comes from.</param>
[<Sealed>]
type LawPage internal (id: string, name: string, statement: string, source: string) =
    /// <summary>Its number, <c>P9</c>; parts of a law share it.</summary>
    member _.Id = id
    /// <summary>Its name, a few words.</summary>
    member _.Name = name
    /// <summary>What it says, in one line.</summary>
    member _.Statement = statement
    /// <summary>Where it comes from.</summary>
    member _.Source = source

/// <summary>
/// Holding optimizers against the laws, from C# and test frameworks: <c>LawChecker.Check(Optimizers.Adam()).ThrowIfBroken()</c>. What is
/// checked is an optimizer of the facade or of the core, a rule of one's own, or a text form.
/// </summary>
[<AbstractClass; Sealed>]
type LawChecker =

    /// <summary>Seed 1, 100 cases, nothing else.</summary>
    static member DefaultOptions: LawOptions = LawOptions.Defaults

    /// <summary>Every law.</summary>
    static member Laws: IReadOnlyList<LawPage> =
        Array.AsReadOnly [| for struct (id, name, statement, source) in Laws.known -> LawPage(id, name, statement, source) |]

    /// <summary>Holds an optimizer against every law that is about it.</summary>
    /// <param name="optimizer">The optimizer; it may be a rule of one's own, of <c>Optimizer.ofRule</c>.</param>
    static member Check(optimizer: Optimizer) : LawReport = Laws.check optimizer

    /// <summary>The same with options.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="options">Seed, number of cases, and what the optimizer cannot say itself.</param>
    static member Check(optimizer: Optimizer, options: LawOptions) : LawReport = Laws.checkWith options optimizer

    /// <summary>Holds the optimizer that a text form names against every law that is about it.</summary>
    /// <param name="expression">The text form: <c>clip_norm(1) | adamw(lr=0.01)</c>.</param>
    /// <exception cref="T:System.FormatException">The text is no optimizer's.</exception>
    static member Check(expression: string) : LawReport = Laws.check (Expression.parse expression)

    /// <summary>The same with options.</summary>
    /// <param name="expression">The text form.</param>
    /// <param name="options">Seed, number of cases.</param>
    /// <exception cref="T:System.FormatException">The text is no optimizer's.</exception>
    static member Check(expression: string, options: LawOptions) : LawReport = Laws.checkWith options (Expression.parse expression)

    /// <summary>Holds an optimizer of the facade against every law that is about it.</summary>
    /// <param name="optimizer">The optimizer.</param>
    static member Check(optimizer: IOptimizerExpression) : LawReport = LawChecker.Check optimizer.Expression

    /// <summary>The same with options.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="options">Seed, number of cases.</param>
    static member Check(optimizer: IOptimizerExpression, options: LawOptions) : LawReport = LawChecker.Check(optimizer.Expression, options)

    /// <summary>Holds a rule of one's own against every law that is about all optimizers. It is called by the name of its type.</summary>
    /// <param name="rule">The rule.</param>
    static member Check(rule: IPart) : LawReport = LawChecker.Check(LawOptions.OfRule rule)

    /// <summary>The same with options.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="options">Seed, number of cases, the values of its arguments and how to change them.</param>
    static member Check(rule: IPart, options: LawOptions) : LawReport = LawChecker.Check(LawOptions.OfRule rule, options)

    /// <summary>Holds a rule of one's own against the laws of a kind that it claims to be.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="kind">The name of the kind: <c>lion</c>.</param>
    /// <param name="options">Seed, number of cases, the values of its arguments and how to change them.</param>
    /// <exception cref="T:System.ArgumentException">No kind has this name.</exception>
    static member CheckAs(rule: IPart, kind: string, options: LawOptions) : LawReport =
        LawChecker.CheckAs(LawOptions.OfRule rule, kind, options)

    /// <summary>Holds a rule of one's own against the laws of a kind that it claims to be.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="kind">The name of the kind: <c>lion</c>.</param>
    /// <param name="options">Seed, number of cases, the values of its arguments and how to change them.</param>
    /// <exception cref="T:System.ArgumentException">No kind has this name.</exception>
    static member CheckAs(optimizer: Optimizer, kind: string, options: LawOptions) : LawReport =
        match Rules.known |> List.tryFind (fun known -> known.Name = kind) with
        | Some known -> Laws.checkAsWith known options optimizer
        | None ->
            let names = Rules.known |> List.map _.Name |> String.concat ", "
            raise (ArgumentException($"no kind of rule is named '{kind}': known are {names}.", nameof kind))
