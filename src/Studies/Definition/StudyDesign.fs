namespace CuteDl.Studies

open CuteDl.Core.Optimizers

/// <summary>An optimizer that takes part in a study.</summary>
type Contender =
    {
        /// <summary>Its name in results; unique in a study.</summary>
        Name: string
        /// <summary>The optimizer, whose hyper-parameters are its defaults.</summary>
        Optimizer: Optimizer
        /// <summary>What may be tried, by the names of hyper-parameters, as <c>Optimizer.set</c> takes them.</summary>
        Space: (string * Space) list
    }

/// <summary>Ending trials early that promise little. A decision about a trial looks at the trials before it in order, and at no clock.</summary>
type Pruning =
    /// <summary>Every trial uses its whole budget.</summary>
    | NoPruning
    /// <summary>
    /// After each share of the budget a trial ends that is behind the median of those before it at the same step; the first
    /// <c>warmUp</c> trials always go on (Golovin et al. 2017, §3.2.2).
    /// </summary>
    | Median of warmUp: int
    /// <summary>
    /// At budget/ηᵏ, ..., budget/η a trial goes on if it is in the best 1/η of those before it and itself there (successive halving, in the
    /// order of the trials: Li et al. 2020).
    /// </summary>
    | SuccessiveHalving of eta: int

/// <summary>What makes one setting better than another.</summary>
type Objective =
    /// <summary>Fewer steps to the target; of those that do not reach it, the better best validation.</summary>
    | TimeToTarget
    /// <summary>The better last validation.</summary>
    | FinalScore

/// <summary>How settings are found: with the same budget for every contender.</summary>
type Tuning =
    {
        /// <summary>How the points are chosen.</summary>
        Search: Search
        /// <summary>Settings tried of each contender, at least 1.</summary>
        Trials: int
        /// <summary>The seeds that each setting is trained with; its worth is their median.</summary>
        Seeds: int list
        /// <summary>What the best setting is best at.</summary>
        Objective: Objective
        /// <summary>Ending trials early.</summary>
        Pruning: Pruning
        /// <summary>How often a space is extended whose best setting lies at its edge, at least 0.</summary>
        Extensions: int
    }

/// <summary>Adding seeds until the question is decided, at looks declared before.</summary>
type Looks =
    {
        /// <summary>How many seeds there are at each look, ascending; the last is the cap.</summary>
        Seeds: int list
    }

/// <summary>How the settings found are compared.</summary>
type Confirmation =
    {
        /// <summary>Fresh seeds; each contender is trained with every one.</summary>
        Seeds: int list
        /// <summary>The family-wise error rate over all looks and pairs, for each task and each metric by itself; in (0, 1).</summary>
        Alpha: float
        /// <summary>The least ratio of steps that is a difference: within 1/ratio to ratio two are called equal. Above 1.</summary>
        EqualWithin: float
        /// <summary>Looks at which the question may be decided early or seeds are added; none: all seeds, one look.</summary>
        Looks: Looks option
        /// <summary>Whether the defaults are trained too, beside what tuning found.</summary>
        Defaults: bool
    }

/// <summary>One learning rate after another for every contender that has one: how small may it be?</summary>
type Frontier =
    {
        /// <summary>The rates, ascending.</summary>
        Rates: float list
        /// <summary>The seeds of each.</summary>
        Seeds: int list
    }

/// <summary>What is done.</summary>
type Protocol =
    /// <summary>Tuning, confirmation with fresh seeds, the test set scored once.</summary>
    | Fair of Tuning * Confirmation * Frontier option
    /// <summary>
    /// The source document's: each contender as given, its two stop rules, the test set validated on; repeated with these seeds.
    /// </summary>
    | Document of seeds: int list

/// <summary>A question to optimizers, and how it is to be answered. Everything in its results follows from this value.</summary>
type StudyDesign =
    {
        /// <summary>Its name.</summary>
        Name: string
        /// <summary>At least one, with different names.</summary>
        Tasks: StudyTask list
        /// <summary>At least one, with different names.</summary>
        Contenders: Contender list
        /// <summary>What is done.</summary>
        Protocol: Protocol
    }

/// <summary>What follows from a study.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module StudyDesign =
    /// <summary>
    /// Whether a text can name a task or a contender, and with it folders and files: at most 60 ASCII letters, digits, '.', '-', '_' and '+',
    /// the first a letter or digit, the last no '.'.
    /// </summary>
    let isName (text: string) : bool =
        let isAllowed (letter: char) = System.Char.IsAsciiLetterOrDigit letter || ".-_+".Contains letter

        text.Length >= 1
        && text.Length <= 60
        && System.Char.IsAsciiLetterOrDigit text[0]
        && Seq.forall isAllowed text
        && text[text.Length - 1] <> '.'

    /// <summary>The study that is answered: looks are taken only where seeds are added at them, and are none where all seeds run at once.</summary>
    /// <param name="untilDecided">Whether seeds are added at the study's looks.</param>
    /// <param name="study">The study.</param>
    let carriedOut (untilDecided: bool) (study: StudyDesign) : StudyDesign =
        match study.Protocol with
        | Fair(tuning, confirmation, frontier) when not untilDecided ->
            { study with Protocol = Fair(tuning, { confirmation with Looks = None }, frontier) }
        | _ -> study

    /// <summary>
    /// The ratio of steps, and share of the error, within which two contenders count as equal. The document's protocol states none; 1.1 is ours.
    /// </summary>
    let equalWithin (study: StudyDesign) : float =
        match study.Protocol with
        | Fair(_, confirmation, _) -> confirmation.EqualWithin
        | Document _ -> 1.1

    /// <summary>The family-wise error rate of each task and metric. The document's protocol states none; 0.05 is ours.</summary>
    let alpha (study: StudyDesign) : float =
        match study.Protocol with
        | Fair(_, confirmation, _) -> confirmation.Alpha
        | Document _ -> 0.05

    /// <summary>The seeds of a confirmation that goes on to its last look: those given, then the numbers behind the greatest of them.</summary>
    let seedsToLook (confirmation: Confirmation) (looks: Looks) : int list =
        let missing = List.last looks.Seeds - confirmation.Seeds.Length
        let greatest = List.max confirmation.Seeds
        confirmation.Seeds @ [ for i in 1..missing -> greatest + i ]
