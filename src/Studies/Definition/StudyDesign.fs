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

/// <summary>Trains every contender as it is given, on every task.</summary>
type Runs =
    {
        /// <summary>The seeds of each contender.</summary>
        Seeds: int list
        /// <summary>The rules that end a run before its budget of steps is used up, evaluated in this order after each validation.</summary>
        StopRules: StopRule list
    }

/// <summary>The protocol of a study.</summary>
type Protocol =
    /// <summary>Tuning, then confirmation with fresh seeds. The test set is scored once.</summary>
    | Fair of Tuning * Confirmation * Frontier option
    /// <summary>
    /// The source document's protocol, with these seeds: contenders as given, two stop rules, and validation on the test set.
    /// </summary>
    | Document of seeds: int list
    /// <summary>Runs without tuning and without a verdict.</summary>
    | Runs of Runs

/// <summary>A study: tasks, contenders and a protocol. All results follow from this value.</summary>
type StudyDesign =
    {
        /// <summary>The name.</summary>
        Name: string
        /// <summary>The tasks: at least one, with different names.</summary>
        Tasks: StudyTask list
        /// <summary>The contenders: at least one, with different names.</summary>
        Contenders: Contender list
        Protocol: Protocol
    }

/// <summary>Properties of studies.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module StudyDesign =
    /// <summary>
    /// True if a text can be the name of a task or contender, and so of files and folders: at most 60 ASCII letters, digits, '.', '-', '_'
    /// and '+'. The first character is a letter or digit, and the last is not '.'.
    /// </summary>
    let isName (text: string) : bool =
        let isAllowed (letter: char) = System.Char.IsAsciiLetterOrDigit letter || ".-_+".Contains letter

        text.Length >= 1
        && text.Length <= 60
        && System.Char.IsAsciiLetterOrDigit text[0]
        && Seq.forall isAllowed text
        && text[text.Length - 1] <> '.'

    /// Returns the contenders' schedules of one's own, each once.
    /// Throws an ArgumentException if two of one name have different functions.
    let internal ownSchedules (study: StudyDesign) : OwnSchedule list =
        study.Contenders |> List.collect _.Optimizer.OwnSchedules |> OwnSchedules.distinct

    /// Returns a registry that also has the search method and the pruning rule of a tuning, if they are of one's own.
    let internal withTuning (tuning: Tuning) (registry: StudyRegistry) : StudyRegistry =
        let searched =
            match tuning.Search with
            | Sampler sampler -> registry.Add sampler
            | Grid
            | Sobol
            | Halton -> registry

        match tuning.Pruning with
        | PruningRule rule -> searched.Add rule
        | NoPruning
        | Median _
        | SuccessiveHalving _ -> searched

    /// Returns the registry for the study file: the standard one, and the study's kinds of one's own.
    let internal registry (study: StudyDesign) : StudyRegistry =
        let withRules =
            (Registry.Standard, study.Contenders |> List.collect _.Optimizer.Kinds)
            ||> List.fold (fun registry kind ->
                if kind.IsDescribed && registry.Kinds |> Seq.forall (fun known -> known.Name <> kind.Name) then
                    registry.Add kind
                else
                    registry)

        let rules =
            (withRules, ownSchedules study) ||> List.fold (fun registry schedule -> registry.Add schedule)

        (StudyRegistry.Of rules, study.Tasks)
        ||> List.fold (fun registry task ->
            if List.contains task.Problem.Kind registry.ProblemNames then
                registry
            else
                registry.Add task.Problem)
        |> fun registry ->
            match study.Protocol with
            | Fair(tuning, _, _) -> withTuning tuning registry
            | Document _
            | Runs _ -> registry

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
        match study.Protocol with
        | Fair(tuning, confirmation, frontier) when not untilDecided ->
            { study with Protocol = Fair(tuning, { confirmation with InterimLooks = None }, frontier) }
        | _ -> study

    /// True if the study compares its contenders in pairs. The protocol runs does not, because nothing is tuned.
    let internal comparesPairs (study: StudyDesign) : bool =
        match study.Protocol with
        | Fair _
        | Document _ -> true
        | Runs _ -> false

    /// <summary>Returns the rules that can end a trial before its budget of steps is used up.</summary>
    let stopRules (study: StudyDesign) : StopRule list =
        match study.Protocol with
        | Fair _ -> []
        | Document _ -> StopRule.document
        | Runs runs -> runs.StopRules

    /// <summary>
    /// Returns the equivalence margin for steps and error rates. For protocols without one, it is 1.1.
    /// </summary>
    let equalWithin (study: StudyDesign) : float =
        match study.Protocol with
        | Fair(_, confirmation, _) -> confirmation.EqualWithin
        | Document _
        | Runs _ -> 1.1

    /// <summary>Returns the family-wise error rate per task and metric. For protocols without one, it is 0.05.</summary>
    let alpha (study: StudyDesign) : float =
        match study.Protocol with
        | Fair(_, confirmation, _) -> confirmation.Alpha
        | Document _
        | Runs _ -> 0.05

    /// <summary>Returns the seeds up to the last interim look: the given ones, then consecutive numbers after the greatest of them.</summary>
    let seedsToLook (confirmation: Confirmation) (looks: InterimLooks) : int list =
        let missing = List.last looks.Seeds - confirmation.Seeds.Length
        let greatest = List.max confirmation.Seeds
        confirmation.Seeds @ [ for i in 1..missing -> greatest + i ]
