namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open System.Diagnostics
open System.Numerics
open System.Threading
open CuteDl.Core.Models
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// <summary>The limits of a training, and the times of its validations.</summary>
type TrainingLimits =
    {
        /// <summary>The largest number of steps, at least 1; None for no limit.</summary>
        MaxSteps: int64 option
        /// <summary>The number of steps between validations, at least 1; None for one epoch.</summary>
        ValidateEvery: int option
        /// <summary>The stop rules, evaluated in this order after each validation.</summary>
        StopRules: StopRule list
        /// <summary>True to measure gradients and updates: see <c>Diagnosis</c>.</summary>
        Diagnose: bool
        /// <summary>True to keep the learned parameters of the validation with the smallest loss. Of equal ones, the first.</summary>
        KeepBest: bool
    }

/// <summary>The progress of a run.</summary>
type TrainingProgress =
    {
        /// <summary>The number of steps taken.</summary>
        Step: int64
        /// <summary>The newest validation; ValueNone before the first.</summary>
        Newest: Validation voption
        /// <summary>The number of validations.</summary>
        Validations: int
        /// <summary>The time since the run began.</summary>
        Elapsed: TimeSpan
    }

/// <summary>Checks the limits of a training.</summary>
module TrainingLimits =
    /// <summary>Throws if a number is out of its range.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A limit is below 1, or a number of a stop rule is out of its
    /// range.</exception>
    let validate (limits: TrainingLimits) : unit =
        let atLeastOne name what (value: int64) =
            if value < 1L then
                raise (ArgumentOutOfRangeException(name, value, $"{what} must be at least 1."))

        limits.MaxSteps |> Option.iter (atLeastOne (nameof limits.MaxSteps) "The largest number of steps")

        limits.ValidateEvery
        |> Option.iter (int64 >> atLeastOne (nameof limits.ValidateEvery) "The number of steps between validations")

        List.iter StopRule.validate limits.StopRules

/// <summary>
/// A training loop that the caller drives: it takes steps, validates, and evaluates stop rules. The result is bit-identical in one call or
/// many, and in one process or several (through snapshots). Not thread-safe.
/// </summary>
/// <remarks>
/// The shares of the run in the optimizer's schedules are of the steps up to the limit, counted from the first step of the run. A snapshot
/// has the optimizer with its shares, so a training that continues with another limit computes them again.
/// </remarks>
/// <param name="workload">The problem to train. No other training may use it; its parameters are overwritten.</param>
/// <param name="limits">The limits, and the times of validations.</param>
/// <param name="start">The snapshot to start from. It does not change.</param>
/// <param name="onStep">Called after each step with its number, from 1, and its training loss.</param>
/// <exception cref="T:System.ArgumentException">
/// A limit is out of its range, the snapshot has other tensors, a schedule has a share of the run and there is no limit, or the best
/// parameters are to be kept and the snapshot has validations without them.
/// </exception>
[<Sealed>]
type Training<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (workload: IWorkload<'T>, limits: TrainingLimits, start: TrainingSnapshot<'T>, onStep: int64 -> float -> unit) =

    do
        TrainingLimits.validate limits
        let given = start.Checkpoint.State.Layout

        if not (Seq.forall2 (=) given.Parameters workload.Layout.Parameters && given.Length = workload.Layout.Length) then
            let list (layout: Layout) =
                layout.Parameters
                |> Seq.map (fun parameter -> $"{Quotation.shorten parameter.Name} %A{parameter.Shape}")
                |> Quotation.list

            raise (
                ArgumentException(
                    $"The snapshot has the tensors {list given}, but the workload has {list workload.Layout}. They must be equal.",
                    nameof start
                )
            )

        if limits.KeepBest && start.Best.Length = 0 && Validation.best start.History >= 0 then
            raise (
                ArgumentException(
                    "The snapshot does not have the parameters of its best validation. Start again, or do not keep the best parameters.",
                    nameof start
                )
            )

    let given = start.Checkpoint.Optimizer

    let optimizer =
        match limits.MaxSteps with
        | Some steps -> OptimizerRun.resolve steps given
        | None ->
            OptimizerRun.refuse given
            given

    let state = start.Checkpoint.State.Copy()
    // Once for all steps and reports.
    do Optimizer.adopt optimizer state
    do start.Checkpoint.Parameters.CopyTo workload.Parameters

    let validateEvery = int64 (defaultArg limits.ValidateEvery workload.StepsAnEpoch)

    let lastStep = defaultArg limits.MaxSteps Int64.MaxValue

    let history = List<Validation> start.History
    let diagnoses = List<Diagnosis> start.Diagnoses
    let mutable step = start.Step
    let mutable trainingLoss = start.TrainingLoss
    let mutable gradientNorm = start.Newest.GradientNorm
    let mutable updateRatio = start.Newest.UpdateRatio
    let mutable firstNonFinite = start.FirstNonFinite
    let mutable stop = start.Stop

    // The learned parameters of the best validation so far, and its loss.
    let best: 'T array =
        if start.Best.Length > 0 then Array.copy start.Best
        elif limits.KeepBest then Array.zeroCreate workload.Layout.Length
        else [||]

    let mutable bestLoss =
        match Validation.best start.History with
        | index when index >= 0 && best.Length > 0 -> start.History[index].Loss
        | _ -> infinity

    let moving = MovingParameters<'T>(optimizer, workload.Layout)

    // The parameters before a step whose update is measured.
    let before: 'T array = Array.zeroCreate (if limits.Diagnose then workload.Layout.Length else 0)

    // Both clocks run only inside Advance. The clock of the steps pauses during validations.
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

    // The last step before a limit is validated too, so that every run has results.
    let validatesAt (step: int64) = step % validateEvery = 0L || step >= lastStep

    let isValidated () = step = 0L || (history.Count > 0 && history[history.Count - 1].Step = step)

    // If an optimizer keeps averages, they are the learned parameters, and validations use them.
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

    let keep (quality: Quality) (ofTraining: Quality) =
        let loss = quality.Loss
        history.Add { Step = step; TrainingLoss = trainingLoss; Quality = quality; Training = ofTraining }
        diagnoses.Add { GradientNorm = gradientNorm; UpdateRatio = updateRatio; Seconds = seconds () }
        Optimizer.observeInPlace optimizer state loss

        if not (Double.IsFinite loss) then
            stop <- ValueSome Diverged
        else
            match limits.StopRules |> List.tryPick (fun rule -> StopRule.decide rule history) with
            | Some reason -> stop <- ValueSome reason
            | None when step >= lastStep -> stop <- ValueSome MaxSteps
            | None -> ()

    let validate (progress: TrainingProgress -> unit) (cancellation: CancellationToken) =
        stepsClock.Stop()

        let judge () =
            let score = workload.Validate cancellation

            match score with
            | ValueSome(struct (quality, _)) when limits.KeepBest && quality.Loss < bestLoss ->
                bestLoss <- quality.Loss
                workload.Parameters.CopyTo(Span best)
            | ValueSome _
            | ValueNone -> ()

            score

        match atLearned judge with
        | ValueSome(struct (quality, ofTraining)) -> keep quality ofTraining
        | ValueNone -> ()

        stepsClock.Start()
        report progress

    let look (loss: float) =
        if firstNonFinite = 0L && not (Double.IsFinite loss && moving.AreFinite workload.Gradient) then
            firstNonFinite <- step + 1L

        if validatesAt (step + 1L) then
            gradientNorm <- sqrt (moving.Squares workload.Gradient)
            workload.Parameters.CopyTo(Span before)

    let measureUpdate () =
        let squares = moving.SquaresOfDifferences(ReadOnlySpan before, Span<'T>.op_Implicit workload.Parameters)
        updateRatio <- sqrt squares / sqrt (moving.Squares(ReadOnlySpan before))

    /// Returns false if the optimizer cannot take the step, because its state or too many gradients are not finite. Nothing has changed
    /// then.
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

    /// <summary>The workload, with the current parameters.</summary>
    member _.Workload = workload

    /// <summary>The number of steps taken.</summary>
    member _.Step = step

    /// <summary>The training loss of the newest step; NaN before the first.</summary>
    member _.TrainingLoss = trainingLoss

    /// <summary>The learning rates of the next step, each with the name of its part.</summary>
    member _.LearningRates: (string * float) list = LearningRates.current optimizer state

    /// <summary>All validations so far, oldest first.</summary>
    member _.History: History = history

    /// <summary>The measurements at each validation.</summary>
    member _.Diagnoses: IReadOnlyList<Diagnosis> = diagnoses

    /// <summary>
    /// The first step, from 1, with a non-finite training loss, gradient or optimizer state; 0 if there was none, or if this training does
    /// not diagnose.
    /// </summary>
    member _.FirstNonFinite = firstNonFinite

    /// <summary>
    /// The reason why the training ended; ValueNone if it has not. A cancelled training has not ended: it can continue.
    /// </summary>
    member _.Stop = stop

    /// <summary>The training time so far in seconds, without validations.</summary>
    member _.Seconds = seconds ()

    /// <summary>Runs a function while the workload has the learned parameters: the averages, if the optimizer keeps them.</summary>
    member _.AtLearned(act: unit -> 'result) : 'result = atLearned act

    /// <summary>
    /// The step and the learned parameters of the validation with the smallest loss; ValueNone if they are not kept, or if no validation has a
    /// finite loss.
    /// </summary>
    member _.Best: struct (int64 * 'T array) voption =
        match Validation.best history with
        | index when limits.KeepBest && index >= 0 -> ValueSome(struct (history[index].Step, Array.copy best))
        | _ -> ValueNone

    /// <summary>
    /// Trains up to a step, and validates there if a validation is due. Ends earlier at a stop rule, a limit or divergence. Cancellation
    /// takes effect within one batch. Does nothing if that step has already been reached.
    /// </summary>
    /// <param name="target">The step, counted from the start of the training.</param>
    /// <param name="progress">Called after every validation, and about four times a second in between.</param>
    /// <param name="cancellation">Interrupts the training. The next call continues.</param>
    member _.Advance(target: int64, progress: TrainingProgress -> unit, cancellation: CancellationToken) : unit =
        use _ = ThreadBudget.Enter()
        clock.Start()
        stepsClock.Start()

        try
            let mutable goesOn = true

            while goesOn do
                // An interrupted validation is repeated before anything else.
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

    /// <summary>Returns the current state. A training that starts from it continues bit-identically.</summary>
    member _.Snapshot() : TrainingSnapshot<'T> =
        let kept = state.Copy()
        // Of the given optimizer, without the numbers of this run.
        kept.Plan <- start.Checkpoint.State.Plan

        { Checkpoint = { Optimizer = given; State = kept; Parameters = workload.Parameters.ToArray() }
          Step = step
          TrainingLoss = trainingLoss
          History = history.ToArray()
          Diagnoses = diagnoses.ToArray()
          Newest = { GradientNorm = gradientNorm; UpdateRatio = updateRatio; Seconds = seconds () }
          FirstNonFinite = firstNonFinite
          Elapsed = elapsed().TotalSeconds
          Best = if Double.IsFinite bestLoss then Array.copy best else [||]
          Stop = stop }
