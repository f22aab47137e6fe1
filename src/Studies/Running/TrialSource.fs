namespace CuteDl.Studies

open System
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>A trial under way. Used by one thread at a time.</summary>
type ITrialRun =
    /// <summary>Steps taken.</summary>
    abstract Step: int64

    /// <summary>Whether it has come to its end: its budget, divergence, or a stop rule.</summary>
    abstract HasEnded: bool

    /// <summary>Its validations so far.</summary>
    abstract Curve: Curve

    /// <summary>Goes on until so many steps are taken, or it ends, or is cancelled, which is within one batch.</summary>
    abstract RunTo: step: int64 * cancellation: CancellationToken -> unit

    /// <summary>Saves where it is, so that it can go on from there bit for bit.</summary>
    /// <exception cref="T:System.IO.IOException">The file cannot be written.</exception>
    abstract Save: path: string -> unit

    /// <summary>What came of it; before its end, it counts as pruned.</summary>
    /// <param name="cancellation">Gives up counting units and scoring the test set.</param>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    abstract Result: cancellation: CancellationToken -> TrialResult

/// <summary>Begins trials. Used by several threads at a time.</summary>
type ITrialSource =
    /// <summary>Begins a trial.</summary>
    abstract Start: trial: Trial -> ITrialRun

    /// <summary>Goes on with a trial from where it was saved.</summary>
    /// <exception cref="T:System.FormatException">The file is damaged, or of another trial.</exception>
    abstract Restore: trial: Trial * path: string -> ITrialRun

/// <summary>Trains the trials of a study.</summary>
/// <param name="study">The study.</param>
/// <param name="tasks">Its tasks, with their data read.</param>
[<Sealed>]
type PreparedTrials(study: Study, tasks: PreparedTask seq) =
    let tasks = tasks |> Seq.map (fun task -> task.Task.Name, task) |> Map.ofSeq
    let contenders = study.Contenders |> List.map (fun contender -> contender.Name, contender) |> Map.ofList

    // By the contender rather than by the text, which does not know every optimizer that a program can make.
    let optimizer (trial: Trial) : Optimizer =
        (contenders[trial.Contender].Optimizer, trial.Values)
        ||> Array.fold (fun optimizer struct (name, value) -> Optimizer.set name value optimizer)

    let under (run: TrialRun) : ITrialRun =
        { new ITrialRun with
            member _.Step = run.Step
            member _.HasEnded = run.IsEnded
            member _.Curve = run.Curve
            member _.RunTo(step, cancellation) = run.RunTo(step, ignore, cancellation)
            member _.Save path = Safetensors.save path (run.Snapshot())
            member _.Result cancellation = run.Result cancellation }

    /// <summary>Reads the images of a study's tasks.</summary>
    /// <param name="read">From a source to its training images and, as validation, its test images.</param>
    /// <param name="study">The study.</param>
    /// <exception cref="T:System.ArgumentException">A number is out of its range, or layers and data do not fit.</exception>
    static member Of(read: Func<ImageSource, DataSets>, study: Study) : PreparedTrials =
        PreparedTrials(study, [ for task in study.Tasks -> PreparedTask.prepare read.Invoke task ])

    /// <summary>The tasks, in the study's order.</summary>
    member _.Tasks: PreparedTask array = [| for task in study.Tasks -> tasks[task.Name] |]

    /// <summary>A hash of the images of each task that has some.</summary>
    member prepared.DataHashes: struct (string * string) array =
        [| for task in prepared.Tasks do
               if task.DataHash <> "" then
                   struct (task.Task.Name, task.DataHash) |]

    interface ITrialSource with
        member _.Start trial = under (TrialRunner.startWith tasks[trial.Task] (optimizer trial) trial)

        member _.Restore(trial, path) = under (TrialRunner.resumeWith tasks[trial.Task] (optimizer trial) trial path (Safetensors.read path))
