namespace CuteDl.Studies

open System
open System.Text.Json
open System.Threading
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// <summary>What running a trial again has shown.</summary>
type Replayed =
    /// <summary>Every mark, every validation, the end, the parameters and all that is worked out of them are the same bits; seconds may differ.</summary>
    | BitEqual
    /// <summary>
    /// They are not: the first step that differs is one of these, from 1, and this is what shows it. Both are the same number where the
    /// step is known.
    /// </summary>
    | Differs of first: int64 * last: int64 * what: string

/// <summary>Running a trial again and holding it against its result.</summary>
module Replay =
    // So many marks are compared at a time: a difference is found without running to the end.
    let private stride = 64L

    let private same (a: float) (b: float) =
        BitConverter.DoubleToInt64Bits a = BitConverter.DoubleToInt64Bits b
        || (Double.IsNaN a && Double.IsNaN b)

    /// The steps of the first mark that differs among those both have complete.
    let private markThatDiffers (every: int) (result: TrialResult) (marks: uint16 array) (steps: int64) =
        let common =
            min (min marks.Length result.Fingerprint.Length) (int (min steps result.Steps / int64 every))

        seq { 0 .. common - 1 }
        |> Seq.tryFind (fun i -> marks[i] <> result.Fingerprint[i])
        |> Option.map (fun i -> Differs(int64 i * int64 every + 1L, int64 (i + 1) * int64 every, "training loss"))

    /// The steps up to the first validation that differs, behind the one before.
    let private validationThatDiffers (result: TrialResult) (history: History) =
        let curve = result.Curve

        let isSame i =
            let v = history[i]

            v.Step = curve.Steps[i]
            && same v.TrainingLoss curve.TrainingLoss[i]
            && same v.Loss curve.Loss[i]
            && same v.Accuracy curve.Accuracy[i]

        seq { 0 .. min history.Count curve.Steps.Length - 1 }
        |> Seq.tryFind (isSame >> not)
        |> Option.map (fun i -> Differs((if i = 0 then 1L else curve.Steps[i - 1] + 1L), curve.Steps[i], "validation"))

    /// Of two differences the one that is shown earlier; of two at once, that which says more exactly where.
    let private earlier (a: Replayed option) (b: Replayed option) =
        match a, b with
        | Some(Differs(firstA, lastA, _)), Some(Differs(firstB, lastB, _)) ->
            if struct (lastA, -firstA) <= struct (lastB, -firstB) then a else b
        | Some _, _ -> a
        | None, _ -> b

    let private differenceSoFar (result: TrialResult) (run: TrialRun) =
        earlier (markThatDiffers result.FingerprintEvery result run.Fingerprint run.Step) (validationThatDiffers result run.History)

    /// The first part of a record that differs, every double with all its digits; not of the seconds, which are not
    /// repeatable, nor of the curve, which is compared by itself.
    let private recordThatDiffers (result: TrialResult) (found: TrialResult) : Replayed option =
        let parts (result: TrialResult) =
            use document = JsonDocument.Parse(TrialJson.write { result with Seconds = 0.0; SecondsToTarget = 0.0 })

            [ for part in document.RootElement.EnumerateObject() do
                  if part.Name <> "curve" then
                      part.Name, part.Value.GetRawText() ]

        List.zip (parts result) (parts found)
        |> List.tryFind (fun (was, now) -> was <> now)
        |> Option.map (fun ((name, _), _) -> Differs(found.Steps, found.Steps, $"record of {name}"))

    /// What is known beside the losses may differ where they do not: in the last of its bits.
    let private curveThatDiffers (result: TrialResult) (found: TrialResult) : Replayed option =
        let columns (result: TrialResult) =
            [ "gradient norm", result.Curve.GradientNorm; "update ratio", result.Curve.UpdateRatio ]

        Seq.zip (columns result) (columns found)
        |> Seq.collect (fun ((name, was), (_, now)) ->
            Seq.zip3 result.Curve.Steps was now
            |> Seq.filter (fun (_, was, now) -> not (same was now))
            |> Seq.map (fun (step, _, _) -> step, name))
        |> Seq.sortBy fst
        |> Seq.tryHead
        |> Option.map (fun (step, name) -> Differs(step, step, name))

    let private differenceAtEnd (result: TrialResult) (found: TrialResult) : Replayed =
        let seen =
            Array.append [| 0L |] (Array.filter (fun step -> step <= found.Steps) result.Curve.Steps)
            |> Array.max

        if found.Steps <> result.Steps || found.Ending <> result.Ending then
            let step = min found.Steps result.Steps
            Differs(step + 1L, step + 1L, $"end: {result.Ending} after {result.Steps} steps, now {found.Ending} after {found.Steps}")
        elif found.Fingerprint <> result.Fingerprint then
            // Only the last mark, of fewer steps, is left.
            let every = int64 result.FingerprintEvery
            Differs(found.Steps / every * every + 1L, found.Steps, "training loss")
        elif found.Curve.Steps <> result.Curve.Steps then
            Differs(seen + 1L, max (seen + 1L) found.Steps, "validation")
        elif found.Parameters <> result.Parameters then
            Differs(min (seen + 1L) found.Steps, found.Steps, "parameters")
        else
            match curveThatDiffers result found |> Option.orElse (recordThatDiffers result found) with
            | Some difference -> difference
            | None -> BitEqual

    /// <summary>Runs a trial of an optimizer that the text form need not know again.</summary>
    /// <param name="task">The task, prepared as for the result.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="result">What came of the trial.</param>
    /// <param name="progress">Told as the trial's own would be.</param>
    /// <param name="cancellation">Ends the replay.</param>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    /// <exception cref="T:System.ArgumentException">The result is of another task, or has marks at other steps.</exception>
    let checkWith
        (task: PreparedTask)
        (optimizer: Optimizer)
        (result: TrialResult)
        (progress: TrainingProgress -> unit)
        (cancellation: CancellationToken)
        : Replayed =
        let run = TrialRunner.startWith task optimizer result.Trial

        if run.FingerprintEvery <> result.FingerprintEvery then
            raise (
                ArgumentException(
                    $"The result has a fingerprint every {result.FingerprintEvery} steps, but this task needs one every {run.FingerprintEvery}: the result is from another budget. Use the task of the result.",
                    nameof result
                )
            )

        // A pruned trial would go on; any other shows by itself where it ends.
        let last = if result.Ending = Ending.Pruned then result.Steps else Int64.MaxValue

        let rec goOn () =
            run.RunTo(min last (run.Step + stride * int64 run.FingerprintEvery), progress, cancellation)
            cancellation.ThrowIfCancellationRequested()

            match differenceSoFar result run with
            | Some difference -> difference
            | None when run.IsEnded || run.Step >= last || run.Step > result.Steps -> differenceAtEnd result (run.Result cancellation)
            | None -> goOn ()

        goOn ()

    /// <summary>Runs a trial again and says whether the same came of it, bit for bit.</summary>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    /// <exception cref="T:System.ArgumentException">The result is of another task, or has marks at other steps.</exception>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The trial's optimizer is not known.</exception>
    let check (task: PreparedTask) (result: TrialResult) (progress: TrainingProgress -> unit) (cancellation: CancellationToken) : Replayed =
        checkWith task (Expression.parse result.Trial.Optimizer) result progress cancellation
