namespace CuteDl.Core.Optimizers

/// <summary>Quotes texts of the caller in messages, shortened so that they do not hide the message.</summary>
module Quotation =

    /// <summary>The maximum number of quoted characters.</summary>
    [<Literal>]
    let MaximumLength = 80

    /// <summary>Returns the text, or its beginning and <c>...</c> if it is too long.</summary>
    let shorten (text: string) : string =
        if text.Length <= MaximumLength then text else text.Substring(0, MaximumLength - 3) + "..."

    /// <summary>Returns the shortened text in single quotes.</summary>
    let quote (text: string) : string = $"'{shorten text}'"

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
