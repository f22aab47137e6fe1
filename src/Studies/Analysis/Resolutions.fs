/// Checks whether the validations resolve the times to the target finely enough for the study's equivalence margin.
module internal CuteDl.Studies.Resolutions

open System
open CuteDl.Studies.Statistics

/// Returns the runs that give a contender's times: the compared runs, or, until there are some, the runs of its fastest setting in tuning.
let private runs (study: StudyDesign) (results: TrialResult array) (task: StudyTask) contender : struct (Phase * TrialResult array) =
    let phase = Measures.comparedPhase study

    match Measures.select results phase task.Name contender with
    | [||] ->
        let settings = Measures.tuningTrials study results task.Name contender |> Array.groupBy _.Trial.Setting

        if settings.Length = 0 then
            struct (Phase.Tuning, [||])
        else
            struct (Phase.Tuning,
                    settings
                    |> Array.minBy (fun (_, trials) -> trials |> Array.map Measures.steps |> Quantile.median)
                    |> snd)
    | compared -> struct (phase, compared)

/// Returns the resolution of each contender with at least one run that reached the target, on each task.
let ofResults (study: StudyDesign) (results: TrialResult array) : Resolution array =
    [| for task in study.Tasks do
           for contender in study.Contenders do
               let struct (phase, trials) = runs study results task contender.Name

               match trials |> Array.map Measures.steps |> Array.filter Double.IsFinite with
               | [||] -> ()
               | times ->
                   let factor =
                       times
                       |> Array.map (fun time -> time / TimeToTarget.earliest task.ValidateEvery time)
                       |> Quantile.median

                   { Task = task.Name
                     Contender = contender.Name
                     Phase = phase
                     MedianSteps = Quantile.median times
                     Factor = factor
                     IsFine = factor <= study.Protocol.Confirmation.EqualWithin } |]

/// Returns the largest validation interval that resolves a time within the equivalence margin.
let private advised (study: StudyDesign) (steps: float) = max 1.0 (floor (steps * (1.0 - 1.0 / study.Protocol.Confirmation.EqualWithin)))

let private coarse (resolutions: Resolution array) =
    resolutions |> Array.filter (fun resolution -> not resolution.IsFine) |> Array.groupBy _.Task

/// Returns a finding for each task whose validations are too far apart for the observed times.
let findings (study: StudyDesign) (resolutions: Resolution array) : Finding array =
    coarse resolutions
    |> Array.map (fun (name, rows) ->
        let i = study.Tasks |> List.findIndex (fun task -> task.Name = name)
        let worst = rows |> Array.maxBy _.Factor
        let least = rows |> Array.map _.MedianSteps |> Array.min
        let pilot = if worst.Phase = Phase.Tuning then " in tuning" else ""

        { Code = "S015"
          Severity = Severity.Warning
          Path = $"$.tasks[{i}].validate_every"
          Message =
            $"{SentenceText.list (rows |> Array.map _.Contender)} reached the target{pilot} early. With a validation every {study.Tasks[i].ValidateEvery} steps, the time is known only to a factor of {SentenceText.ratio worst.Factor}; ratios up to {SentenceText.ratio (study.Protocol.Confirmation.EqualWithin)} count as equal."
          Advice = $"Validate every {SentenceText.steps (advised study least)} steps." })

/// Returns the same findings as sentences of the verdict.
let sentences (study: StudyDesign) (resolutions: Resolution array) : string array =
    coarse resolutions
    |> Array.map (fun (name, rows) ->
        let each =
            rows |> Array.map (fun row -> $"{row.Contender} (a factor of {SentenceText.ratio row.Factor})")

        let every = (study.Tasks |> List.find (fun task -> task.Name = name)).ValidateEvery

        $"{name}: validations every {every} steps are too far apart for the times of {SentenceText.list each}. Times closer than this factor cannot be told apart: such a difference counts neither as a win nor as a tie.")
