namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// Checks that optimizers fit the tensors of a task. Otherwise every trial would fail at its first step.
[<RequireQualifiedAccess>]
module internal Fit =
    /// Returns the reason why an optimizer does not fit the tensors or the budget of a task.
    let problem (optimizer: Optimizer) (task: StudyTask) (layout: Layout) : string option =
        try
            Optimizer.check (Optimizer.forRun task.Steps optimizer) layout
            None
        with :? ArgumentException as error ->
            Some(Refusal.sentence error)
