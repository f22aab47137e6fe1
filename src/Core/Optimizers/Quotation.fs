namespace CuteDl.Core.Optimizers

open System

/// <summary>Quotes texts of the caller in messages, shortened so that they do not hide the message.</summary>
module Quotation =

    /// <summary>The maximum number of quoted characters.</summary>
    [<Literal>]
    let MaximumLength = 80

    /// <summary>The maximum number of characters of a sentence.</summary>
    [<Literal>]
    let MaximumSentence = 1000

    /// <summary>The maximum number of names that a message lists.</summary>
    [<Literal>]
    let MaximumListed = 12

    // The end of a sentence says what is allowed.
    let private keptOfEnd = 300

    let private omission = " ... "

    // A cut between the two halves of a character would leave an invalid text.
    let private beginning (length: int) (text: string) : string =
        text.Substring(0, (if Char.IsHighSurrogate text[length - 1] then length - 1 else length))

    let private ending (length: int) (text: string) : string =
        let start = text.Length - length
        text.Substring(if Char.IsLowSurrogate text[start] then start + 1 else start)

    /// <summary>Returns the text, or its beginning and <c>...</c> if it is too long.</summary>
    let shorten (text: string) : string =
        if text.Length <= MaximumLength then text else beginning (MaximumLength - 3) text + "..."

    /// <summary>Returns the shortened text in single quotes.</summary>
    let quote (text: string) : string = $"'{shorten text}'"

    /// <summary>Returns the sentence, or its beginning and its end if it has more than 1000 characters.</summary>
    let sentence (text: string) : string =
        if text.Length <= MaximumSentence then
            text
        else
            beginning (MaximumSentence - keptOfEnd - omission.Length) text + omission + ending keptOfEnd text

    /// <summary>Returns the first 12 names, separated by commas, and the number of the others: <c>a, b and 5 more</c>.</summary>
    let list (names: string seq) : string =
        let names = Seq.toList names
        let listed = String.Join(", ", List.truncate MaximumListed names)

        if names.Length > MaximumListed then $"{listed} and {names.Length - MaximumListed} more" else listed

    /// <summary>Returns the part of a text around a position, with <c>...</c> for omitted parts.</summary>
    let around (text: string) (position: int) : string =
        if text.Length <= MaximumLength then
            text
        else
            let length = MaximumLength - 6
            let start = max 0 (min (position - length / 2) (text.Length - length))
            let before = if start > 0 then "..." else ""
            let after = if start + length < text.Length then "..." else ""
            before + text.Substring(start, length) + after
