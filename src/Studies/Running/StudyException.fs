namespace CuteDl.Studies

open System

/// <summary>A study cannot begin, go on, or be read: why, and what can be done.</summary>
/// <param name="message">The sentence.</param>
/// <param name="inner">What caused it, if anything did.</param>
type StudyException(message: string, inner: exn | null) =
    inherit Exception(message, inner)
    /// <summary>Of nothing else's making.</summary>
    new(message: string) = StudyException(message, null)
