namespace CuteDl.Studies

open System

/// <summary>A task with its data read. It is immutable: any number of trials can use it on any number of threads.</summary>
[<Sealed>]
type PreparedTask internal (task: StudyTask, problem: IPreparedProblem) =
    let identity =
        let target =
            match task.Target with
            | Target.Accuracy least -> $"accuracy {Landscape.number least}"
            | Target.Loss most -> $"loss {Landscape.number most}"

        let precision = task.Precision.ToString().ToLowerInvariant()
        $"{task.Name}: {problem.Identity}; {precision}, {task.Steps} steps, validated every {task.ValidateEvery}, target {target}"

    /// <summary>The task.</summary>
    member _.Task = task

    /// <summary>The problem, with its data read.</summary>
    member _.Problem = problem

    /// <summary>The hash of the problem's data; empty if it has none.</summary>
    member _.DataHash = problem.DataHash

    /// <summary>
    /// Everything in the task that its results depend on, on one line. Tasks with equal identities give bit-identical results.
    /// </summary>
    member _.Identity = identity

/// <summary>Prepares tasks.</summary>
module PreparedTask =
    /// <summary>Reads and divides the data of a task.</summary>
    /// <param name="read">Reads a source: its training images and, as validation, its test images.</param>
    /// <param name="task">The task.</param>
    /// <exception cref="T:System.ArgumentException">A number is out of its range, or the layers do not fit the data.</exception>
    let prepare (read: ImageReader) (task: StudyTask) : PreparedTask =
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

        PreparedTask(task, task.Problem.Prepare(task.Name, read))
