/// The names that a trial adds to the snapshot of its training, and to the notes of its model.
module internal CuteDl.Studies.TrialFile

let prefix = "trial:"
let MarksName = "trial:marks"
let HashName = "trial:hash"
let TrialKey = "cutedl.trial"
let OptimizerKey = "cutedl.trial.optimizer"
let TaskKey = "cutedl.trial.task"
let StepKey = "cutedl.trial.step"

/// Returns the origin of parameters, as metadata of their file.
let notes (trial: Trial) (task: string) (step: int64) : Map<string, string> =
    Map [ TrialKey, trial.Id; OptimizerKey, trial.Optimizer; TaskKey, task; StepKey, string step ]
