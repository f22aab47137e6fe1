namespace CuteDl.Studies

open System

/// <summary>Thrown if a study cannot start, continue or be read. The message says why and what to do.</summary>
/// <param name="message">The message.</param>
/// <param name="inner">The error that caused it, if any.</param>
type StudyException(message: string, inner: exn | null) =
    inherit Exception(message, inner)
    /// <summary>Without an inner exception.</summary>
    new(message: string) = StudyException(message, null)
