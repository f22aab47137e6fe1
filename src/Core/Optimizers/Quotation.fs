namespace CuteDl.Core.Optimizers

/// <summary>Texts of others in messages: never so long that they hide the message.</summary>
module Quotation =

    /// <summary>The most characters that a message quotes.</summary>
    [<Literal>]
    let MaximumLength = 80

    /// <summary>The text, or its beginning and <c>...</c> if it is longer than a message quotes.</summary>
    let shorten (text: string) : string =
        if text.Length <= MaximumLength then text else text.Substring(0, MaximumLength - 3) + "..."

    /// <summary>The same in single quotes.</summary>
    let quote (text: string) : string = $"'{shorten text}'"

    /// <summary>The part of a text around a position, with <c>...</c> where something is left out.</summary>
    let around (text: string) (position: int) : string =
        if text.Length <= MaximumLength then
            text
        else
            let length = MaximumLength - 6
            let start = max 0 (min (position - length / 2) (text.Length - length))
            let before = if start > 0 then "..." else ""
            let after = if start + length < text.Length then "..." else ""
            before + text.Substring(start, length) + after
