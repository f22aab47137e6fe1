namespace CuteDl.Studies

/// Turns exceptions of rules and tasks into results.
module internal TrialFailure =
    /// <summary>Calls code of a rule or a task. Its exception fails the trial, with the validations so far.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="curve">Returns the validations so far.</param>
    /// <param name="act">The code.</param>
    let guard (trial: Trial) (curve: unit -> Curve) (act: unit -> 'result) : Result<'result, TrialResult> =
        try
            Ok(act ())
        with error when not (MachineFailure.isOf error) ->
            Error(TrialResult.OfFailure(trial, curve (), error))
