namespace CuteDl.Laws

open System
open CuteDl.Core.Optimizers

/// <summary>
/// The laws that optimizers obey, and holding an optimizer against them. Δ_t is what step t takes away: w_t = w_{t−1} − Δ_t.
/// </summary>
[<RequireQualifiedAccess>]
module Laws =

    let private number (law: Law) = int (law.Id.Substring 1)

    let private table: Law list =
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
        |> List.sortBy number

    /// <summary>Every law: its number, its name, what it says, and where it comes from.</summary>
    let known: (struct (string * string * string * string)) list =
        [ for law in table -> struct (law.Id, law.Name, law.Statement, law.Source) ]

    let private report (kind: RuleKind) (options: LawOptions) (optimizer: Optimizer) : LawReport =
        let options = options.Validated()
        let subject = { Optimizer = optimizer; Kind = kind; Options = options; Seeks = false }

        // Tensors that do not fit are the caller's mistake, and no law's.
        Optimizer.initFor<float> optimizer (Layout.OfShapes(Generators.sampleShapes subject)) |> ignore

        let claim = if Subject.isClaim subject then kind.Name else ""
        LawReport(string optimizer, claim, options.Seed, [ for law in table -> Law.result law subject ])

    /// <summary>
    /// Holds an optimizer against every law that is about it: a rule with its hyper-parameters, a transformation, a chain, groups, or
    /// a rule of one's own. A rule of one's own claims nothing: see <c>checkAs</c>.
    /// </summary>
    /// <param name="options">Seed, number of cases, and what the optimizer cannot say itself.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number of cases is below 1.</exception>
    /// <exception cref="T:System.ArgumentException">The options' tensors do not fit the optimizer's groups.</exception>
    let checkWith (options: LawOptions) (optimizer: Optimizer) : LawReport = report optimizer.Kind options optimizer

    /// <summary>The same with the default options.</summary>
    let check (optimizer: Optimizer) : LawReport = checkWith LawOptions.Defaults optimizer

    /// <summary>
    /// Holds a rule of one's own against the laws of a kind that it claims to be. Its arguments are taken to be the kind's defaults,
    /// but for those that the options name.
    /// </summary>
    /// <param name="kind">What it claims to be: <c>Rules.lion.Kind</c>.</param>
    /// <param name="options">As for <c>checkWith</c>.</param>
    /// <param name="optimizer">The optimizer.</param>
    let checkAsWith (kind: RuleKind) (options: LawOptions) (optimizer: Optimizer) : LawReport = report kind options optimizer

    /// <summary>The same with the default options.</summary>
    let checkAs (kind: RuleKind) (optimizer: Optimizer) : LawReport = checkAsWith kind LawOptions.Defaults optimizer
