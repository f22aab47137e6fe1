namespace CuteDl.Studies

open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// <summary>An optimizer that takes part in a study.</summary>
type Contender =
    {
        /// <summary>The name in results; unique in a study.</summary>
        Name: string
        /// <summary>The name that readers see: any text. Usually the same as the name.</summary>
        Label: string
        /// <summary>The optimizer with its default settings.</summary>
        Optimizer: Optimizer
        /// <summary>The search space, by names of hyper-parameters as <c>Optimizer.set</c> takes them.</summary>
        Space: (string * Space) list
    }

    /// <summary>Returns a contender whose label is its name.</summary>
    static member Of(name: string, optimizer: Optimizer, space: (string * Space) list) : Contender =
        { Name = name; Label = name; Optimizer = optimizer; Space = space }

/// <summary>Ends unpromising trials early. A decision compares a trial only with earlier trials in the fixed order, and never depends on time.</summary>
type Pruning =
    /// <summary>Every trial uses its whole budget.</summary>
    | NoPruning
    /// <summary>
    /// The median rule (Golovin et al. 2017, §3.2.2). At each tenth of the budget, a trial ends if it is worse than the median of the
    /// earlier trials at the same step. The first <c>warmUp</c> trials always continue.
    /// </summary>
    | Median of warmUp: int
    /// <summary>
    /// Successive halving (Li et al. 2020). After budget/η, budget/η², ... steps, a trial continues if it is in the best 1/η of itself and the
    /// earlier trials.
    /// </summary>
    | SuccessiveHalving of eta: int
    /// <summary>A rule of one's own.</summary>
    | PruningRule of IPruningRule

/// <summary>The objective of tuning.</summary>
type Objective =
    /// <summary>The setting with fewer steps to the target wins. If neither reaches it, the one with the better best validation wins.</summary>
    | TimeToTarget
    /// <summary>The setting with the better last validation wins.</summary>
    | FinalScore

/// <summary>The tuning of settings, with the same budget for every contender.</summary>
type Tuning =
    {
        /// <summary>The search method.</summary>
        Search: Search
        /// <summary>The number of settings for each contender, at least 1.</summary>
        Trials: int
        /// <summary>The seeds of each setting. A setting is judged by the median over them.</summary>
        Seeds: int list
        /// <summary>The objective.</summary>
        Objective: Objective
        /// <summary>The pruning rule.</summary>
        Pruning: Pruning
        /// <summary>The most extensions of a search space whose best setting is at its edge, at least 0.</summary>
        Extensions: int
        /// <summary>
        /// True if the tuning is repeated for each confirmation seed, with other tuning seeds and another scrambling of the search. The trials
        /// of a confirmation seed use the settings that its tuning selected. Error rates and intervals then include the luck of tuning.
        /// </summary>
        Nested: bool
    }

/// <summary>Interim looks, declared in advance, at which seeds are added until the comparisons are decided.</summary>
type InterimLooks =
    {
        /// <summary>The number of seeds at each interim look, ascending. The last is the maximum.</summary>
        Seeds: int list
    }

/// <summary>The comparison of the selected settings.</summary>
type Confirmation =
    {
        /// <summary>Fresh seeds. Every contender is trained with each of them.</summary>
        Seeds: int list
        /// <summary>The family-wise error rate over all looks and pairs, per task and metric; in (0, 1).</summary>
        Alpha: float
        /// <summary>The equivalence margin, above 1. Ratios of steps from 1/margin to margin count as equal.</summary>
        EqualWithin: float
        /// <summary>The interim looks; None for one look with all seeds.</summary>
        InterimLooks: InterimLooks option
        /// <summary>True if default settings are trained too.</summary>
        Defaults: bool
    }

/// <summary>Trains every contender at a list of learning rates, to find the smallest that reach the target.</summary>
type Frontier =
    {
        /// <summary>The learning rates, ascending.</summary>
        Rates: float list
        /// <summary>The seeds of each rate.</summary>
        Seeds: int list
    }

/// <summary>A key of a study file that sets a part of its protocol.</summary>
[<RequireQualifiedAccess>]
type ProtocolKey =
    /// <summary><c>tuning</c>.</summary>
    | Tuning
    /// <summary><c>confirmation</c>: the seeds, the error rate, the margin of equality and the interim looks.</summary>
    | Confirmation
    /// <summary><c>frontier</c>.</summary>
    | Frontier
    /// <summary><c>seeds</c>: only the seeds of the compared trials. Not together with <c>confirmation</c>.</summary>
    | Seeds
    /// <summary><c>stop_rules</c>.</summary>
    | StopRules

/// <summary>
/// A kind of protocol: its parts by default, the parts that a study can set, and the limits of its verdict. Immutable. Two kinds are equal
/// only if they are the same object.
/// </summary>
[<ReferenceEquality>]
type ProtocolKind =
    {
        /// <summary>The name in study files: small letters, digits and underscores.</summary>
        Name: string
        /// <summary>The meaning for readers of the schema: a clause.</summary>
        Meaning: string
        /// <summary>The name in reports, such as <c>the fair protocol</c>.</summary>
        Title: string
        /// <summary>
        /// The phase of the compared trials: <c>Confirmation</c>, <c>Document</c> or <c>Run</c>. Only the trials of a confirmation are scored on
        /// the test set.
        /// </summary>
        Phase: Phase
        /// <summary>True if contenders are compared in pairs, with a verdict. False if the report shows the runs only.</summary>
        ComparesPairs: bool
        /// <summary>True if the trained models are kept. A study with another protocol can ask for them.</summary>
        KeepsModels: bool
        /// <summary>The parts that a study can set, each once. The other parts have their default values in every study.</summary>
        Keys: ProtocolKey list
        /// <summary>The tuning by default; None if contenders run as they are given.</summary>
        Tuning: Tuning option
        /// <summary>The comparison by default. Its seeds are those of the compared trials.</summary>
        Confirmation: Confirmation
        /// <summary>The frontier by default.</summary>
        Frontier: Frontier option
        /// <summary>The stop rules by default.</summary>
        StopRules: StopRule list
        /// <summary>Returns the limits of the verdict, in sentences. A report shows them if a pair is ranked.</summary>
        Limits: Protocol -> string list
        /// <summary>
        /// Returns the findings about a study with this protocol, in addition to those of every study. A study with an error cannot run.
        /// </summary>
        Check: StudyDesign -> Finding list
    }

    /// <summary>The protocol with all parts by default.</summary>
    member kind.Protocol: Protocol =
        { Kind = kind
          Tuning = kind.Tuning
          Confirmation = kind.Confirmation
          Frontier = kind.Frontier
          StopRules = kind.StopRules }

    /// <summary>True if a study can set a part of this protocol.</summary>
    member kind.Has(key: ProtocolKey) : bool = List.contains key kind.Keys

    /// <summary>Returns the name in study files.</summary>
    override kind.ToString() = kind.Name

/// <summary>The protocol of a study.</summary>
and Protocol =
    {
        Kind: ProtocolKind
        /// <summary>The tuning; None if contenders run as they are given.</summary>
        Tuning: Tuning option
        /// <summary>The comparison of the contenders. Its seeds are those of the compared trials.</summary>
        Confirmation: Confirmation
        Frontier: Frontier option
        /// <summary>The rules that end a run before its budget of steps is used up, evaluated in this order after each validation.</summary>
        StopRules: StopRule list
    }

    /// <summary>
    /// True if the protocol has stop rules, or another study of this kind could have some. Reports then show the accuracy at the stop.
    /// </summary>
    member protocol.CanStop = not protocol.StopRules.IsEmpty || protocol.Kind.Has ProtocolKey.StopRules

/// <summary>A study: tasks, contenders and a protocol. All results follow from this value.</summary>
and StudyDesign =
    {
        /// <summary>The name.</summary>
        Name: string
        /// <summary>The tasks: at least one, with different names.</summary>
        Tasks: StudyTask list
        /// <summary>The contenders: at least one, with different names.</summary>
        Contenders: Contender list
        Protocol: Protocol
        /// <summary>The metrics: at least one, with different names. Their order is that of tables and verdicts.</summary>
        Metrics: IMetric list
    }

/// <summary>Properties of studies.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module StudyDesign =
    /// Returns the contenders' schedules of one's own, each once.
    /// Throws an ArgumentException if two of one name have different functions.
    let internal ownSchedules (study: StudyDesign) : OwnSchedule list =
        study.Contenders |> List.collect _.Optimizer.OwnSchedules |> OwnSchedules.distinct

    /// Returns the names of the contenders with rules of one's own, each with what tells these rules apart from others of their names.
    let internal ownRules (study: StudyDesign) : struct (string * string) array =
        [| for contender in study.Contenders do
               match contender.Optimizer.OwnRules with
               | [] -> ()
               | rules ->
                   struct (contender.Name, System.String.Join(", ", rules |> List.map (fun (name, identity) -> $"{name}: {identity}"))) |]

    /// <summary>Returns the study without its interim looks, unless seeds are added at them.</summary>
    /// <param name="untilDecided">True if seeds are added at the interim looks.</param>
    /// <param name="study">The study.</param>
    let carriedOut (untilDecided: bool) (study: StudyDesign) : StudyDesign =
        if untilDecided then
            study
        else
            let confirmation = { study.Protocol.Confirmation with InterimLooks = None }
            { study with Protocol = { study.Protocol with Confirmation = confirmation } }

    /// <summary>Returns the seeds up to the last interim look: the given ones, then consecutive numbers after the greatest of them.</summary>
    let seedsToLook (confirmation: Confirmation) (looks: InterimLooks) : int list =
        let missing = List.last looks.Seeds - confirmation.Seeds.Length
        let greatest = List.max confirmation.Seeds
        confirmation.Seeds @ [ for i in 1..missing -> greatest + i ]

    /// Returns all seeds that a comparison can use.
    let internal seedsAtMost (confirmation: Confirmation) : int list =
        match confirmation.InterimLooks with
        | Some looks -> seedsToLook confirmation looks
        | None -> confirmation.Seeds
