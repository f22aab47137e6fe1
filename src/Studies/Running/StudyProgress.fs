namespace CuteDl.Studies

open System

/// <summary>Where a trial of a study is.</summary>
type TrialState =
    /// <summary>It is being trained.</summary>
    | Running = 0
    /// <summary>It stands still until trials before it have come as far.</summary>
    | Waiting = 1
    /// <summary>It is done, and its result is in the journal.</summary>
    | Finished = 2

/// <summary>News of a study.</summary>
type StudyProgress =
    {
        /// <summary>The trial that there is news of.</summary>
        Trial: Trial
        /// <summary>Where it is.</summary>
        State: TrialState
        /// <summary>Its steps so far.</summary>
        Step: int64
        /// <summary>The most steps it may take.</summary>
        Budget: int64
        /// <summary>Its newest validation, if there was one.</summary>
        Newest: Nullable<Score>
        /// <summary>Its result, once it is finished.</summary>
        Result: TrialResult | null
        /// <summary>Trials finished, those of earlier sittings counted.</summary>
        Finished: int
        /// <summary>Trials known to be needed so far; tuning decides what comes behind it.</summary>
        Planned: int
        /// <summary>The share of the planned steps that is done, in [0, 1].</summary>
        Share: float
        /// <summary>Since this sitting began.</summary>
        Elapsed: TimeSpan
        /// <summary>What this sitting's pace leaves for the planned trials; nothing in the beginning.</summary>
        Left: Nullable<TimeSpan>
    }
