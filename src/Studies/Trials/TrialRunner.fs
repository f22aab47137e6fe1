namespace CuteDl.Studies

open System
open System.Numerics
open System.Runtime.InteropServices
open CuteDl.Core.Data
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// <summary>
/// Starts trials on prepared tasks, and resumes them from snapshots. A resumed trial gives the same bits as an uninterrupted one.
/// </summary>
module TrialRunner =
    // The approximate maximum number of marks in a fingerprint.
    let private mostMarks = 20_000L

    let private limits (task: PreparedTask) : TrainingLimits =
        { MaxSteps = Some task.Task.Steps
          ValidateEvery = Some task.Task.ValidateEvery
          StopRules = task.StopRules
          Diagnose = true
          KeepBest = task.KeepsModels && task.StopRules |> List.exists StopRule.keepsBest }

    let private fingerprintEvery (task: PreparedTask) : int = int (max 1L ((task.Task.Steps + mostMarks - 1L) / mostMarks))

    let private check (task: PreparedTask) (trial: Trial) =
        if trial.Task <> task.Task.Name then
            raise (ArgumentException($"The trial {trial} belongs to the task '{trial.Task}', not to '{task.Task.Name}'.", nameof trial))

    let private startAs<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (task: PreparedTask)
        (optimizer: Optimizer)
        (trial: Trial)
        : TrialRun =
        let problem = task.Problem.Start<'T> trial.Seed
        let limits = limits task
        let every = fingerprintEvery task
        let snapshot = TrainingSnapshot.start optimizer problem.Workload.Layout problem.Initial
        TrialRun<'T>(task, trial, problem, limits, every, snapshot, Marks(every, [||], BitHash.start))

    let private resumeAs<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (task: PreparedTask)
        (optimizer: Optimizer)
        (trial: Trial)
        (file: string)
        (content: Safetensors)
        : TrialRun =
        let damaged (problem: string) : 'any = raise (DataFormatException(file, 0L, problem))

        let belongs (key: string) (expected: string) (what: string) =
            match content.Metadata.TryFind key with
            | Some found when found = expected -> ()
            | Some found -> damaged $"The snapshot belongs to the {what} '{found}', not to '{expected}'."
            | None -> damaged $"The file is not a snapshot of a trial: its metadata have no '{key}'."

        belongs TrialFile.TrialKey trial.Id "trial"
        belongs TrialFile.OptimizerKey trial.Optimizer "optimizer"
        belongs TrialFile.TaskKey task.Identity "task"
        let problem = task.Problem.Start<'T> trial.Seed
        let limits = limits task
        let every = fingerprintEvery task
        let isOurs (name: string) = name.StartsWith(TrialFile.prefix, StringComparison.Ordinal)

        let snapshot =
            { content with Tensors = content.Tensors |> Map.filter (fun name _ -> not (isOurs name)) }
            |> TrainingSnapshot.ofContent<'T> optimizer file

        if limits.KeepBest && snapshot.Best.Length = 0 && Validation.best snapshot.History >= 0 then
            damaged "The snapshot does not have the parameters of its best validation."

        let marks =
            match content.Tensors.TryFind TrialFile.MarksName with
            | Some { Cells = U8 bytes } when int64 (bytes.Length / 2) = snapshot.Step / int64 every ->
                MemoryMarshal.Cast<byte, uint16>(ReadOnlySpan bytes).ToArray()
            | Some _ -> damaged $"The tensor '{TrialFile.MarksName}' must have a mark for every {every} of {snapshot.Step} steps."
            | None -> damaged $"The tensor '{TrialFile.MarksName}' is missing."

        let hash =
            match content.Tensors.TryFind TrialFile.HashName with
            | Some { Shape = []; Cells = I64 [| hash |] } -> uint64 hash
            | _ -> damaged $"The tensor '{TrialFile.HashName}' is missing, or is not one number."

        TrialRun<'T>(task, trial, problem, limits, every, snapshot, Marks(every, marks, hash))

    /// <summary>Starts a trial of a given optimizer, which need not have a text form.</summary>
    /// <exception cref="T:System.ArgumentException">The trial belongs to another task, or the optimizer does not fit the model.</exception>
    let startWith (task: PreparedTask) (optimizer: Optimizer) (trial: Trial) : TrialRun =
        check task trial

        match task.Task.Precision with
        | TaskPrecision.Double -> startAs<float> task optimizer trial
        | _ -> startAs<float32> task optimizer trial

    /// <summary>Starts a trial.</summary>
    /// <exception cref="T:System.ArgumentException">The trial belongs to another task, or the optimizer does not fit the model.</exception>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The optimizer of the trial is unknown.</exception>
    let start (task: PreparedTask) (trial: Trial) : TrialRun = startWith task (Expression.parse trial.Optimizer) trial

    /// <summary>Resumes a trial of a given optimizer, which need not have a text form, from a snapshot.</summary>
    /// <param name="task">The task, prepared as for the snapshot.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="trial">The trial.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="content">The snapshot.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The snapshot is damaged, or belongs to another trial, optimizer or
    /// task.</exception>
    let resumeWith (task: PreparedTask) (optimizer: Optimizer) (trial: Trial) (file: string) (content: Safetensors) : TrialRun =
        check task trial

        match task.Task.Precision with
        | TaskPrecision.Double -> resumeAs<float> task optimizer trial file content
        | _ -> resumeAs<float32> task optimizer trial file content

    /// <summary>Resumes a trial from a snapshot.</summary>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The snapshot is damaged, or belongs to another trial, optimizer or
    /// task.</exception>
    let resume (task: PreparedTask) (trial: Trial) (file: string) (content: Safetensors) : TrialRun =
        resumeWith task (Expression.parse trial.Optimizer) trial file content
