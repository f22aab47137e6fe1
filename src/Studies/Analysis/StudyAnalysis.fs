namespace CuteDl.Studies

open System
open CuteDl.Studies.Statistics

/// <summary>The settings with which a contender was trained.</summary>
type Variant =
    /// <summary>The setting selected by tuning.</summary>
    | Tuned = 0
    /// <summary>The default settings, beside the tuned ones.</summary>
    | Defaults = 1
    /// <summary>As given, in the document's protocol.</summary>
    | AsGiven = 2

/// <summary>The metric.</summary>
type Metric =
    /// <summary>Steps to the target; fewer is better.</summary>
    | StepsToTarget = 0
    /// <summary>The last validation's accuracy of trials that used their budget.</summary>
    | FinalAccuracy = 1
    /// <summary>The last validation's accuracy where a stop rule may end a trial: the document's protocol.</summary>
    | AccuracyAtStop = 2
    /// <summary>The accuracy on the test set, scored once.</summary>
    | TestAccuracy = 3
    /// <summary>The best validation's accuracy; of tuning, never of a verdict.</summary>
    | BestAccuracy = 4
    /// <summary>Whether the target was reached; compared on tasks on which some run missed it.</summary>
    | Success = 5

/// <summary>The outcome of a comparison.</summary>
type Outcome =
    /// <summary>One is better: the adjusted p-value is at most the level.</summary>
    | Wins = 0
    /// <summary>The whole interval is within the equivalence margin, and enough seeds succeeded for both.</summary>
    | Equal = 1
    /// <summary>Undecided. More seeds can decide it.</summary>
    | Undecided = 2
    /// <summary>Too few seeds, or nothing to compare. Only the observed values are reported.</summary>
    | NotRanked = 3

/// <summary>The reason why a pair is not ranked.</summary>
type Obstacle =
    /// <summary>It is ranked.</summary>
    | None = 0
    /// <summary>There are too few seeds for any test.</summary>
    | TooFewSeeds = 1
    /// <summary>Not all seeds of the look are finished.</summary>
    | LookIncomplete = 2
    /// <summary>Neither reached the target within the steps that both are known for.</summary>
    | NoneReached = 3
    /// <summary>Every run of both diverged, so that there is no accuracy to compare.</summary>
    | AllDiverged = 4

/// <summary>A time to the target over seeds, where a trial that never arrived counts.</summary>
type TimeSummary =
    {
        /// <summary>
        /// The median. Infinite if half of the trials never reached the target. NaN if it depends on when stopped trials would have reached it.
        /// </summary>
        Median: float
        /// <summary>The mean of min(T, horizon), with a bootstrap interval.</summary>
        RestrictedMean: Interval
        /// <summary>Up to here every run of the task is known: the budget, or the earliest end of a run that was stopped before it arrived.</summary>
        Horizon: float
    }

/// <summary>The results of a contender on a task over all seeds.</summary>
type Summary =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>Tuned, defaults, or as given.</summary>
        Variant: Variant
        /// <summary>The optimizer's text form.</summary>
        Optimizer: string
        /// <summary>n: the number of finished trials, one per seed.</summary>
        Trials: int
        /// <summary>The number of trials that reached the target and did not diverge.</summary>
        Reached: int
        /// <summary>The number of diverged trials.</summary>
        Diverged: int
        /// <summary>Reached of Trials, with Wilson's interval.</summary>
        Success: Interval
        /// <summary>Steps to the target.</summary>
        Steps: TimeSummary
        /// <summary>Examples to the target.</summary>
        Examples: TimeSummary
        /// <summary>Seconds to the target. Not repeatable.</summary>
        Seconds: TimeSummary
        /// <summary>Interquartile mean of the last validation's accuracy, diverged trials as 0; nothing in the document's protocol.</summary>
        FinalAccuracy: Nullable<Interval>
        /// <summary>The same where stop rules end trials: the document's protocol only.</summary>
        AccuracyAtStop: Nullable<Interval>
        /// <summary>Interquartile mean of each trial's best validation accuracy.</summary>
        BestAccuracy: Nullable<Interval>
        /// <summary>Interquartile mean of the accuracy on the test set, diverged trials as 0.</summary>
        TestAccuracy: Nullable<Interval>
        /// <summary>Median of the last validation's loss; infinite for diverged trials.</summary>
        FinalLoss: float
        /// <summary>Trials with a dead logit.</summary>
        WithDeadLogits: int
    }

/// <summary>A comparison of two contenders on the same seeds.</summary>
type PairComparison =
    {
        /// <summary>The task's name; empty: all tasks, a fixed set with the same weight for each.</summary>
        Task: string
        /// <summary>The metric.</summary>
        Metric: Metric
        /// <summary>The first contender.</summary>
        First: string
        /// <summary>The second contender.</summary>
        Second: string
        /// <summary>The n seeds that both have finished on every task compared.</summary>
        Seeds: int array
        /// <summary>The first's values, by seed and then task by task; steps are min(T, horizon), accuracies shares, success 0 or 1.</summary>
        FirstValues: float array
        /// <summary>The second's values.</summary>
        SecondValues: float array
        /// <summary>Seeds in which both reached the target (steps, success), or neither diverged (accuracies), on every task compared.</summary>
        BothSucceeded: int
        /// <summary>Steps: up to here both are known on each task. Empty otherwise.</summary>
        Horizons: float array
        /// <summary>
        /// Steps: the geometric mean of first / second, below 1 where the first is faster; the interval holds it wherever between two
        /// validations the targets were reached. Accuracies and success: the mean of first − second in percentage points, above 0 where the
        /// first is better. NaN if there is nothing to compare.
        /// </summary>
        Effect: Interval
        /// <summary>Steps: the ratio of restricted means, first / second, at the validations. Nothing otherwise.</summary>
        RestrictedMeanRatio: Nullable<Interval>
        /// <summary>The sign-flip test's two-sided p-value; of steps the largest that any times between two validations give.</summary>
        P: float
        /// <summary>The same after Holm's correction over all pairs of this metric on this task.</summary>
        AdjustedP: float
        /// <summary>How likely a run of the first is better than a run of the second. NaN if there is nothing to compare.</summary>
        ProbabilityOfImprovement: Interval
        /// <summary>The lowest effect that counts as equal; NaN for success, of which no tie is called.</summary>
        EqualLow: float
        /// <summary>The highest effect that counts as equal.</summary>
        EqualHigh: float
        /// <summary>The outcome.</summary>
        Outcome: Outcome
        /// <summary>The better one; empty unless the outcome is Wins.</summary>
        Winner: string
        /// <summary>The reason why it is not ranked.</summary>
        Obstacle: Obstacle
        /// <summary>The reason in words; empty if it is ranked.</summary>
        Reason: string
    }

/// <summary>How finely the validations resolve a contender's times to the target.</summary>
type Resolution =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>The phase of the runs: the tuning is the pilot until compared runs are finished.</summary>
        Phase: Phase
        /// <summary>The median time of the runs that reached the target.</summary>
        MedianSteps: float
        /// <summary>The latest such time over the earliest: the factor that the validations leave open.</summary>
        Factor: float
        /// <summary>Whether the factor is at most the ratio that counts as equal.</summary>
        IsFine: bool
    }

/// <summary>The verdict for one metric on one task.</summary>
type MetricVerdict =
    {
        /// <summary>The task's name; empty: all tasks.</summary>
        Task: string
        /// <summary>The metric.</summary>
        Metric: Metric
        /// <summary>n: the fewest seeds of a pair.</summary>
        Seeds: int
        /// <summary>True if any pair is ranked.</summary>
        Ranked: bool
        /// <summary>Contenders not beaten by any other; empty if no pair is decided.</summary>
        Unbeaten: string array
        /// <summary>The contender that beats every other; empty if none does.</summary>
        Winner: string
        /// <summary>The verdict in sentences that can be read alone.</summary>
        Sentences: string array
    }

/// <summary>The state of the interim looks.</summary>
type LookState =
    {
        /// <summary>Seeds at each look, as declared; one look if none were.</summary>
        Planned: int array
        /// <summary>The level of each; they add up to the study's alpha.</summary>
        Levels: float array
        /// <summary>Looks taken, at least 1.</summary>
        Done: int
        /// <summary>The level that this look decides at.</summary>
        Level: float
        /// <summary>The fewest seeds with which this level can be met, all pairs considered.</summary>
        FewestSeeds: int
        /// <summary>
        /// Whether "which one?" is answered: on each task, in steps and in final accuracy, some contender wins against or equals every
        /// other. A metric in which no pair has anything to compare is left out.
        /// </summary>
        Decided: bool
    }

/// <summary>One setting that tuning tried.</summary>
type SettingRow =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>Its number, from 0.</summary>
        Setting: int
        /// <summary>The optimizer's text form.</summary>
        Optimizer: string
        /// <summary>The hyper-parameters that the study chose.</summary>
        Values: struct (string * float) array
        /// <summary>Its learning rate; NaN if the study chose none.</summary>
        Rate: float
        /// <summary>The number of finished trials.</summary>
        Trials: int
        /// <summary>The number of trials that reached the target.</summary>
        Reached: int
        /// <summary>The number of diverged trials.</summary>
        Diverged: int
        /// <summary>The number of pruned trials.</summary>
        Pruned: int
        /// <summary>Median steps to the target; infinite if half never arrived.</summary>
        MedianSteps: float
        /// <summary>Median of the best validation accuracy; NaN for a task without classes.</summary>
        MedianBestAccuracy: float
        /// <summary>True if confirmation uses this setting.</summary>
        Chosen: bool
    }

/// <summary>One learning rate of one contender: a cell of the heat map.</summary>
type FrontierCell =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>The learning rate.</summary>
        Rate: float
        /// <summary>Finished trials, a seed each.</summary>
        Trials: int
        /// <summary>The number of trials that reached the target.</summary>
        Reached: int
        /// <summary>The number of diverged trials.</summary>
        Diverged: int
        /// <summary>Median steps to the target; infinite if half never arrived.</summary>
        MedianSteps: float
    }

/// <summary>The smallest learning rates that reach the target.</summary>
type FrontierLimit =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>The smallest rate with which all seeds reached the target; nothing if there is none.</summary>
        AllSeeds: Nullable<float>
        /// <summary>The smallest rate with which more than half of the seeds did; nothing if there is none.</summary>
        MostSeeds: Nullable<float>
        /// <summary>Whether that of all seeds is the smallest rate tried, so that smaller ones might do.</summary>
        AllSeedsIsEnd: bool
        /// <summary>Whether that of most seeds is the smallest rate tried.</summary>
        MostSeedsIsEnd: bool
    }

/// <summary>The range of good learning rates.</summary>
type ToleranceRow =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>Where the rates were tried: tuning or frontier.</summary>
        Phase: Phase
        /// <summary>Good enough: at most this many times the best rate's steps.</summary>
        Factor: float
        /// <summary>The rates; nothing if none reached the target.</summary>
        Tolerance: RateTolerance | null
    }

/// <summary>What tuning with a smaller budget would have found: arrays of equal length.</summary>
type BestOfKRow =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>StepsToTarget (as min(T, budget)) or BestAccuracy.</summary>
        Metric: Metric
        /// <summary>Settings tried: 1, 2, ...</summary>
        K: int array
        /// <summary>The expected best of so many.</summary>
        Expected: float array
        /// <summary>The best of so many lies above this ...</summary>
        Low: float array
        /// <summary>... and below this, 95 times of 100.</summary>
        High: float array
    }

/// <summary>A profile over all (task, seed).</summary>
type ProfileRow =
    {
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>StepsToTarget: ratios to the fastest (Dolan and Moré 2002). Accuracies: the share of runs at least so accurate.</summary>
        Metric: Metric
        /// <summary>The step curve and its 95 % band.</summary>
        Curve: Profile.Curve
    }

/// <summary>What the document's protocol gives one contender over seeds.</summary>
type DocumentRow =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>n.</summary>
        Trials: int
        /// <summary>Share of runs with a dead logit, with Wilson's interval.</summary>
        Dead: Interval
        /// <summary>Share of runs with a logit dead or almost, with Wilson's interval.</summary>
        DeadOrAlmost: Interval
        /// <summary>The classes lost, each with how many runs lost it.</summary>
        LostClasses: struct (int * int) array
        /// <summary>Share of runs that really diverged: a loss not finite.</summary>
        Diverged: Interval
        /// <summary>Median accuracy at the stop of runs with a lost class; NaN if there is none.</summary>
        AccuracyWith: float
        /// <summary>Median accuracy at the stop of runs without; NaN if there is none.</summary>
        AccuracyWithout: float
        /// <summary>Median steps until the stop, over all.</summary>
        Steps: float
        /// <summary>Median steps until the stop of runs with a lost class; NaN if there is none.</summary>
        StepsWith: float
        /// <summary>Median steps until the stop of runs without; NaN if there is none.</summary>
        StepsWithout: float
        /// <summary>The document's own figures; empty if it gives none.</summary>
        Figures: string
    }

/// <summary>What another contender did with an autopsy's seed.</summary>
type SameSeed =
    {
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>Whether it reached the target.</summary>
        Reached: bool
        /// <summary>Whether it diverged.</summary>
        Diverged: bool
        /// <summary>Steps to the target; infinite if never.</summary>
        Steps: float
        /// <summary>The last validation's accuracy; NaN if there is none.</summary>
        Accuracy: float
        /// <summary>Its dead logits.</summary>
        DeadLogits: int array
    }

/// <summary>The kind of failure of a trial.</summary>
type FailureKind =
    /// <summary>A loss was not finite.</summary>
    | Diverged = 0
    /// <summary>The target was not reached within the budget.</summary>
    | TargetMissed = 1
    /// <summary>The last accuracy is more than 1.5 interquartile ranges below the contender's lower quartile (Tukey 1977).</summary>
    | Outlier = 2

/// <summary>The probable causes of a failed or outlying trial.</summary>
type Autopsy =
    {
        /// <summary>The task's name.</summary>
        Task: string
        /// <summary>The contender's name.</summary>
        Contender: string
        /// <summary>Tuned, defaults, or as given.</summary>
        Variant: Variant
        /// <summary>The trial's seed.</summary>
        Seed: int
        /// <summary>The trial's id.</summary>
        Trial: string
        /// <summary>The kind of failure.</summary>
        Failure: FailureKind
        /// <summary>The last validation's accuracy; NaN if there is none.</summary>
        Accuracy: float
        /// <summary>The state of the trial's units.</summary>
        Health: Health
        /// <summary>‖Δ‖ / ‖w‖ at the last validation at which it is finite; NaN if at none.</summary>
        UpdateRatio: float
        /// <summary>The median of the same over the contender's trials.</summary>
        TypicalUpdateRatio: float
        /// <summary>‖g‖ at the last validation at which it is finite; NaN if at none.</summary>
        GradientNorm: float
        /// <summary>The median of the same over the contender's trials.</summary>
        TypicalGradientNorm: float
        /// <summary>The other contenders' trials with the same seed, and so the same initial weights and order.</summary>
        Others: SameSeed array
        /// <summary>The causes found, one sentence each.</summary>
        Sentences: string array
    }

/// <summary>Everything that a report shows of a study, except curves.</summary>
type StudyAnalysis =
    {
        /// <summary>The study's name.</summary>
        Study: string
        /// <summary>Finished trials that compare contenders: confirmed, or the document's.</summary>
        Trials: int
        /// <summary>The planned number of these trials, by the looks taken.</summary>
        Expected: int
        /// <summary>Each task's contenders, tuned and defaults.</summary>
        Summaries: Summary array
        /// <summary>Each pair on each task and metric, in the order of the contenders.</summary>
        Comparisons: PairComparison array
        /// <summary>Each pair over all tasks; empty if there is one task.</summary>
        Overall: PairComparison array
        /// <summary>The resolution of each contender's times to the target.</summary>
        Resolutions: Resolution array
        /// <summary>Objections that follow from the results. Objections to the study itself are not included.</summary>
        Findings: Finding array
        /// <summary>A verdict for each task and metric, and over all tasks if there are several.</summary>
        Verdicts: MetricVerdict array
        /// <summary>The interim looks and their significance levels.</summary>
        Looks: LookState
        /// <summary>The settings that tuning tried.</summary>
        Settings: SettingRow array
        /// <summary>The cells of the small-rate frontier.</summary>
        Frontier: FrontierCell array
        /// <summary>The smallest learning rates that reach the target.</summary>
        FrontierLimits: FrontierLimit array
        /// <summary>The range of good learning rates.</summary>
        Tolerances: ToleranceRow array
        /// <summary>The expected best of smaller tuning budgets.</summary>
        BestOfK: BestOfKRow array
        /// <summary>Performance profiles over all pairs of task and seed.</summary>
        Profiles: ProfileRow array
        /// <summary>Failed and outlying trials.</summary>
        Autopsies: Autopsy array
        /// <summary>The results of the document's protocol; empty for the fair protocol.</summary>
        Document: DocumentRow array
        /// <summary>Progress, interim looks and the limits of the comparisons, in sentences.</summary>
        Notes: string array
        /// <summary>The effect of dead logits on the document's conclusions, in sentences; empty for the fair protocol.</summary>
        DocumentSentences: string array
        /// <summary>A sentence for each contender with runs that missed the target.</summary>
        Failures: string array
        /// <summary>The whole verdict, the most important sentences first.</summary>
        Sentences: string array
    }
