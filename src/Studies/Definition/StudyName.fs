namespace CuteDl.Studies

open System

/// <summary>Names of tasks and contenders.</summary>
[<RequireQualifiedAccess>]
module StudyName =
    /// <summary>
    /// True if a text can be the name of a task or contender, and so of files and folders: at most 60 ASCII letters, digits, '.', '-', '_'
    /// and '+'. The first character is a letter or digit, and the last is not '.'.
    /// </summary>
    let isValid (text: string) : bool =
        let isAllowed (letter: char) = Char.IsAsciiLetterOrDigit letter || ".-_+".Contains letter

        text.Length >= 1
        && text.Length <= 60
        && Char.IsAsciiLetterOrDigit text[0]
        && Seq.forall isAllowed text
        && text[text.Length - 1] <> '.'
