namespace CuteDl.Studies

open System
open System.Text.Json
open System.Threading
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// <summary>The outcome of a replay.</summary>
type Replayed =
    /// <summary>
    /// All marks, validations, the ending, the parameters and everything derived from them are bit-identical. Times in seconds may differ.
    /// </summary>
    | BitEqual
    /// <summary>
    /// The first difference is at a step from <c>first</c> to <c>last</c>, counted from 1. Both are equal if the step is known exactly.
    /// <c>what</c> names the value that differs.
    /// </summary>
    | Differs of first: int64 * last: int64 * what: string

/// <summary>Runs a trial again and compares it with its recorded result.</summary>
module Replay =
    // The number of marks compared at a time: a difference is found without training to the end.
    let private stride = 64L

    let private same (a: float) (b: float) =
        BitConverter.DoubleToInt64Bits a = BitConverter.DoubleToInt64Bits b
        || (Double.IsNaN a && Double.IsNaN b)

    /// Returns the steps of the first mark that differs, among the complete marks of both.
    let private markThatDiffers (every: int) (result: TrialResult) (marks: uint16 array) (steps: int64) =
        let common =
            min (min marks.Length result.Fingerprint.Length) (int (min steps result.Steps / int64 every))

        seq { 0 .. common - 1 }
        |> Seq.tryFind (fun i -> marks[i] <> result.Fingerprint[i])
        |> Option.map (fun i -> Differs(int64 i * int64 every + 1L, int64 (i + 1) * int64 every, "training loss"))

    /// Returns the steps of the first validation that differs: those after the validation before it.
    let private validationThatDiffers (result: TrialResult) (history: History) =
        let curve = result.Curve

        let isSame i =
            let v = history[i]

            v.Step = curve.Steps[i]
            && same v.TrainingLoss curve.TrainingLoss[i]
            && same v.Loss curve.Loss[i]
            && same v.Accuracy curve.Accuracy[i]
            && Curve.Metrics
               |> List.forall (fun (column, valueOf) ->
                   match column curve with
                   | null -> Double.IsNaN(valueOf v)
                   | values -> same (valueOf v) values[i])

        seq { 0 .. min history.Count curve.Steps.Length - 1 }
        |> Seq.tryFind (isSame >> not)
        |> Option.map (fun i -> Differs((if i = 0 then 1L else curve.Steps[i - 1] + 1L), curve.Steps[i], "validation"))

    /// Returns the difference that is found earlier; of two found at the same step, the one with the narrower range of steps.
    let private earlier (a: Replayed option) (b: Replayed option) =
        match a, b with
        | Some(Differs(firstA, lastA, _)), Some(Differs(firstB, lastB, _)) ->
            if struct (lastA, -firstA) <= struct (lastB, -firstB) then a else b
        | Some _, _ -> a
        | None, _ -> b

    let private differenceSoFar (result: TrialResult) (run: TrialRun) =
        earlier (markThatDiffers result.FingerprintEvery result run.Fingerprint run.Step) (validationThatDiffers result run.History)

    /// Returns the first member of the record that differs, with doubles compared in full precision. Seconds are left out, because they are
    /// not repeatable, and the curve, which is compared separately.
    let private recordThatDiffers (result: TrialResult) (found: TrialResult) : Replayed option =
        let parts (result: TrialResult) =
            use document = JsonDocument.Parse(TrialJson.write { result with Seconds = 0.0; SecondsToTarget = 0.0 })

            [ for part in document.RootElement.EnumerateObject() do
                  if part.Name <> "curve" then
                      part.Name, part.Value.GetRawText() ]

        List.zip (parts result) (parts found)
        |> List.tryFind (fun (was, now) -> was <> now)
        |> Option.map (fun ((name, _), _) -> Differs(found.Steps, found.Steps, $"record of {name}"))

    /// Diagnoses can differ in their last bits even if all losses are equal.
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
            // Only the last, incomplete mark is left.
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

    /// Replays a trial that an exception ended: the same exception must end it again, after the same validations.
    let private failureThatDiffers
        (task: PreparedTask)
        (optimizer: Optimizer)
        (result: TrialResult)
        (progress: TrainingProgress -> unit)
        (cancellation: CancellationToken)
        : Replayed =
        let found =
            TrialFailure.guard result.Trial (fun () -> Curve.Empty) (fun () -> TrialRunner.startWith task optimizer result.Trial)
            |> Result.bind (fun run ->
                TrialFailure.guard result.Trial (fun () -> run.Curve) (fun () ->
                    run.RunTo(Int64.MaxValue, progress, cancellation)
                    run.Result cancellation))

        cancellation.ThrowIfCancellationRequested()

        match found with
        | Ok found
        | Error found -> differenceAtEnd result found

    /// <summary>Replays a trial of a given optimizer, which need not have a text form.</summary>
    /// <param name="task">The task, prepared as for the result.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="result">The recorded result of the trial.</param>
    /// <param name="progress">Called as during the trial itself.</param>
    /// <param name="cancellation">Ends the replay.</param>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    /// <exception cref="T:System.ArgumentException">The result belongs to another task, or has marks at other steps.</exception>
    let checkWith
        (task: PreparedTask)
        (optimizer: Optimizer)
        (result: TrialResult)
        (progress: TrainingProgress -> unit)
        (cancellation: CancellationToken)
        : Replayed =
        if result.Ending = Ending.Cancelled then
            raise (
                ArgumentException(
                    $"The trial {result.Trial} was cancelled, so it has no result to compare. Resume its study.",
                    nameof result
                )
            )

        if result.Ending = Ending.Failed then
            failureThatDiffers task optimizer result progress cancellation
        else

            let run = TrialRunner.startWith task optimizer result.Trial

            if run.FingerprintEvery <> result.FingerprintEvery then
                raise (
                    ArgumentException(
                        $"The result has a fingerprint every {result.FingerprintEvery} steps, but this task needs one every {run.FingerprintEvery}: the result is from another budget. Use the task of the result.",
                        nameof result
                    )
                )

            // A pruned trial would continue. Every other trial ends by itself.
            let last = if result.Ending = Ending.Pruned then result.Steps else Int64.MaxValue

            let rec goOn () =
                run.RunTo(min last (run.Step + stride * int64 run.FingerprintEvery), progress, cancellation)
                cancellation.ThrowIfCancellationRequested()

                match differenceSoFar result run with
                | Some difference -> difference
                | None when run.IsEnded || run.Step >= last || run.Step > result.Steps -> differenceAtEnd result (run.Result cancellation)
                | None -> goOn ()

            goOn ()

    /// <summary>Replays a trial, and returns whether its result is bit-identical.</summary>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    /// <exception cref="T:System.ArgumentException">The result belongs to another task, or has marks at other steps.</exception>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The optimizer of the trial is unknown.</exception>
    let check (task: PreparedTask) (result: TrialResult) (progress: TrainingProgress -> unit) (cancellation: CancellationToken) : Replayed =
        checkWith task (Expression.parse result.Trial.Optimizer) result progress cancellation
