namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.Numerics
open System.Runtime.InteropServices
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// The fingerprint of a trial. Each mark has 16 bits of a hash of the training losses of a fixed number of steps.
[<Sealed>]
type internal Marks(every: int, marks: uint16 array, hash: uint64) =
    let marks = List<uint16> marks
    let mutable hash = hash

    member _.Add(step: int64, loss: float) : unit =
        hash <- BitHash.addFloat hash loss

        if step % int64 every = 0L then
            marks.Add(uint16 hash)
            hash <- BitHash.start

    member _.Hash = hash
    member _.Complete = marks.ToArray()

    /// Returns the marks up to a step, with a last mark for an incomplete interval.
    member own.At(step: int64) : uint16 array =
        if step % int64 every = 0L then own.Complete else Array.append own.Complete [| uint16 hash |]

/// Endings of trials.
module internal TrialEnding =
    /// Returns the ending of a training. A training that has not stopped is pruned.
    let ofStop (stop: StopReason voption) : Ending =
        match stop with
        | ValueNone -> Ending.Pruned
        | ValueSome stop ->
            match stop with
            | MaxSteps -> Ending.Completed
            | NoImprovement -> Ending.NoImprovement
            | TooSlow -> Ending.TooSlow
            | TargetHeld -> Ending.TargetHeld
            | Diverged -> Ending.Diverged

    /// True if a stop rule ended the trial.
    let isStopped (ending: Ending) : bool =
        ending = Ending.NoImprovement || ending = Ending.TooSlow || ending = Ending.TargetHeld

/// <summary>A trial that is being trained. Not thread-safe.</summary>
[<AbstractClass>]
type TrialRun internal (trial: Trial) =
    member _.Trial = trial

    /// <summary>The number of steps taken.</summary>
    abstract Step: int64

    /// <summary>All validations so far, oldest first.</summary>
    abstract History: History

    /// <summary>The newest validation, if there is one.</summary>
    abstract Newest: Nullable<Score>

    /// <summary>The training loss of the newest step; NaN before the first.</summary>
    abstract TrainingLoss: float

    /// <summary>The learning rates of the next step, each with the name of its part.</summary>
    abstract LearningRates: (string * float) list

    /// <summary>All validations so far, with the diagnoses recorded at each.</summary>
    abstract Curve: Curve

    /// <summary>True if the trial has ended: its budget is used up, a stop rule applied, or it diverged.</summary>
    abstract IsEnded: bool

    /// <summary>The number of steps per mark of the fingerprint.</summary>
    abstract FingerprintEvery: int

    /// <summary>The marks so far. The last one covers fewer steps if it is not complete.</summary>
    abstract Fingerprint: uint16 array

    /// <summary>
    /// Trains up to a step, and validates there if a validation is due; or to the end of the trial. Cancellation takes effect within one
    /// batch, and the next call continues. A non-finite loss ends the trial without an exception.
    /// </summary>
    /// <param name="step">The step, counted from the start of the trial.</param>
    /// <param name="progress">Called after every validation, and about four times a second in between.</param>
    /// <param name="cancellation">Interrupts the training.</param>
    abstract RunTo: step: int64 * progress: (TrainingProgress -> unit) * cancellation: CancellationToken -> unit

    /// <summary>Returns the current state as the content of a safetensors file. <c>TrialRunner.resume</c> continues from it.</summary>
    abstract Snapshot: unit -> Safetensors

    /// <summary>Returns the result. A trial that has not ended counts as pruned at its current step.</summary>
    /// <exception cref="T:System.OperationCanceledException">Cancelled while units were counted or the test set was scored.</exception>
    abstract Result: cancellation: CancellationToken -> TrialResult

    /// <summary>
    /// Returns the model so far; null if models are not kept, if the problem has none, or if the trial diverged. See <c>ITrialRun</c>.
    /// </summary>
    abstract Model: unit -> TrainedModel | null

    /// <summary>Trains to the end of the trial.</summary>
    member run.RunToEnd(progress: TrainingProgress -> unit, cancellation: CancellationToken) : unit =
        run.RunTo(Int64.MaxValue, progress, cancellation)

[<Sealed>]
type internal TrialRun<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (
        task: PreparedTask,
        trial: Trial,
        problem: IProblemInstance<'T>,
        limits: TrainingLimits,
        every: int,
        start: TrainingSnapshot<'T>,
        marks: Marks
    ) =
    inherit TrialRun(trial)

    let workload = problem.Workload
    let training = Training<'T>(workload, limits, start, (fun step loss -> marks.Add(step, loss)))

    let newest () : Nullable<Score> = Score.Newest training.History

    let lastIf (condition: bool) : Nullable<Score> = if condition then newest () else Nullable()

    /// The step and the parameters that the trial keeps: the best ones, or the learned ones of the newest step.
    let kept () : struct (int64 * 'T array) =
        match training.Best with
        | ValueSome best -> best
        | ValueNone -> struct (training.Step, training.AtLearned(fun () -> workload.Parameters.ToArray()))

    let health (ending: Ending) : Health =
        // NaN parameters say nothing about units.
        let units = if ending = Ending.Diverged then Health.Sound else training.AtLearned problem.Health
        { units with FirstNonFinite = training.FirstNonFinite }

    let isTested =
        trial.Phase = Phase.Confirmation || trial.Phase = Phase.Defaults || trial.Phase = Phase.Run

    let test (ending: Ending) (cancellation: CancellationToken) : Nullable<Score> =
        if isTested && ending <> Ending.Pruned && ending <> Ending.Diverged then
            let struct (step, parameters) = kept ()

            match problem.Test(parameters, cancellation) with
            | ValueSome quality -> Nullable(Score.Of(step, quality))
            | ValueNone -> Nullable()
        else
            Nullable()

    let curve () : Curve = Curve.Of(training.History, training.Diagnoses)

    override _.Step = training.Step
    override _.History = training.History
    override _.Newest = newest ()
    override _.TrainingLoss = training.TrainingLoss
    override _.LearningRates = training.LearningRates
    override _.Curve = curve ()
    override _.IsEnded = training.Stop.IsSome
    override _.FingerprintEvery = every
    override _.Fingerprint = marks.At training.Step
    override _.RunTo(step, progress, cancellation) = training.Advance(step, progress, cancellation)

    override _.Snapshot() =
        let content = TrainingSnapshot.toContent (training.Snapshot())
        let bytes = MemoryMarshal.AsBytes(ReadOnlySpan marks.Complete).ToArray()

        { Metadata = content.Metadata |> Map.foldBack Map.add (TrialFile.notes trial task.Identity training.Step)
          Tensors =
            content.Tensors
            |> Map.add TrialFile.MarksName { Shape = [ bytes.Length ]; Cells = U8 bytes }
            |> Map.add TrialFile.HashName { Shape = []; Cells = I64 [| int64 marks.Hash |] } }

    override _.Model() =
        if not task.KeepsModels || TrialEnding.ofStop training.Stop = Ending.Diverged then
            null
        else
            let struct (step, parameters) = kept ()

            match problem.Model parameters with
            | null -> null
            | model -> model.WithNotes(TrialFile.notes trial task.Identity step)

    override _.Result(cancellation) =
        cancellation.ThrowIfCancellationRequested()
        let ending = TrialEnding.ofStop training.Stop
        let curve = curve ()

        let struct (steps, seconds) = curve.ToTarget task.Task.Target

        { Trial = trial
          Ending = ending
          Steps = training.Step
          Curve = curve
          StepsToTarget = steps
          ExamplesToTarget = steps * float task.Task.Problem.ExamplesAStep
          SecondsToTarget = seconds
          Best = curve.Best task.Task.Target
          Final = lastIf (ending = Ending.Completed)
          AtStop = lastIf (TrialEnding.isStopped ending)
          Test = test ending cancellation
          Health = health ending
          Fingerprint = marks.At training.Step
          FingerprintEvery = every
          Parameters = BitHash.ofAll (workload.Parameters.ToArray())
          Seconds = training.Seconds
          Failure = "" }
