namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open System.Diagnostics
open System.Numerics
open System.Threading
open CuteDl.Core.Optimizers

/// <summary>How far to train, and when to look.</summary>
type TrainingLimits =
    {
        /// <summary>The most epochs, at least 1, if there is such a limit.</summary>
        MaxEpochs: int option
        /// <summary>The most steps, at least 1, if there is such a limit.</summary>
        MaxSteps: int64 option
        /// <summary>Steps from one validation to the next, at least 1; an epoch, if not said.</summary>
        ValidateEvery: int option
        /// <summary>Asked in this order after each validation.</summary>
        StopRules: StopRule list
        /// <summary>Whether gradients and updates are looked at, too: what <c>Diagnosis</c> says of them.</summary>
        Diagnose: bool
    }

/// <summary>Where a run is.</summary>
type TrainingProgress =
    {
        /// <summary>Steps taken.</summary>
        Step: int64
        /// <summary>The newest validation; none before the first.</summary>
        Newest: Validation voption
        /// <summary>How many validations there were.</summary>
        Validations: int
        /// <summary>Since the run began.</summary>
        Elapsed: TimeSpan
    }

/// <summary>Limits of a training.</summary>
module TrainingLimits =
    /// <summary>Fails if a number is out of its range.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The message names the limit and its range.</exception>
    let validate (limits: TrainingLimits) : unit =
        let atLeastOne name (value: int64) =
            if value < 1L then
                raise (ArgumentOutOfRangeException(name, value, $"{name} is at least 1."))

        limits.MaxEpochs |> Option.iter (int64 >> atLeastOne "max epochs")
        limits.MaxSteps |> Option.iter (atLeastOne "max steps")
        limits.ValidateEvery |> Option.iter (int64 >> atLeastOne "validate every")
        List.iter StopRule.validate limits.StopRules

/// <summary>
/// The training loop, to be driven: steps taken, validations kept, stop rules asked. However it is driven, in one go or in many, in one
/// process or, by its snapshots, in several, what comes of it is the same, bit for bit. Not for use by several threads at once.
/// </summary>
/// <param name="workload">What is trained; it is this training's alone, which overwrites its parameters.</param>
/// <param name="limits">How far, and when to look.</param>
/// <param name="start">Where to begin; not touched.</param>
/// <param name="onStep">Told the number of each step taken, from 1, and its training loss.</param>
/// <exception cref="T:System.ArgumentException">A limit is out of its range, or the snapshot is of other tensors.</exception>
[<Sealed>]
type Training<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (workload: IWorkload<'T>, limits: TrainingLimits, start: TrainingSnapshot<'T>, onStep: int64 -> float -> unit) =

    do
        TrainingLimits.validate limits
        let given = start.Checkpoint.State.Layout

        if not (Seq.forall2 (=) given.Parameters workload.Layout.Parameters && given.Length = workload.Layout.Length) then
            let list (layout: Layout) =
                String.Join(", ", [ for parameter in layout.Parameters -> $"{parameter.Name} %A{parameter.Shape}" ])

            raise (ArgumentException($"the snapshot is of {list given}, what is trained has {list workload.Layout}.", nameof start))

    let optimizer = start.Checkpoint.Optimizer
    let state = start.Checkpoint.State.Copy()
    do start.Checkpoint.Parameters.CopyTo workload.Parameters

    let validateEvery = int64 (defaultArg limits.ValidateEvery workload.StepsAnEpoch)

    // The first of the two to be reached; of both at once, that of the steps.
    let struct (lastStep, atLastStep) =
        let steps = defaultArg limits.MaxSteps Int64.MaxValue

        match limits.MaxEpochs with
        | Some epochs when int64 epochs * int64 workload.StepsAnEpoch < steps ->
            struct (int64 epochs * int64 workload.StepsAnEpoch, MaxEpochs)
        | _ -> struct (steps, MaxSteps)

    let history = List<Validation> start.History
    let diagnoses = List<Diagnosis> start.Diagnoses
    let mutable step = start.Step
    let mutable trainingLoss = start.TrainingLoss
    let mutable gradientNorm = start.Newest.GradientNorm
    let mutable updateRatio = start.Newest.UpdateRatio
    let mutable firstNonFinite = start.FirstNonFinite
    let mutable stop = start.Stop

    // The parameters before a step whose update is measured.
    let before: 'T array = Array.zeroCreate (if limits.Diagnose then workload.Layout.Length else 0)

    // Both run only while training is driven; that of the steps, not in validations.
    let clock = Stopwatch()
    let stepsClock = Stopwatch()
    let elapsed () = TimeSpan.FromSeconds start.Elapsed + clock.Elapsed
    let seconds () = start.Newest.Seconds + stepsClock.Elapsed.TotalSeconds
    let mutable reported = elapsed ()

    let report (progress: TrainingProgress -> unit) =
        reported <- elapsed ()

        progress
            { Step = step
              Newest = if history.Count > 0 then ValueSome history[history.Count - 1] else ValueNone
              Validations = history.Count
              Elapsed = reported }

    // At a limit the last steps are validated too, so that every run has figures.
    let validatesAt (step: int64) = step % validateEvery = 0L || step >= lastStep

    let isValidated () = step = 0L || (history.Count > 0 && history[history.Count - 1].Step = step)

    // An optimizer that keeps averages is judged by them, and they are what it has learned.
    let averages = Optimizer.keepsAverages optimizer

    let atLearned (act: unit -> 'result) : 'result =
        if averages then
            let kept = workload.Parameters.ToArray()
            (Optimizer.averaged optimizer state (ReadOnlySpan kept)).CopyTo workload.Parameters

            try
                act ()
            finally
                kept.CopyTo workload.Parameters
        else
            act ()

    let keep (loss: float) (accuracy: float) =
        history.Add { Step = step; TrainingLoss = trainingLoss; Loss = loss; Accuracy = accuracy }
        diagnoses.Add { GradientNorm = gradientNorm; UpdateRatio = updateRatio; Seconds = seconds () }
        Optimizer.observeInPlace optimizer state loss

        if not (Double.IsFinite loss) then
            stop <- ValueSome Diverged
        else
            match limits.StopRules |> List.tryPick (fun rule -> StopRule.decide rule history) with
            | Some reason -> stop <- ValueSome reason
            | None when step >= lastStep -> stop <- ValueSome atLastStep
            | None -> ()

    let validate (progress: TrainingProgress -> unit) (cancellation: CancellationToken) =
        stepsClock.Stop()

        match atLearned (fun () -> workload.Validate cancellation) with
        | ValueSome(struct (loss, accuracy)) -> keep loss accuracy
        | ValueNone -> ()

        stepsClock.Start()
        report progress

    let look (loss: float) =
        if firstNonFinite = 0L && not (Double.IsFinite loss && Double.IsFinite(Sums.finite workload.Gradient)) then
            firstNonFinite <- step + 1L

        if validatesAt (step + 1L) then
            gradientNorm <- sqrt (Sums.squares workload.Gradient)
            workload.Parameters.CopyTo(Span before)

    let measureUpdate () =
        let squares = Sums.squaresOfDifferences (ReadOnlySpan before) (Span<'T>.op_Implicit workload.Parameters)
        updateRatio <- sqrt squares / sqrt (Sums.squares (ReadOnlySpan before))

    /// False if the optimizer cannot take the step, because its state or too many gradients are not finite; then nothing has changed.
    let tryStep () =
        try
            Optimizer.stepInPlace optimizer state workload.Parameters workload.Gradient
            true
        with :? NonFiniteException ->
            false

    let takeStep () =
        trainingLoss <- workload.Train step

        if limits.Diagnose then
            look trainingLoss

        if not (Double.IsFinite trainingLoss) then
            stop <- ValueSome Diverged
        else if tryStep () then
            step <- step + 1L
            onStep step trainingLoss

            if limits.Diagnose && validatesAt step then
                measureUpdate ()
        else
            if limits.Diagnose && firstNonFinite = 0L then
                firstNonFinite <- step + 1L

            stop <- ValueSome Diverged

    /// <summary>What is trained, with the present parameters.</summary>
    member _.Workload = workload

    /// <summary>Steps taken.</summary>
    member _.Step = step

    /// <summary>All validations so far, oldest first.</summary>
    member _.History: History = history

    /// <summary>What is known beside each validation.</summary>
    member _.Diagnoses: IReadOnlyList<Diagnosis> = diagnoses

    /// <summary>
    /// The first step, from 1, with a training loss, a gradient or an optimizer's state that was not finite. 0 if there was none, or if
    /// this training does not diagnose.
    /// </summary>
    member _.FirstNonFinite = firstNonFinite

    /// <summary>Why the training has ended, if it has; it never ends as cancelled, for it can go on.</summary>
    member _.Stop = stop

    /// <summary>Seconds of training so far, validations left out.</summary>
    member _.Seconds = seconds ()

    /// <summary>
    /// Something asked of the workload while its parameters are what has been learned: the averages, where the optimizer keeps them.
    /// </summary>
    member _.AtLearned(act: unit -> 'result) : 'result = atLearned act

    /// <summary>
    /// Goes on until so many steps are taken and, where one is due there, validated; or to the first stop rule that holds, a limit, or
    /// divergence; or until cancelled, within one batch. Nothing happens where that is behind.
    /// </summary>
    /// <param name="target">The steps, counted from the first of all.</param>
    /// <param name="progress">Told of every validation, and in between about four times a second.</param>
    /// <param name="cancellation">Interrupts; the next call goes on from there.</param>
    member _.Advance(target: int64, progress: TrainingProgress -> unit, cancellation: CancellationToken) : unit =
        clock.Start()
        stepsClock.Start()

        try
            let mutable goesOn = true

            while goesOn do
                // A validation that is due and was interrupted comes before anything else.
                let isDue = validatesAt step && not (isValidated ())

                if stop.IsSome || cancellation.IsCancellationRequested || (not isDue && step >= target) then
                    goesOn <- false
                elif isDue then
                    validate progress cancellation
                else
                    takeStep ()

                    if (elapsed () - reported).TotalSeconds >= 0.25 then
                        report progress
        finally
            stepsClock.Stop()
            clock.Stop()

    /// <summary>The training as it is now, as a value: a training made from it goes on as this one does, bit for bit.</summary>
    member _.Snapshot() : TrainingSnapshot<'T> =
        { Checkpoint = { Optimizer = optimizer; State = state.Copy(); Parameters = workload.Parameters.ToArray() }
          Step = step
          TrainingLoss = trainingLoss
          History = history.ToArray()
          Diagnoses = diagnoses.ToArray()
          Newest = { GradientNorm = gradientNorm; UpdateRatio = updateRatio; Seconds = seconds () }
          FirstNonFinite = firstNonFinite
          Elapsed = elapsed().TotalSeconds
          Stop = stop }
