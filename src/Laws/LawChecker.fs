namespace CuteDl.Laws

open System
open System.Collections.Generic
open CuteDl
open CuteDl.Core.Optimizers

/// <summary>The description of a law.</summary>
/// <param name="id">The number.</param>
/// <param name="name">The name.</param>
/// <param name="appliesTo">The kinds to which the law applies.</param>
/// <param name="statement">The statement.</param>
/// <param name="source">The source.</param>
/// <param name="allowsExemptions">True if a rule can be exempt.</param>
[<Sealed>]
type LawPage internal (id: string, name: string, appliesTo: string, statement: string, source: string, allowsExemptions: bool) =
    /// <summary>The number, such as <c>P9</c>. Parts of a law share it.</summary>
    member _.Id = id
    /// <summary>The name, in a few words.</summary>
    member _.Name = name
    /// <summary>The kinds to which the law applies, such as <c>adam, amsgrad</c>, or <c>any</c>.</summary>
    member _.AppliesTo = appliesTo
    /// <summary>The statement, in one line.</summary>
    member _.Statement = statement
    /// <summary>The source: a paper or an argument.</summary>
    member _.Source = source
    /// <summary>True if an exemption by the number concerns it. Of the laws that share a number, some allow none.</summary>
    member _.AllowsExemptions = allowsExemptions

/// <summary>
/// Checks optimizers against the laws, from C# and test frameworks: <c>LawChecker.Check(Optimizers.Adam()).ThrowIfBroken()</c>. It checks
/// optimizers of the facade and of the core, custom rules, and text forms.
/// </summary>
[<AbstractClass; Sealed>]
type LawChecker =

    /// <summary>Seed 1, 100 cases, and no other options.</summary>
    static member DefaultOptions: LawOptions = LawOptions.Defaults

    /// <summary>All laws.</summary>
    static member Laws: IReadOnlyList<LawPage> =
        Array.AsReadOnly [| for law in Laws.table -> LawPage(law.Id, law.Name, law.AppliesTo, law.Statement, law.Source, law.MayBeExempt) |]

    /// <summary>Checks an optimizer against every law that concerns it.</summary>
    /// <param name="optimizer">The optimizer, or a custom rule from <c>Optimizer.ofRule</c>.</param>
    static member Check(optimizer: Optimizer) : LawReport = Laws.check optimizer

    /// <summary>Checks an optimizer with options against every law that concerns it.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="options">Seed, number of cases, and facts that the optimizer itself does not contain.</param>
    static member Check(optimizer: Optimizer, options: LawOptions) : LawReport = Laws.checkWith options optimizer

    /// <summary>Parses a text form, and checks the optimizer against every law that concerns it.</summary>
    /// <param name="expression">The text form: <c>clip_norm(1) | adamw(lr=0.01)</c>.</param>
    /// <exception cref="T:System.FormatException">The text is not a valid optimizer.</exception>
    static member Check(expression: string) : LawReport = Laws.check (Expression.parse expression)

    /// <summary>Parses a text form, and checks the optimizer with options.</summary>
    /// <param name="expression">The text form.</param>
    /// <param name="options">The seed and the number of cases.</param>
    /// <exception cref="T:System.FormatException">The text is not a valid optimizer.</exception>
    static member Check(expression: string, options: LawOptions) : LawReport = Laws.checkWith options (Expression.parse expression)

    /// <summary>Checks an optimizer of the facade against every law that concerns it.</summary>
    /// <param name="optimizer">The optimizer.</param>
    static member Check(optimizer: IOptimizerSource) : LawReport = LawChecker.Check optimizer.Optimizer

    /// <summary>Checks an optimizer of the facade with options.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="options">The seed and the number of cases.</param>
    static member Check(optimizer: IOptimizerSource, options: LawOptions) : LawReport = LawChecker.Check(optimizer.Optimizer, options)

    /// <summary>Checks a custom rule against every law that concerns all optimizers. The report uses the name of its type.</summary>
    /// <param name="rule">The rule.</param>
    static member Check(rule: IPart) : LawReport = LawChecker.Check(LawOptions.OfRule rule)

    /// <summary>Checks a custom rule with options against every law that concerns all optimizers.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="options">Seed, number of cases, the values of its arguments, and how to change them.</param>
    static member Check(rule: IPart, options: LawOptions) : LawReport = LawChecker.Check(LawOptions.OfRule rule, options)

    /// <summary>
    /// Checks an optimizer of the facade, such as <c>Optimizers.Of(rule)</c>, against the laws of a kind that it claims to be. The arguments
    /// that the rule describes need no values in the options.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="kind">The name of the kind, such as <c>lion</c>.</param>
    /// <param name="options">Seed and number of cases.</param>
    /// <exception cref="T:System.ArgumentException">There is no kind of this name.</exception>
    static member CheckAs(optimizer: IOptimizerSource, kind: string, options: LawOptions) : LawReport =
        LawChecker.CheckAs(optimizer.Optimizer, kind, options)

    /// <summary>
    /// Checks a custom rule against the laws of a kind that it claims to be. Its arguments are not read, even if it describes them: use
    /// <c>Optimizers.Of(rule)</c> for that.
    /// </summary>
    /// <param name="rule">The rule.</param>
    /// <param name="kind">The name of the kind, such as <c>lion</c>.</param>
    /// <param name="options">Seed, number of cases, the values of its arguments, and how to change them.</param>
    /// <exception cref="T:System.ArgumentException">There is no kind of this name.</exception>
    static member CheckAs(rule: IPart, kind: string, options: LawOptions) : LawReport =
        LawChecker.CheckAs(LawOptions.OfRule rule, kind, options)

    /// <summary>Checks the optimizer of a custom rule against the laws of a kind that it claims to be.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="kind">The name of the kind, such as <c>lion</c>.</param>
    /// <param name="options">Seed, number of cases, the values of its arguments, and how to change them.</param>
    /// <exception cref="T:System.ArgumentException">There is no kind of this name.</exception>
    static member CheckAs(optimizer: Optimizer, kind: string, options: LawOptions) : LawReport =
        match Rules.known |> List.tryFind (fun known -> known.Name = kind) with
        | Some known -> Laws.checkAsWith known options optimizer
        | None ->
            let names = [ for known in Rules.known -> known.Name ]

            raise (ArgumentException($"No kind of rule is named {Quotation.quote kind}. {Suggestion.describe names kind}", nameof kind))
