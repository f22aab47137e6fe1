namespace CuteDl.Studies

open System

/// <summary>A study cannot begin, continue or be read; the message says why and what to do.</summary>
/// <param name="message">The sentence.</param>
/// <param name="inner">The error that caused it, if any.</param>
type StudyException(message: string, inner: exn | null) =
    inherit Exception(message, inner)
    /// <summary>Without an inner exception.</summary>
    new(message: string) = StudyException(message, null)
