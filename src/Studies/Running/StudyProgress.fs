namespace CuteDl.Studies

open System
open System.Collections.Generic

/// <summary>The state of a trial.</summary>
type TrialState =
    /// <summary>The trial is training.</summary>
    | Running = 0
    /// <summary>The trial waits until earlier trials have reached the same step.</summary>
    | Waiting = 1
    /// <summary>The trial is finished, and its result is in the journal.</summary>
    | Finished = 2

/// <summary>The reason for a progress report.</summary>
type TrialEvent =
    /// <summary>The trial began in this session: anew, or from a saved state.</summary>
    | Begun = 0
    /// <summary>A validation was done. Each has exactly one report, and <c>Newest</c> is its score.</summary>
    | Validated = 1
    /// <summary>The trial has taken steps, or it waits. Reported about four times per second.</summary>
    | Moved = 2
    /// <summary>The trial has its result.</summary>
    | Ended = 3

/// <summary>A progress report of a study. The reports about one trial are in order: begun, its validations, ended.</summary>
type StudyProgress =
    {
        /// <summary>The trial that the report is about.</summary>
        Trial: Trial
        /// <summary>The reason for the report.</summary>
        Event: TrialEvent
        /// <summary>The trial's state.</summary>
        State: TrialState
        /// <summary>The trial's steps so far.</summary>
        Step: int64
        /// <summary>The trial's budget in steps.</summary>
        Budget: int64
        /// <summary>The trial's latest validation, if any.</summary>
        Newest: Nullable<Score>
        /// <summary>The training loss of the trial's newest step; NaN before the first, or if it is unknown.</summary>
        TrainingLoss: float
        /// <summary>The learning rates of the trial's next step, each with the name of its part; empty if it is finished.</summary>
        LearningRates: IReadOnlyList<KeyValuePair<string, float>>
        /// <summary>The trial's result, if it is finished.</summary>
        Result: TrialResult | null
        /// <summary>The number of finished trials, earlier sessions included.</summary>
        Finished: int
        /// <summary>
        /// The number of trials that the study needs as far as is known. It grows if a search space is extended, or if an interim look adds
        /// seeds.
        /// </summary>
        Planned: int
        /// <summary>
        /// The finished share of the steps of these trials, in [0, 1]. If stop rules can end trials early, it is the finished share of trials.
        /// </summary>
        Share: float
        /// <summary>The time since this session started.</summary>
        Elapsed: TimeSpan
        /// <summary>The estimated time left for these trials; null at the start.</summary>
        Left: Nullable<TimeSpan>
    }
