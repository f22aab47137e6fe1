/// Finds the string literals of F#, C# and JavaScript files. It knows comments, characters and every kind of string, and nothing else.
module CuteDl.Repository.Tests.StringLiterals

open System
open System.Text

/// The languages differ in comments, in what a single quote begins, and in how braces and backslashes are escaped.
type Language =
    | FSharp
    | CSharp
    | JavaScript

[<Struct>]
type private Kind = { Quotes: int; Braces: int; IsVerbatim: bool; Quote: char }

type private Reader(language: Language, text: string) =
    let mutable at = 0

    let peek offset = if at + offset < text.Length then text[at + offset] else '\000'
    let startsWith (s: string) = String.CompareOrdinal(text, at, s, 0, s.Length) = 0

    let count (character: char) (from: int) =
        let mutable i = from

        while i < text.Length && text[i] = character do
            i <- i + 1

        i - from

    let skipTo (ending: string) =
        let found = text.IndexOf(ending, at, StringComparison.Ordinal)
        at <- if found < 0 then text.Length else found + ending.Length

    /// F# comments nest.
    let rec skipNested depth =
        if at < text.Length && depth > 0 then
            if startsWith "(*" then
                at <- at + 2
                skipNested (depth + 1)
            elif startsWith "*)" then
                at <- at + 2
                skipNested (depth - 1)
            else
                at <- at + 1
                skipNested depth

    /// The kind of the string that begins here, and the length of its opening.
    let opening () : struct (Kind * int) voption =
        match language with
        | JavaScript ->
            match peek 0 with
            | '"'
            | '\'' -> ValueSome(struct ({ Quotes = 1; Braces = 0; IsVerbatim = false; Quote = peek 0 }, 1))
            | '`' -> ValueSome(struct ({ Quotes = 1; Braces = 1; IsVerbatim = false; Quote = '`' }, 1))
            | _ -> ValueNone
        | FSharp
        | CSharp ->
            let dollars = count '$' at
            let verbatim = count '@' (at + dollars)
            let dollarsAfter = if dollars = 0 then count '$' (at + verbatim) else 0
            let prefix = dollars + verbatim + dollarsAfter
            let quotes = count '"' (at + prefix)

            if quotes = 0 || verbatim > 1 then
                ValueNone
            else
                let isRaw = quotes >= 3
                // Two quotes are an empty string; of six or more, the first three open an F# string.
                let quotes = if isRaw then (if language = FSharp then 3 else quotes) else 1

                ValueSome(
                    struct ({ Quotes = quotes
                              Braces = dollars + dollarsAfter
                              IsVerbatim = verbatim = 1 || isRaw
                              Quote = '"' },
                            prefix + quotes)
                )

    /// The text of a hole, braces left out; strings within it are skipped as a whole.
    member private reader.Hole() =
        let start = at
        let mutable depth = 1

        while at < text.Length && depth > 0 do
            match peek 0 with
            | '{' ->
                depth <- depth + 1
                at <- at + 1
            | '}' ->
                depth <- depth - 1
                at <- at + 1
            | _ -> reader.Skip() |> ignore

        text.Substring(start, max 0 (at - 1 - start)).Trim()

    member private reader.Content(kind: Kind) =
        let content = StringBuilder()
        let mutable isOpen = true

        while isOpen && at < text.Length do
            let character = peek 0

            if character = kind.Quote && count kind.Quote at >= kind.Quotes then
                if kind.Quotes = 1 && kind.IsVerbatim && peek 1 = kind.Quote then
                    content.Append kind.Quote |> ignore
                    at <- at + 2
                else
                    at <- at + kind.Quotes
                    isOpen <- false
            elif character = '\\' && not kind.IsVerbatim then
                match peek 1 with
                | 'n' -> content.Append ' ' |> ignore
                | '\r'
                | '\n' -> ()
                | 'u' ->
                    content.Append(char (Convert.ToInt32(text.Substring(at + 2, 4), 16))) |> ignore
                    at <- at + 4
                | escaped -> content.Append escaped |> ignore

                at <- at + 2
            elif kind.Braces > 0 && language = JavaScript && character = '$' && peek 1 = '{' then
                at <- at + 2
                content.Append('{').Append(reader.Hole()).Append('}') |> ignore
            elif kind.Braces > 0 && language <> JavaScript && character = '{' then
                let braces = count '{' at

                if kind.Braces = 1 && braces >= 2 then
                    content.Append '{' |> ignore
                    at <- at + 2
                elif braces >= kind.Braces then
                    at <- at + kind.Braces
                    content.Append('{').Append(reader.Hole()).Append('}') |> ignore
                    at <- at + (kind.Braces - 1)
                else
                    content.Append('{', braces) |> ignore
                    at <- at + braces
            elif kind.Braces = 1 && language <> JavaScript && character = '}' && peek 1 = '}' then
                content.Append '}' |> ignore
                at <- at + 2
            else
                content.Append character |> ignore
                at <- at + 1

        content.ToString()

    /// Passes one character, comment or string; gives the string.
    member reader.Skip() : string voption =
        if startsWith "//" then
            while at < text.Length && peek 0 <> '\n' do
                at <- at + 1

            ValueNone
        elif language = FSharp && startsWith "(*" && peek 2 <> ')' then
            at <- at + 2
            skipNested 1
            ValueNone
        elif language <> FSharp && startsWith "/*" then
            skipTo "*/"
            ValueNone
        elif language <> JavaScript && peek 0 = '\'' then
            // A character, or in F# the quote of a type variable or at the end of a name.
            if peek 1 = '\\' then
                at <- at + 3
                skipTo "'"
            elif peek 2 = '\'' then
                at <- at + 3
            else
                at <- at + 1

            ValueNone
        else
            match opening () with
            | ValueSome(struct (kind, length)) ->
                at <- at + length
                ValueSome(reader.Content kind)
            | ValueNone ->
                at <- at + 1
                ValueNone

    member _.At = at
    member _.IsAtEnd = at >= text.Length

/// <summary>
/// The string literals of a file in order, each with escapes resolved and holes as <c>{expression}</c>. Literals that only <c>+</c> and
/// white space stand between are one.
/// </summary>
let all (language: Language) (text: string) : string list =
    let reader = Reader(language, text)
    let literals = Collections.Generic.List<string>()
    let mutable lastEnd = -1

    while not reader.IsAtEnd do
        let start = reader.At

        match reader.Skip() with
        | ValueSome literal ->
            let isContinued =
                lastEnd >= 0
                && (let between = text.Substring(lastEnd, start - lastEnd)
                    between.Contains '+' && between.Trim() = "+")

            if isContinued then
                literals[literals.Count - 1] <- literals[literals.Count - 1] + literal
            else
                literals.Add literal

            lastEnd <- reader.At
        | ValueNone -> ()

    List.ofSeq literals
