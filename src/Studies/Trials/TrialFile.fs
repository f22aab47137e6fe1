/// /// The names that a trial adds to the snapshot of its training.
module internal CuteDl.Studies.TrialFile

let prefix = "trial:"
let MarksName = "trial:marks"
let HashName = "trial:hash"
let TrialKey = "cutedl.trial"
let OptimizerKey = "cutedl.trial.optimizer"
let TaskKey = "cutedl.trial.task"
