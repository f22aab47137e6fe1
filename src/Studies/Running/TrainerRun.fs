namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.Diagnostics
open System.Threading
open CuteDl.Core.Models
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// A trial that a trainer of one's own trains. After a cancellation, it starts anew.
[<Sealed>]
type internal TrainerRun(task: PreparedTask, trainer: OwnTrainer, optimizer: Optimizer, trial: Trial) =
    let order: TrialToTrain =
        { Trial = trial
          Optimizer = optimizer
          Steps = task.Task.Steps
          ValidateEvery = task.Task.ValidateEvery }

    let hasClasses = (task.Task.Problem: IProblem).HasAccuracy
    let history = List<Validation>()
    let seconds = List<float>()
    let clock = Stopwatch()
    let mutable stop: StopReason voption = ValueNone

    // Guards the enumerator: a cancellation disposes it on another thread, but not while a validation is taken.
    let gate = obj ()
    let mutable validations: IEnumerator<Score> | null = null
    let mutable isTaking = false
    let mutable isCancelled = false
    let mutable registration = Unchecked.defaultof<CancellationTokenRegistration>

    let step () = if history.Count = 0 then 0L else history[history.Count - 1].Step

    let close () =
        let taken =
            lock gate (fun () ->
                let taken = validations
                validations <- null
                taken)

        match taken with
        | null -> ()
        | taken -> taken.Dispose()

    let cancel () =
        let isIdle =
            lock gate (fun () ->
                isCancelled <- true
                not isTaking)

        if isIdle then
            // Nothing can be told of a failure here, and the trial starts anew.
            try
                close ()
            with _ ->
                ()

    /// Starts the trial, also after a cancellation.
    let openWith (cancellation: CancellationToken) : IEnumerator<Score> =
        match validations with
        | null ->
            history.Clear()
            seconds.Clear()
            clock.Reset()
            isCancelled <- false
            let opened = trainer.Train(order, cancellation).GetEnumerator()
            validations <- opened
            registration.Dispose()
            registration <- cancellation.Register cancel
            opened
        | opened -> opened

    let fail (message: string) : unit = raise (InvalidOperationException message)

    let keep (score: Score) : unit =
        let due = min order.Steps (step () + int64 order.ValidateEvery)

        if score.Step <> due then
            fail
                $"The trainer '{trainer.Name}' gave a validation at step {score.Step}, but the next one is due at step {due}. Validate after each {order.ValidateEvery} steps, and after the last step."

        if hasClasses && Double.IsFinite score.Loss && not (score.Accuracy >= 0.0 && score.Accuracy <= 1.0) then
            fail
                $"The trainer '{trainer.Name}' gave the accuracy {Landscape.number score.Accuracy} at step {score.Step}. It must be from 0 to 1, because the trainer has classes."

        history.Add
            { Step = score.Step
              TrainingLoss = nan
              Quality =
                { Loss = score.Loss
                  Accuracy = if hasClasses then score.Accuracy else nan
                  RSquared = score.RSquared
                  MeanAbsoluteError = score.MeanAbsoluteError }
              Training = Quality.Unknown }

        seconds.Add clock.Elapsed.TotalSeconds

        if not (Double.IsFinite score.Loss) then
            stop <- ValueSome Diverged
        else
            match task.StopRules |> List.tryPick (fun rule -> StopRule.decide rule history) with
            | Some reason -> stop <- ValueSome reason
            | None when score.Step >= order.Steps -> stop <- ValueSome MaxSteps
            | None -> ()

    let take (opened: IEnumerator<Score>) (cancellation: CancellationToken) : unit =
        // A cancellation can have closed it since it was opened.
        let isOpen =
            lock gate (fun () ->
                isTaking <- not (isNull validations)
                isTaking)

        clock.Start()

        try
            try
                if isOpen && opened.MoveNext() then
                    keep opened.Current
                elif not cancellation.IsCancellationRequested then
                    fail $"The trainer '{trainer.Name}' ended after {step ()} of {order.Steps} steps. Give validations up to the last step."
            with :? OperationCanceledException when cancellation.IsCancellationRequested ->
                ()
        finally
            clock.Stop()
            lock gate (fun () -> isTaking <- false)

    let curve () : Curve =
        Curve.Of(history, [| for at in seconds -> { GradientNorm = nan; UpdateRatio = nan; Seconds = at } |])

    let newest () : Nullable<Score> = Score.Newest history

    interface ITrialRun with
        member _.Step = step ()
        member _.HasEnded = stop.IsSome
        member _.Newest = newest ()
        member _.Moment = TrialMoment.Unknown
        member _.Curve = curve ()

        member _.RunTo(goal, cancellation) =
            let mutable isWhole = false

            try
                while stop.IsNone && not cancellation.IsCancellationRequested && (isCancelled || step () < goal) do
                    take (openWith cancellation) cancellation

                isWhole <- true
            finally
                if not isWhole || stop.IsSome || cancellation.IsCancellationRequested then
                    registration.Dispose()
                    close ()

        // There is nothing to save: an interrupted trial starts anew.
        member _.Save _ = ()

        // Only the other library knows the parameters.
        member _.Model() = null

        member _.Result cancellation =
            cancellation.ThrowIfCancellationRequested()
            registration.Dispose()
            close ()
            let ending = TrialEnding.ofStop stop
            let curve = curve ()
            let struct (steps, time) = curve.ToTarget task.Task.Target
            let lastIf condition = if condition then newest () else Nullable()

            { Trial = trial
              Ending = ending
              Steps = step ()
              Curve = curve
              StepsToTarget = steps
              ExamplesToTarget = steps
              SecondsToTarget = time
              Best = curve.Best task.Task.Target
              Final = lastIf (ending = Ending.Completed)
              AtStop = lastIf (TrialEnding.isStopped ending)
              Test = Nullable()
              Health = Health.Sound
              Fingerprint = [||]
              FingerprintEvery = 1
              Parameters = Array.append curve.Loss curve.Accuracy |> BitHash.ofAll
              Seconds = clock.Elapsed.TotalSeconds
              Failure = "" }
