namespace CuteDl.Studies

open System

/// <summary>The scale of a metric. It decides the statistics of a comparison, so there are only these.</summary>
[<RequireQualifiedAccess>]
type MetricScale =
    /// <summary>
    /// The steps to a target, as validations see them; fewer are better. Infinite if the trial never reached the target. Contenders are compared
    /// by ratios.
    /// </summary>
    | Time
    /// <summary>A share in [0, 1]; more is better. Contenders are compared by differences.</summary>
    | Share
    /// <summary>
    /// 1 or 0 for each trial; 1 is better. Contenders are compared by rates, on tasks on which some trial has 0. Ties are not tested.
    /// </summary>
    | Outcome

/// <summary>The use of a metric in a study.</summary>
[<RequireQualifiedAccess>]
type MetricRole =
    /// <summary>
    /// Contenders are compared by it, and it has a profile. A time or a share also decides at interim looks whether seeds are added.
    /// </summary>
    | Primary
    /// <summary>Contenders are compared by it, but it decides nothing at interim looks.</summary>
    | Secondary
    /// <summary>Contenders are never compared by it, because tuning can select settings by it.</summary>
    | Tuning

/// <summary>The trials that a metric measures.</summary>
[<Struct; NoComparison>]
type MetricScope =
    {
        /// <summary>The task.</summary>
        Task: StudyTask
        /// <summary>The phase. Only trials of a confirmation, with tuned or default settings, are scored on the test set.</summary>
        Phase: Phase
        /// <summary>True if the protocol has stop rules, which can end a trial before its budget of steps is used up.</summary>
        CanStop: bool
    }

/// <summary>
/// A metric: the value of a trial by which contenders are compared. Its name identifies it. A value of this type is immutable and thread-safe.
/// </summary>
type IMetric =
    /// <summary>The name in study files and tables: small letters, digits and underscores.</summary>
    abstract Name: string

    /// <summary>The name in sentences and headings, for example <c>steps to the target</c>.</summary>
    abstract Title: string

    /// <summary>The meaning: a clause without a full stop.</summary>
    abstract Meaning: string

    /// <summary>The scale of its values.</summary>
    abstract Scale: MetricScale

    /// <summary>Its use in a study.</summary>
    abstract Role: MetricRole

    /// <summary>True if trials of this kind have a value.</summary>
    abstract AppliesTo: trials: MetricScope -> bool

    /// <summary>
    /// Returns the value of a trial; null if this trial has none. Equal arguments must give equal values. It is not called for trials that
    /// diverged or failed: they have the worst value of the scale.
    /// </summary>
    abstract Value: task: StudyTask * result: TrialResult -> Nullable<float>
