namespace CuteDl.Studies

open System
open CuteDl.Studies.Statistics

/// <summary>The settings with which a contender was trained.</summary>
type Variant =
    /// <summary>The setting selected by tuning.</summary>
    | Tuned = 0
    /// <summary>The default setting, trained next to the tuned one.</summary>
    | Defaults = 1
    /// <summary>The setting given in the study, under the document's protocol.</summary>
    | AsGiven = 2

/// <summary>The outcome of a comparison.</summary>
type Outcome =
    /// <summary>One is better: the adjusted p-value is at most the level.</summary>
    | Wins = 0
    /// <summary>A difference of the equivalence margin or more is rejected: the adjusted p-value of a tie is at most the level.</summary>
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
    /// <summary>Every run of both diverged or failed, so that there is no accuracy to compare.</summary>
    | AllDiverged = 4

/// <summary>A time to the target, summarized over seeds. Trials that never reached the target are included.</summary>
type TimeSummary =
    {
        /// <summary>
        /// The median. Infinite if half of the trials never reached the target. NaN if it depends on when stopped trials would have reached it.
        /// Its interval is exact for every distribution, also if trials fail. There is none with fewer than six trials.
        /// </summary>
        Median: Interval
        /// <summary>The mean of min(T, horizon), with Student's t interval. There is none if a trial missed the target.</summary>
        RestrictedMean: Interval
        /// <summary>
        /// The time up to which every run of the task is known: the budget, or the earliest end of a run that was stopped before it reached
        /// the target.
        /// </summary>
        Horizon: float
    }

/// <summary>A metric of a contender on a task over all seeds. Diverged and failed trials have the worst value of the scale.</summary>
type MetricSummary =
    {
        /// <summary>The metric.</summary>
        Metric: IMetric
        /// <summary>
        /// For shares: the interquartile mean. For outcomes: the share of trials with 1, with Wilson's interval. For times: the median. Null if no
        /// trial has a value.
        /// </summary>
        Value: Nullable<Interval>
        /// <summary>For times: the mean of min(T, horizon). Else null.</summary>
        RestrictedMean: Nullable<Interval>
        /// <summary>For times: the step up to which every run of the task is known. Else NaN.</summary>
        Horizon: float
    }

/// <summary>The results of a contender on a task over all seeds.</summary>
type Summary =
    {
        Task: string
        Contender: string
        /// <summary>The kind of settings.</summary>
        Variant: Variant
        /// <summary>The text form of the optimizer.</summary>
        Optimizer: string
        /// <summary>n: the number of finished trials, one per seed.</summary>
        Trials: int
        /// <summary>The number of trials that reached the target and did not diverge.</summary>
        Reached: int
        /// <summary>The number of diverged trials.</summary>
        Diverged: int
        /// <summary>The share of trials that reached the target, with Wilson's interval.</summary>
        Success: Interval
        /// <summary>Steps to the target.</summary>
        Steps: TimeSummary
        /// <summary>Examples to the target.</summary>
        Examples: TimeSummary
        /// <summary>Seconds to the target. Not repeatable.</summary>
        Seconds: TimeSummary
        /// <summary>The study's other metrics, in their order.</summary>
        Metrics: MetricSummary array
        /// <summary>The median loss of the last validation; infinite for diverged trials.</summary>
        FinalLoss: float
        /// <summary>The number of trials with a dead logit.</summary>
        WithDeadLogits: int
    }

/// <summary>
/// The sensitivity of a win to the luck of tuning: the winner is compared again, with one of the two at a learning rate that tuning tried
/// next to the chosen one.
/// </summary>
[<Struct>]
type NeighbouringRates =
    {
        /// <summary>The number of cases, at most four: the next lower and the next higher rate of each of the two.</summary>
        Cases: int
        /// <summary>The number of cases in which the winner has the better median over the tuning seeds.</summary>
        Held: int
        /// <summary>The number of tuning seeds.</summary>
        Seeds: int
    }

/// <summary>A comparison of two contenders on the same seeds.</summary>
type PairComparison =
    {
        /// <summary>The name of the task. Empty for all tasks, which are a fixed set with equal weights.</summary>
        Task: string
        /// <summary>The metric.</summary>
        Metric: IMetric
        /// <summary>The first contender.</summary>
        First: string
        /// <summary>The second contender.</summary>
        Second: string
        /// <summary>The seeds that both contenders have finished on every compared task.</summary>
        Seeds: int array
        /// <summary>
        /// The first contender's values, task by task, each in the order of the seeds. Steps are min(T, horizon), accuracies are in [0, 1],
        /// and success is 0 or 1.
        /// </summary>
        FirstValues: float array
        /// <summary>The second contender's values, in the same order.</summary>
        SecondValues: float array
        /// <summary>
        /// The number of seeds with which both reached the target (steps, success) or neither diverged (accuracies), on every compared
        /// task.
        /// </summary>
        BothSucceeded: int
        /// <summary>For steps: the step up to which both are known, for each task. Else empty.</summary>
        Horizons: float array
        /// <summary>
        /// For steps: the geometric mean of first / second, below 1 if the first is faster. Its interval is valid wherever the targets were
        /// reached between two validations. For accuracies and success: the mean of first − second in percentage points, above 0 if the
        /// first is better. NaN if there is nothing to compare.
        /// </summary>
        Effect: Interval
        /// <summary>For steps: the ratio of restricted means, first / second, with the times of the validations. Else null.</summary>
        RestrictedMeanRatio: Nullable<Interval>
        /// <summary>
        /// The two-sided p-value of the sign-flip test. For steps: the largest p-value over all times between two validations.
        /// </summary>
        P: float
        /// <summary>The p-value after Holm's correction over all pairs of this metric on this task.</summary>
        AdjustedP: float
        /// <summary>
        /// The p-value of a tie: the greater of two one-sided sign-flip tests against the ends of the equivalence range. NaN if no tie can be
        /// claimed: for success, and if too few seeds succeeded.
        /// </summary>
        TieP: float
        /// <summary>The p-value of a tie after Holm's correction over all pairs of this metric on this task.</summary>
        AdjustedTieP: float
        /// <summary>
        /// The probability of improvement: how likely a run of the first is better than a run of the second. NaN if there is nothing to
        /// compare.
        /// </summary>
        ProbabilityOfImprovement: Interval
        /// <summary>The lowest effect that counts as equal; NaN for success, for which ties are not tested.</summary>
        EqualLow: float
        /// <summary>The highest effect that counts as equal; NaN for success.</summary>
        EqualHigh: float
        /// <summary>The outcome.</summary>
        Outcome: Outcome
        /// <summary>The better contender; empty unless the outcome is Wins.</summary>
        Winner: string
        /// <summary>Whether the winner depends on the chosen learning rates; null without a winner, or if tuning has no such data.</summary>
        NeighbouringRates: Nullable<NeighbouringRates>
        /// <summary>The reason why the pair is not ranked.</summary>
        Obstacle: Obstacle
        /// <summary>The reason as text; empty if the pair is ranked.</summary>
        Reason: string
    }

/// <summary>The precision with which the validations resolve a contender's times to the target.</summary>
type Resolution =
    {
        Task: string
        Contender: string
        /// <summary>The phase of the runs. The tuning runs are used until compared runs have finished.</summary>
        Phase: Phase
        /// <summary>The median steps of the runs that reached the target.</summary>
        MedianSteps: float
        /// <summary>
        /// The uncertainty of the time as a factor: its latest possible value divided by its earliest. The median over the runs.
        /// </summary>
        Factor: float
        /// <summary>True if the factor is at most the equivalence margin.</summary>
        IsFine: bool
    }

/// <summary>The verdict for one metric on one task.</summary>
type MetricVerdict =
    {
        /// <summary>The name of the task. Empty for all tasks.</summary>
        Task: string
        /// <summary>The metric.</summary>
        Metric: IMetric
        /// <summary>The smallest number of seeds of any pair.</summary>
        Seeds: int
        /// <summary>True if any pair is ranked.</summary>
        Ranked: bool
        /// <summary>Contenders not beaten by any other; empty if no pair is decided.</summary>
        Unbeaten: string array
        /// <summary>The contender that beats every other; empty if none does.</summary>
        Winner: string
        /// <summary>The verdict, in sentences that are complete without context.</summary>
        Sentences: string array
    }

/// <summary>The state of the interim looks.</summary>
type LookState =
    {
        /// <summary>The number of seeds at each look, as declared. One look if none was declared.</summary>
        Planned: int array
        /// <summary>The significance level of each look. The levels add up to the study's alpha.</summary>
        Levels: float array
        /// <summary>The number of looks taken, at least 1.</summary>
        Done: int
        /// <summary>The significance level of the current look.</summary>
        Level: float
        /// <summary>The smallest number of seeds that can reach this level after the correction for all pairs.</summary>
        FewestSeeds: int
        /// <summary>
        /// True if the study has an answer: on each task, in each primary metric, some contender beats or equals every other. A metric
        /// in which no pair has anything to compare is ignored.
        /// </summary>
        Decided: bool
    }

/// <summary>A setting that tuning tried.</summary>
type SettingRow =
    {
        Task: string
        Contender: string
        /// <summary>The index of the setting, from 0.</summary>
        Setting: int
        /// <summary>The text form of the optimizer.</summary>
        Optimizer: string
        /// <summary>The hyper-parameters that the study set.</summary>
        Values: struct (string * float) array
        /// <summary>The learning rate; NaN if the study did not set it.</summary>
        Rate: float
        /// <summary>The number of finished trials.</summary>
        Trials: int
        /// <summary>The number of trials that reached the target.</summary>
        Reached: int
        /// <summary>The number of diverged trials.</summary>
        Diverged: int
        /// <summary>The number of pruned trials.</summary>
        Pruned: int
        /// <summary>The median steps to the target; infinite if at least half of the trials never reached it.</summary>
        MedianSteps: float
        /// <summary>The median of the best validation accuracy; NaN for a task without classes.</summary>
        MedianBestAccuracy: float
        /// <summary>True if confirmation uses this setting.</summary>
        Chosen: bool
    }

/// <summary>The result of one learning rate of one contender: a cell of the heat map.</summary>
type FrontierCell =
    {
        Task: string
        Contender: string
        /// <summary>The learning rate.</summary>
        Rate: float
        /// <summary>The number of finished trials, one per seed.</summary>
        Trials: int
        /// <summary>The number of trials that reached the target.</summary>
        Reached: int
        /// <summary>The number of diverged trials.</summary>
        Diverged: int
        /// <summary>The median steps to the target; infinite if at least half of the trials never reached it.</summary>
        MedianSteps: float
    }

/// <summary>The smallest learning rates that reach the target.</summary>
type FrontierLimit =
    {
        Task: string
        Contender: string
        /// <summary>The smallest rate with which all seeds reached the target; null if there is none.</summary>
        AllSeeds: Nullable<float>
        /// <summary>The smallest rate with which more than half of the seeds reached the target; null if there is none.</summary>
        MostSeeds: Nullable<float>
        /// <summary>True if <c>AllSeeds</c> is the smallest rate tried: smaller ones might reach the target too.</summary>
        AllSeedsIsEnd: bool
        /// <summary>True if <c>MostSeeds</c> is the smallest rate tried.</summary>
        MostSeedsIsEnd: bool
    }

/// <summary>The range of good learning rates.</summary>
type ToleranceRow =
    {
        Task: string
        Contender: string
        /// <summary>The phase in which the rates were tried: tuning or frontier.</summary>
        Phase: Phase
        /// <summary>A rate is good if its steps are at most this many times the best rate's steps.</summary>
        Factor: float
        /// <summary>The range of good rates; null if no rate reached the target.</summary>
        Tolerance: RateTolerance | null
    }

/// <summary>The expected result of smaller tuning budgets. All arrays have the same length.</summary>
type BestOfKRow =
    {
        Task: string
        Contender: string
        /// <summary>The metric: a primary time (of min(T, budget)), or a metric of tuning.</summary>
        Metric: IMetric
        /// <summary>The number of settings tried: 1, 2, ...</summary>
        K: int array
        /// <summary>The expected best of K settings.</summary>
        Expected: float array
        /// <summary>The lower end of the 95 % interval of the best.</summary>
        Low: float array
        /// <summary>The upper end of the 95 % interval of the best.</summary>
        High: float array
    }

/// <summary>A profile over all tasks and seeds.</summary>
type ProfileRow =
    {
        Contender: string
        /// <summary>
        /// The metric. Times: ratios to the fastest (Dolan and Moré 2002). Shares: the share of runs with at least this value.
        /// </summary>
        Metric: IMetric
        /// <summary>The step curve and its 95 % band.</summary>
        Curve: Profile.Curve
    }

/// <summary>The results of one contender over all seeds, under the document's protocol.</summary>
type DocumentRow =
    {
        Task: string
        Contender: string
        /// <summary>The number of runs.</summary>
        Trials: int
        /// <summary>The share of runs with a dead logit, with Wilson's interval.</summary>
        Dead: Interval
        /// <summary>The share of runs with a dead or almost dead logit, with Wilson's interval.</summary>
        DeadOrAlmost: Interval
        /// <summary>The lost classes, each with the number of runs that lost it.</summary>
        LostClasses: struct (int * int) array
        /// <summary>The share of diverged runs: a loss was not finite.</summary>
        Diverged: Interval
        /// <summary>The median accuracy at the stop of runs with a lost class; NaN if there are none.</summary>
        AccuracyWith: float
        /// <summary>The median accuracy at the stop of runs without a lost class; NaN if there are none.</summary>
        AccuracyWithout: float
        /// <summary>The median steps until the stop, over all runs.</summary>
        Steps: float
        /// <summary>The median steps until the stop of runs with a lost class; NaN if there are none.</summary>
        StepsWith: float
        /// <summary>The median steps until the stop of runs without a lost class; NaN if there are none.</summary>
        StepsWithout: float
        /// <summary>The figures that the document reports; empty if it reports none.</summary>
        Figures: string
    }

/// <summary>The result of another contender with the seed of an autopsy.</summary>
type SameSeed =
    {
        Contender: string
        /// <summary>True if it reached the target.</summary>
        Reached: bool
        /// <summary>True if it diverged.</summary>
        Diverged: bool
        /// <summary>The steps to the target; infinite if it was never reached.</summary>
        Steps: float
        /// <summary>The accuracy of the last validation; NaN if there is none.</summary>
        Accuracy: float
        /// <summary>The indices of its dead logits.</summary>
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
    /// <summary>An exception ended the training.</summary>
    | Failed = 3

/// <summary>The probable causes of a failed or outlying trial.</summary>
type Autopsy =
    {
        Task: string
        Contender: string
        /// <summary>The kind of settings.</summary>
        Variant: Variant
        Seed: int
        /// <summary>The id of the trial.</summary>
        Trial: string
        /// <summary>The kind of failure.</summary>
        Failure: FailureKind
        /// <summary>The accuracy of the last validation; NaN if there is none.</summary>
        Accuracy: float
        /// <summary>The state of the trial's units.</summary>
        Health: Health
        /// <summary>‖Δ‖ / ‖w‖ at the last validation at which it is finite; NaN if there is none.</summary>
        UpdateRatio: float
        /// <summary>The median of <c>UpdateRatio</c> over the contender's trials.</summary>
        TypicalUpdateRatio: float
        /// <summary>‖g‖ at the last validation at which it is finite; NaN if there is none.</summary>
        GradientNorm: float
        /// <summary>The median of <c>GradientNorm</c> over the contender's trials.</summary>
        TypicalGradientNorm: float
        /// <summary>The other contenders' trials with the same seed, and so with the same initial weights and order of examples.</summary>
        Others: SameSeed array
        /// <summary>The causes found, one sentence each.</summary>
        Sentences: string array
    }

/// <summary>Everything that a report shows of a study, except curves.</summary>
type StudyAnalysis =
    {
        /// <summary>The name of the study.</summary>
        Study: string
        /// <summary>The metrics of the study, in their order.</summary>
        Metrics: IMetric array
        /// <summary>
        /// The number of finished trials that compare contenders: confirmation trials, or runs of the document's protocol.
        /// </summary>
        Trials: int
        /// <summary>The planned number of these trials, up to the current look.</summary>
        Expected: int
        /// <summary>The summary of each contender on each task, with tuned and with default settings.</summary>
        Summaries: Summary array
        /// <summary>Each pair on each task and metric, in the order of the contenders.</summary>
        Comparisons: PairComparison array
        /// <summary>Each pair over all tasks; empty if there is one task.</summary>
        Overall: PairComparison array
        /// <summary>The resolution of each contender's times to the target.</summary>
        Resolutions: Resolution array
        /// <summary>Findings that follow from the results. Findings about the study itself are not included.</summary>
        Findings: Finding array
        /// <summary>A verdict for each task and metric, and over all tasks if there are several.</summary>
        Verdicts: MetricVerdict array
        /// <summary>The interim looks and their significance levels.</summary>
        InterimLooks: LookState
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
