namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>The trials of a study on its prepared tasks: networks and functions that are really trained.</summary>
/// <param name="study">The study.</param>
/// <param name="tasks">All of its tasks, prepared.</param>
/// <exception cref="T:System.ArgumentException">A task of the study was not prepared.</exception>
[<Sealed>]
type PreparedTrials(study: Study, tasks: PreparedTask seq) =
    let tasks =
        let byName = Dictionary<string, PreparedTask>()

        for task in tasks do
            byName[task.Task.Name] <- task

        for task in study.Tasks do
            if not (byName.ContainsKey task.Name) then
                raise (ArgumentException($"the task '{task.Name}' was not prepared.", nameof tasks))

        byName

    let taskOf (trial: Trial) : PreparedTask =
        match tasks.TryGetValue trial.Task with
        | true, task -> task
        | _ -> raise (ArgumentException($"the trial {trial} is of the task '{trial.Task}', which this study does not have.", nameof trial))

    // The contender itself, with the trial's values: it may have parts that the text form does not know.
    let optimizerOf (trial: Trial) : Optimizer =
        let made =
            study.Contenders
            |> List.tryFind (fun contender -> contender.Name = trial.Contender)
            |> Option.map (fun contender ->
                (contender.Optimizer, trial.Values)
                ||> Array.fold (fun optimizer struct (name, value) -> Optimizer.set name value optimizer))

        match made with
        | Some optimizer when string optimizer = trial.Optimizer -> optimizer
        | _ -> Expression.parse trial.Optimizer

    let asRun (run: TrialRun) : ITrialRun =
        { new ITrialRun with
            member _.Step = run.Step
            member _.HasEnded = run.IsEnded
            member _.Curve = run.Curve
            member _.RunTo(step, cancellation) = run.RunTo(step, ignore, cancellation)
            member _.Save path = Safetensors.save path (run.Snapshot())
            // Only a trial that is not at its end can be pruned.
            member _.Result _ = run.Result CancellationToken.None
            member _.Dispose() = () }

    interface ITrialSource with
        member _.Start trial = asRun (TrialRunner.startWith (taskOf trial) (optimizerOf trial) trial)

        member _.Restore(trial, path) =
            asRun (TrialRunner.resumeWith (taskOf trial) (optimizerOf trial) trial path (Safetensors.read path))
