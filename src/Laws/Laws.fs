namespace CuteDl.Laws

open System
open CuteDl.Core.Optimizers

/// <summary>
/// Checks optimizers against the laws. Δ_t is the change of step t: w_t = w_{t−1} − Δ_t.
/// </summary>
[<RequireQualifiedAccess>]
module Laws =

    let private number (law: Law) = int (law.Id.Substring 1)

    let internal table: Law list =
        ScaleLaws.all
        @ DecayLaws.all
        @ StructureLaws.all
        @ MomentumLaws.all
        @ AdamLaws.all
        @ AdamRelativesLaws.all
        @ AdagradLaws.all
        @ ClipLaws.all
        @ AverageLaws.all
        @ ScheduleLaws.all
        @ ClaimLaws.all
        |> List.sortBy number

    /// <summary>All laws: number, name, kinds to which the law applies, statement and source.</summary>
    let known: (struct (string * string * string * string * string)) list =
        [ for law in table -> struct (law.Id, law.Name, law.AppliesTo, law.Statement, law.Source) ]

    let private report (kind: RuleKind) (options: LawOptions) (optimizer: Optimizer) : LawReport =
        let options = options.Validated()
        let subject = { Optimizer = optimizer; Kind = kind; Options = options; Seeks = false }

        // Throws for tensors that do not fit; this is an error of the caller.
        Optimizer.initFor<float> optimizer (Layout.OfShapes(Generators.sampleShapes subject)) |> ignore

        let claim = if Subject.isClaim subject then kind.Name else ""
        LawReport(string optimizer, claim, options.Seed, [ for law in table -> Law.result law subject ])

    /// <summary>
    /// Checks an optimizer against every law that concerns it: a rule with its hyper-parameters, a transformation, a chain, groups, or a custom
    /// rule. Laws of a kind do not apply to a custom rule, except with <c>checkAs</c>.
    /// </summary>
    /// <param name="options">Seed, number of cases, and facts that the optimizer itself does not contain.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number of cases is below 1.</exception>
    /// <exception cref="T:System.ArgumentException">The options' tensors do not fit the optimizer's groups.</exception>
    let checkWith (options: LawOptions) (optimizer: Optimizer) : LawReport = report optimizer.Kind options optimizer

    /// <summary>Checks an optimizer with the default options; see <c>checkWith</c>.</summary>
    let check (optimizer: Optimizer) : LawReport = checkWith LawOptions.Defaults optimizer

    /// <summary>
    /// Checks a custom rule against the laws of a kind that it claims to be, and against the library's rule of that kind with the same values.
    /// A value comes from the argument of this name that the rule describes, else from the options, else from the kind's default.
    /// </summary>
    /// <param name="kind">The kind that the rule claims to be, such as <c>Rules.lion.Kind</c>.</param>
    /// <param name="options">As for <c>checkWith</c>.</param>
    /// <param name="optimizer">The optimizer.</param>
    let checkAsWith (kind: RuleKind) (options: LawOptions) (optimizer: Optimizer) : LawReport = report kind options optimizer

    /// <summary>Checks an optimizer as a kind with the default options; see <c>checkAsWith</c>.</summary>
    let checkAs (kind: RuleKind) (optimizer: Optimizer) : LawReport = checkAsWith kind LawOptions.Defaults optimizer
