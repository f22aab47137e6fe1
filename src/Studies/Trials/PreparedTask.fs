namespace CuteDl.Studies

open System
open CuteDl.Core.Training

/// <summary>A task with its data read. It is immutable: any number of trials can use it on any number of threads.</summary>
[<Sealed>]
type PreparedTask internal (task: StudyTask, problem: IPreparedProblem, stopRules: StopRule list, keepsModels: bool) =
    let identity =
        let target =
            match task.Target with
            | Target.Accuracy least -> $"accuracy {Landscape.number least}"
            | Target.Loss most -> $"loss {Landscape.number most}"

        let precision = task.Precision.ToString().ToLowerInvariant()

        let stops =
            stopRules
            |> List.map (function
                | Stagnation(patience, gain) -> $", stopped without a gain of {Landscape.number gain} in {patience} validations"
                | StopRule.Target(accuracy, hold) -> $", stopped above {Landscape.number accuracy} in {hold} validations"
                | EarlyStopping patience -> $", stopped {patience} validations after the smallest loss"
                | ReachedAccuracy accuracy -> $", stopped at accuracy {Landscape.number accuracy}"
                | ReachedLoss loss -> $", stopped at loss {Landscape.number loss}")
            |> String.concat ""

        $"{task.Name}: {problem.Identity}; {precision}, {task.Steps} steps, validated every {task.ValidateEvery}, target {target}{stops}"

    /// <summary>The task.</summary>
    member _.Task = task

    /// <summary>The problem, with its data read.</summary>
    member _.Problem = problem

    /// <summary>The rules that can end a trial before its budget of steps is used up.</summary>
    member _.StopRules = stopRules

    /// <summary>True if trials keep their models. It changes no result.</summary>
    member _.KeepsModels = keepsModels

    /// <summary>Returns the same task, with the models of its trials kept.</summary>
    member _.KeepingModels() : PreparedTask = PreparedTask(task, problem, stopRules, true)

    /// <summary>The hash of the problem's data; empty if it has none.</summary>
    member _.DataHash = problem.DataHash

    /// <summary>
    /// Everything in the task that its results depend on, on one line. Tasks with equal identities give bit-identical results.
    /// </summary>
    member _.Identity = identity

/// <summary>Prepares tasks.</summary>
module PreparedTask =
    /// <summary>Reads and divides the data of a task whose trials can end early.</summary>
    /// <param name="stopRules">The rules that can end a trial before its budget of steps is used up.</param>
    /// <param name="read">Reads a source.</param>
    /// <param name="task">The task.</param>
    /// <exception cref="T:System.ArgumentException">A number is out of its range, or the layers do not fit the data.</exception>
    let prepareUnder (stopRules: StopRule list) (read: DataReader) (task: StudyTask) : PreparedTask =
        stopRules |> List.iter StopRule.validate

        if task.Steps < 1L then
            raise (
                ArgumentOutOfRangeException(
                    "steps",
                    task.Steps,
                    $"The task '{task.Name}' has a budget of {task.Steps} steps. Use at least 1."
                )
            )

        if task.ValidateEvery < 1 then
            raise (
                ArgumentOutOfRangeException(
                    "validate every",
                    task.ValidateEvery,
                    $"The task '{task.Name}' is validated every {task.ValidateEvery} steps. Use at least 1."
                )
            )

        PreparedTask(task, task.Problem.Prepare(task.Name, read), stopRules, false)

    /// <summary>Reads and divides the data of a task.</summary>
    /// <param name="read">Reads a source.</param>
    /// <param name="task">The task.</param>
    /// <exception cref="T:System.ArgumentException">A number is out of its range, or the layers do not fit the data.</exception>
    let prepare (read: DataReader) (task: StudyTask) : PreparedTask = prepareUnder [] read task
