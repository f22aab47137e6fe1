namespace CuteDl.Studies

open System
open System.IO

/// Tells failures of the machine from failures of a rule or a problem.
module internal MachineFailure =
    /// True if an exception is no property of a trial: another attempt can succeed.
    let isOf (error: exn) : bool =
        match error with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? OutOfMemoryException
        | :? OperationCanceledException -> true
        | _ -> false
