/// Finds causes of failed and outlying trials.
module internal CuteDl.Studies.Autopsies

open System
open CuteDl.Studies.Statistics

/// Values that differ from the typical one by at least this factor get a sentence.
[<Literal>]
let private Unusual = 3.0

let private lastFinite (values: float array) = values |> Array.tryFindBack Double.IsFinite |> Option.defaultValue nan

/// Returns Tukey's fence: 1.5 interquartile ranges below the lower quartile of the trials that did not diverge.
let private fence (trials: TrialResult array) =
    let accuracies =
        trials
        |> Array.filter (Measures.hasFailed >> not)
        |> Array.map Measures.lastAccuracy
        |> Array.filter (fun accuracy -> not (Double.IsNaN accuracy))

    if accuracies.Length < 4 then
        -infinity
    else
        let lower = Quantile.at 0.25 accuracies
        lower - 1.5 * (Quantile.at 0.75 accuracies - lower)

let private failureKind fence (result: TrialResult) =
    if result.Ending = Ending.Failed then
        Some FailureKind.Failed
    elif result.Ending = Ending.Diverged then
        Some FailureKind.Diverged
    elif result.Ending <> Ending.Pruned && not (Measures.isReached result) then
        Some FailureKind.TargetMissed
    elif Measures.lastAccuracy result < fence then
        Some FailureKind.Outlier
    else
        None

let private unusual (what: string) (value: float) (typical: float) =
    let times = value / typical

    if times >= Unusual || times <= 1.0 / Unusual then
        let shown (value: float) = value.ToString("G3", Globalization.CultureInfo.InvariantCulture)
        [ $"{what} is {shown value} at the last validation at which it is finite: {SentenceText.ratio times} times the optimizer's median, {shown typical}." ]
    else
        []

let private sentences (task: StudyTask) (failure: string) (autopsy: Autopsy) =
    let health = autopsy.Health
    let classes (logits: int array) = logits |> Array.map string |> SentenceText.list

    let causes =
        [ if failure <> "" then
              $"An exception ended the training: {failure}"
          if health.FirstNonFinite > 0L then
              $"The first loss, gradient or optimizer state that is not finite is at step {SentenceText.steps (float health.FirstNonFinite)}."
          if health.DeadLogits.Length > 0 then
              $"Dead logits: {classes health.DeadLogits}. They are 0 for every image, so their classes are lost."
          if health.AlmostDeadLogits.Length > 0 then
              $"Almost dead logits: {classes health.AlmostDeadLogits}. They are above 0 for less than one image in a thousand."
          if health.AccuracyCeiling < 1.0 then
              let beyond =
                  match task.Target with
                  | Accuracy least when least > health.AccuracyCeiling -> $", below the target of {SentenceText.accuracy least}"
                  | _ -> ""

              $"The other classes allow an accuracy of at most {SentenceText.accuracy health.AccuracyCeiling}{beyond}."
          for layer in 0 .. health.DeadUnits.Length - 1 do
              if health.DeadUnits[layer] > 0 then
                  $"Dead units in hidden layer {layer + 1}: {health.DeadUnits[layer]}."
          yield! unusual "‖Δ‖/‖w‖" autopsy.UpdateRatio autopsy.TypicalUpdateRatio
          yield! unusual "‖g‖" autopsy.GradientNorm autopsy.TypicalGradientNorm ]

    let others =
        let reached = autopsy.Others |> Array.filter _.Reached |> Array.map _.Contender
        let missed = autopsy.Others |> Array.filter (_.Reached >> not) |> Array.map _.Contender

        if autopsy.Others.Length = 0 then
            []
        else
            [ $"With the same seed, the target was reached by {SentenceText.list reached}, and missed by {SentenceText.list missed}." ]

    (if causes.IsEmpty then [ "No cause was found." ] else causes) @ others |> Array.ofList

let private sameSeed (result: TrialResult) : SameSeed =
    { Contender = result.Trial.Contender
      Reached = Measures.isReached result
      Diverged = Measures.isDiverged result
      Steps = Measures.steps result
      Accuracy = Measures.lastAccuracy result
      DeadLogits = result.Health.DeadLogits }

let private ofGroup (results: TrialResult array) (task: StudyTask) variant (trials: TrialResult array) : Autopsy seq =
    let fence = fence trials
    let updateRatio (result: TrialResult) = lastFinite result.Curve.UpdateRatio
    let gradientNorm (result: TrialResult) = lastFinite result.Curve.GradientNorm
    let typical (measure: TrialResult -> float) = trials |> Array.map measure |> Measures.medianOr nan

    trials
    |> Seq.choose (fun result ->
        failureKind fence result
        |> Option.map (fun failure ->
            let trial = result.Trial

            let others =
                results
                |> Array.filter (fun other ->
                    other.Trial.Phase = trial.Phase
                    && other.Trial.Task = trial.Task
                    && other.Trial.Seed = trial.Seed
                    && other.Trial.Contender <> trial.Contender)

            let autopsy =
                { Task = task.Name
                  Contender = trial.Contender
                  Variant = variant
                  Seed = trial.Seed
                  Trial = trial.Id
                  Failure = failure
                  Accuracy = Measures.lastAccuracy result
                  Health = result.Health
                  UpdateRatio = updateRatio result
                  TypicalUpdateRatio = typical updateRatio
                  GradientNorm = gradientNorm result
                  TypicalGradientNorm = typical gradientNorm
                  Others = others |> Array.sortBy _.Trial.Contender |> Array.map sameSeed
                  Sentences = [||] }

            { autopsy with Sentences = sentences task result.Failure autopsy }))

let ofResults (study: StudyDesign) (results: TrialResult array) : Autopsy array =
    let variants =
        [ Measures.comparedPhase study, Measures.comparedVariant study; Phase.Defaults, Variant.Defaults ]

    [| for task in study.Tasks do
           for phase, variant in variants do
               for contender in study.Contenders do
                   yield! ofGroup results task variant (Measures.select results phase task.Name contender.Name) |]
