namespace CuteDl.Studies

open System
open System.IO

/// Turns exceptions of rules and tasks into results.
module internal TrialFailure =

    /// True if an exception is no property of the trial: another attempt can succeed.
    let private isOfMachine (error: exn) : bool =
        match error with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? OutOfMemoryException
        | :? OperationCanceledException -> true
        | _ -> false

    /// <summary>Calls code of a rule or a task. Its exception fails the trial, with the validations so far.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="curve">Returns the validations so far.</param>
    /// <param name="act">The code.</param>
    let guard (trial: Trial) (curve: unit -> Curve) (act: unit -> 'result) : Result<'result, TrialResult> =
        try
            Ok(act ())
        with error when not (isOfMachine error) ->
            Error(TrialResult.OfFailure(trial, curve (), error))
