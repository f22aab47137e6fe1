/// The names in a trial's snapshot, beside those of the training itself.
module internal CuteDl.Studies.TrialFile

let prefix = "trial:"
let MarksName = "trial:marks"
let HashName = "trial:hash"
let TrialKey = "cutedl.trial"
let OptimizerKey = "cutedl.trial.optimizer"
let TaskKey = "cutedl.trial.task"
