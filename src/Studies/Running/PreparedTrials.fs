namespace CuteDl.Studies

open System
open System.Collections.Generic
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>Trains the trials of a study.</summary>
/// <param name="study">The study.</param>
/// <param name="tasks">All tasks of the study, with their data read.</param>
/// <exception cref="T:System.ArgumentException">A task of the study was not prepared, or an optimizer does not fit a task.</exception>
[<Sealed>]
type PreparedTrials(study: StudyDesign, tasks: PreparedTask seq) =
    let tasks =
        tasks
        |> Seq.map (fun task -> task.Task.Name, (if study.Protocol.Kind.KeepsModels then task.KeepingModels() else task))
        |> Map.ofSeq

    do
        for task in study.Tasks do
            if not (tasks.ContainsKey task.Name) then
                raise (ArgumentException($"The task '{task.Name}' was not prepared.", nameof tasks))

        // Checked before the first trial: with an optimizer that does not fit, the study could never be completed.
        for task in study.Tasks do
            for contender in study.Contenders do
                match Fit.problem contender.Optimizer tasks[task.Name].Task tasks[task.Name].Problem.Layout with
                | Some problem -> raise (ArgumentException($"{contender.Name} does not fit the task {task.Name}: {problem}", nameof study))
                | None -> ()

    let contenders = study.Contenders |> List.map (fun contender -> contender.Name, contender) |> Map.ofList

    // Built from the contender, because the text form does not know every optimizer that a program can make.
    let optimizer (trial: Trial) : Optimizer =
        let made =
            (contenders[trial.Contender].Optimizer, trial.Values)
            ||> Array.fold (fun optimizer struct (name, value) -> Optimizer.set name value optimizer)

        if string made <> trial.Optimizer then
            raise (
                ArgumentException(
                    $"The trial {trial} names the optimizer {trial.Optimizer}, but {trial.Contender} with the trial's values is {made}.",
                    nameof trial
                )
            )

        made

    let under (run: TrialRun) : ITrialRun =
        { new ITrialRun with
            member _.Step = run.Step
            member _.HasEnded = run.IsEnded
            member _.Newest = run.Newest

            member _.Moment =
                { TrainingLoss = run.TrainingLoss
                  LearningRates = [| for name, rate in run.LearningRates -> KeyValuePair(name, rate) |] }

            member _.Curve = run.Curve
            member _.RunTo(step, cancellation) = run.RunTo(step, ignore, cancellation)
            member _.Save path = Safetensors.save path (run.Snapshot())
            member _.Result cancellation = run.Result cancellation
            member _.Model() = run.Model() }

    /// <summary>Reads the data sets of a study's tasks.</summary>
    /// <param name="read">Reads a source of data.</param>
    /// <param name="study">The study.</param>
    /// <exception cref="T:System.ArgumentException">A number is out of its range; or layers, data and optimizers do not fit each
    /// other.</exception>
    static member Of(read: DataReader, study: StudyDesign) : PreparedTrials =
        PreparedTrials(study, [ for task in study.Tasks -> PreparedTask.prepareUnder study.Protocol.StopRules read task ])

    /// <summary>The tasks, in the study's order.</summary>
    member _.Tasks: PreparedTask array = [| for task in study.Tasks -> tasks[task.Name] |]

    /// <summary>Returns the same trials, with their models kept whatever the protocol is.</summary>
    member prepared.KeepingModels() : PreparedTrials = PreparedTrials(study, [ for task in prepared.Tasks -> task.KeepingModels() ])

    /// <summary>The name and the hash of the data of each task that has data.</summary>
    member prepared.DataHashes: struct (string * string) array =
        [| for task in prepared.Tasks do
               if task.DataHash <> "" then
                   struct (task.Task.Name, task.DataHash) |]

    interface ITrialSource with
        member _.Start trial =
            let task = tasks[trial.Task]

            match task.Task.Problem with
            | :? OwnTrainer as trainer -> TrainerRun(task, trainer, optimizer trial, trial)
            | _ -> under (TrialRunner.startWith task (optimizer trial) trial)

        member _.Restore(trial, path) =
            under (TrialRunner.resumeWith tasks[trial.Task] (optimizer trial) trial path (Safetensors.read path))
