/// Defines the values measured on a trial, and selects the trials of a study. All tables use these definitions.
module internal CuteDl.Studies.Measures

open System
open CuteDl.Studies.Statistics

/// The fewest seeds for a ranking: with 5 pairs, no two-sided exact test can reach 0.05.
[<Literal>]
let FewestToRank = 6

/// The confidence level of single intervals. Intervals of pairs use the level of the look.
[<Literal>]
let Level = 0.95

/// The seed of the random signs and subsets that replace all of them above 20 seeds.
[<Literal>]
let Seed = 0

/// Returns the phase whose trials compare the contenders.
let comparedPhase (study: StudyDesign) = study.Protocol.Kind.Phase

/// Returns the form of the contenders whose trials are compared.
let comparedVariant (study: StudyDesign) = if study.Protocol.Tuning.IsSome then Variant.Tuned else Variant.AsGiven

let hasClasses (task: StudyTask) = task.Problem.ComparesAccuracy

let hasFailed (result: TrialResult) = result.HasFailed
let isDiverged (result: TrialResult) = result.Ending = Ending.Diverged

/// A trial that failed counts as a miss, even if it reached the target before.
let private unlessFailed time result = if hasFailed result then infinity else time result

let steps (result: TrialResult) = unlessFailed _.StepsToTarget result
let examples (result: TrialResult) = unlessFailed _.ExamplesToTarget result
let seconds (result: TrialResult) = unlessFailed _.SecondsToTarget result
let isReached result = Double.IsFinite(steps result)

/// Returns the end of what is known about a trial's time to a target. Infinite if the time is known, because the target was reached, or will
/// never be after divergence.
let knownTo (finish: float) (time: float) (result: TrialResult) = if Double.IsFinite time || hasFailed result then infinity else finish

let stepsKnownTo (result: TrialResult) = knownTo (float result.Steps) (steps result) result
let secondsKnownTo (result: TrialResult) = knownTo result.Seconds (steps result) result

let private orNaN (value: Score -> float) (score: Nullable<Score>) = if score.HasValue then value score.Value else nan

let finalLoss (result: TrialResult) =
    if hasFailed result then infinity
    elif result.Final.HasValue then result.Final.Value.Loss
    else orNaN _.Loss result.AtStop

/// Returns the accuracy of the last validation, whatever ended the trial; NaN if there is none.
let lastAccuracy (result: TrialResult) =
    if result.Curve.Accuracy.Length = 0 then nan else Array.last result.Curve.Accuracy

/// Returns the classes whose logits are dead or almost dead.
let lostClasses (result: TrialResult) =
    Array.append result.Health.DeadLogits result.Health.AlmostDeadLogits |> Array.sort

/// Returns the finished trials of a phase, task and contender, ordered by seed.
let select (results: TrialResult array) (phase: Phase) (task: string) (contender: string) =
    results
    |> Array.filter (fun result -> result.Trial.Phase = phase && result.Trial.Task = task && result.Trial.Contender = contender)
    |> Array.sortBy _.Trial.Seed

/// Returns the trials of the first tuning. In another repetition of a nested tuning, a setting with the same number has other values.
let tuningTrials (study: StudyDesign) (results: TrialResult array) (task: string) (contender: string) =
    let trials = select results Phase.Tuning task contender

    match study.Protocol.Tuning with
    | Some tuning when tuning.Nested -> trials |> Array.filter (fun result -> List.contains result.Trial.Seed tuning.Seeds)
    | Some _
    | None -> trials

/// Returns the compared trials that use the settings of the first tuning.
let tunedTrials (study: StudyDesign) (results: TrialResult array) (task: string) (contender: string) =
    let trials = select results (comparedPhase study) task contender

    match study.Protocol.Tuning with
    | Some tuning when tuning.Nested -> trials |> Array.filter (fun result -> result.Trial.Seed = study.Protocol.Confirmation.Seeds.Head)
    | Some _
    | None -> trials

/// Returns all pairs of contenders that the study compares, in their order.
let pairs (study: StudyDesign) =
    let names =
        if study.Protocol.Kind.ComparesPairs then
            study.Contenders |> List.map _.Name |> Array.ofList
        else
            [||]

    [| for i in 0 .. names.Length - 1 do
           for j in i + 1 .. names.Length - 1 do
               struct (names[i], names[j]) |]

let medianOr (ifNone: float) (values: float array) =
    let values = values |> Array.filter (fun value -> not (Double.IsNaN value))
    if values.Length = 0 then ifNone else Quantile.median values
