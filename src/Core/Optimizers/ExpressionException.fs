namespace CuteDl.Core.Optimizers

open System

/// <summary>What is wrong with a text form, and where.</summary>
/// <param name="text">The text that was given.</param>
/// <param name="position">The character at fault, counted from 0.</param>
/// <param name="problem">What is wrong, and what is allowed.</param>
type ExpressionException(text: string, position: int, problem: string) =
    inherit FormatException($"'{text}', character {position + 1}: {problem}")
    /// <summary>The text that was given.</summary>
    member _.Text = text
    /// <summary>The character at fault, counted from 0.</summary>
    member _.Position = position
    /// <summary>What is wrong, and what is allowed.</summary>
    member _.Problem = problem
