namespace CuteDl.Core.Optimizers

open System

/// <summary>Thrown if a text form is invalid. The message quotes at most 80 characters of the text, around the error.</summary>
/// <param name="text">The whole text.</param>
/// <param name="position">The position of the error, counted from 0.</param>
/// <param name="problem">The problem and the allowed values.</param>
/// <param name="argument">The argument whose value is at fault; null if there is none.</param>
type ExpressionException(text: string, position: int, problem: string, argument: string | null) =
    inherit FormatException($"'{Quotation.around text position}', character {position + 1}: {problem}")
    /// <summary>An error that is not about the value of an argument.</summary>
    new(text: string, position: int, problem: string) = ExpressionException(text, position, problem, null)
    /// <summary>The whole text.</summary>
    member _.Text = text
    /// <summary>The position of the error, counted from 0.</summary>
    member _.Position = position
    /// <summary>The problem and the allowed values.</summary>
    member _.Problem = problem
    /// <summary>The argument whose value is at fault, by its name in the text form; null if there is none.</summary>
    member _.ArgumentName = argument
