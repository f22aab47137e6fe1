namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.Globalization
open System.Text

/// <summary>A part of a text form, and its position in the text.</summary>
type Node =
    {
        /// <summary>The position of the part, counted from 0.</summary>
        At: int
        /// <summary>The content of the part.</summary>
        Term: Term
    }

/// <summary>The content of a part of a text form.</summary>
and [<RequireQualifiedAccess>] Term =
    /// <summary>A number: <c>0.1</c>, <c>-2</c>, <c>1e-4</c> or <c>inf</c>; never NaN.</summary>
    | Number of value: float
    /// <summary>A percentage: <c>10%</c>.</summary>
    | Percent of value: float
    /// <summary>A flag: <c>true</c> or <c>false</c>.</summary>
    | Flag of value: bool
    /// <summary>A text: <c>"quoted"</c>, with <c>\"</c> for a quote and <c>\\</c> for a backslash.</summary>
    | Text of value: string
    /// <summary>A call: <c>name</c> or <c>name(entry, entry, ...)</c>. Without entries, the two are equal.</summary>
    | Call of name: string * arguments: Entry list
    /// <summary>A chain: <c>a | b | c</c>, two or more parts, none of them a chain.</summary>
    | Chain of parts: Node list
    /// <summary>Groups: <c>{ "pattern": value, "optional"?: value, ... }</c>, at least one.</summary>
    | Groups of groups: GroupEntry list

/// <summary>A group: <c>"pattern": value</c>, or <c>"pattern"?: value</c> if it may match no tensor.</summary>
and GroupEntry =
    {
        /// <summary>The pattern, always a text.</summary>
        Pattern: Node
        /// <summary>True if a <c>?</c> follows the pattern.</summary>
        IsOptional: bool
        /// <summary>The value.</summary>
        Value: Node
    }

/// <summary>An argument of a call: <c>value</c> or <c>name=value</c>. Arguments without a name come first.</summary>
and Entry =
    {
        /// <summary>The name, if there is one. Names within a call are unique.</summary>
        Name: string voption
        /// <summary>The position of the entry, counted from 0.</summary>
        At: int
        /// <summary>The value.</summary>
        Value: Node
    }

/// A recursive-descent parser. Each member reads one construct, or fails at its position.
[<Sealed>]
type private SyntaxReader(text: string, maximumDepth: int) =
    let mutable position = 0

    let startsName c = Char.IsAsciiLetter c || c = '_'
    let isNamePart c = startsName c || Char.IsAsciiDigit c || c = '-'
    let isNumberPart c = Char.IsAsciiLetterOrDigit c || c = '.' || c = '+' || c = '-'
    let isSign c = c = '+' || c = '-'

    let fail at problem : 'any = raise (ExpressionException(text, at, problem))

    let skipBlanks () =
        while position < text.Length && Char.IsWhiteSpace text[position] do
            position <- position + 1

    // A whole rune: half of a surrogate pair cannot be displayed.
    let found () =
        if position >= text.Length then
            "the end"
        else
            match Rune.TryGetRuneAt(text, position) with
            | true, rune -> $"'{rune}'"
            | false, _ -> $"'{text[position]}'"

    let take (expected: char) =
        skipBlanks ()

        if position < text.Length && text[position] = expected then
            position <- position + 1
            true
        else
            false

    let run (isPart: char -> bool) =
        let start = position

        while position < text.Length && isPart text[position] do
            position <- position + 1

        text.Substring(start, position - start)

    /// Reads a name; empty if there is none.
    let name () =
        skipBlanks ()

        if position < text.Length && startsName text[position] then run isNamePart else ""

    /// Reads a number. It starts with a digit, a point or a sign, so NaN and the runtime's words for infinity are not accepted.
    let number () =
        let start = position
        let word = run isNumberPart
        let digits = word.TrimStart('+', '-')

        let mantissa = digits.Split([| 'e'; 'E' |], 2)[0]

        match Double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, value when digits <> "" && not (Char.IsAsciiLetter digits[0]) ->
            if value = 0.0 && mantissa |> Seq.exists (fun digit -> digit >= '1' && digit <= '9') then
                fail start $"{Quotation.shorten word} is below the smallest number, 5e-324. Write 0 or a larger number."

            if Double.IsInfinity value then
                fail start $"{Quotation.shorten word} is above the largest number, 1.7976931348623157e308. Write inf or a smaller number."

            value
        | _ when digits = "inf" && word.Length <= 4 -> if word[0] = '-' then -infinity else infinity
        | _ -> fail start $"{Quotation.quote word} is not a number. Write numbers as 0.1 or 1e-4."

    let quoted () =
        let start = position
        let content = StringBuilder()

        let next () =
            position <- position + 1

            if position < text.Length then
                text[position]
            else
                fail start "The text that starts here has no closing quote. Add one."

        let mutable character = next ()

        while character <> '"' do
            if character = '\\' then
                character <- next ()

                if character <> '"' && character <> '\\' then
                    fail position $"'{character}' may not follow a backslash. Only '\"' and '\\' may."

            content.Append character |> ignore
            character <- next ()

        position <- position + 1
        content.ToString()

    /// <param name="depth">The number of open calls and groups.</param>
    /// <param name="missing">Makes the message for a missing part from what was found instead.</param>
    member private reader.Part(depth: int, missing: string -> string) : Node =
        skipBlanks ()
        let at = position

        let enter () =
            if depth >= maximumDepth then
                fail at $"The text is nested too deeply. At most {maximumDepth} calls and groups may be open."

            depth + 1

        let first = if position < text.Length then text[position] else '\000'

        let term =
            if startsName first then
                match run isNamePart with
                | "true" -> Term.Flag true
                | "false" -> Term.Flag false
                | "inf" -> Term.Number infinity
                | name -> Term.Call(name, (if take '(' then reader.Arguments(enter ()) else []))
            elif Char.IsAsciiDigit first || first = '.' || isSign first then
                let value = number ()
                if take '%' then Term.Percent value else Term.Number value
            elif first = '"' then
                Term.Text(quoted ())
            elif take '{' then
                Term.Groups(reader.Groups(enter ()))
            else
                fail at (missing (found ()))

        { At = at; Term = term }

    /// Reads one part, or several parts separated by bars.
    member reader.Value(depth: int, missing: string -> string) : Node =
        let parts = List [ reader.Part(depth, missing) ]

        while take '|' do
            parts.Add(reader.Part(depth, (fun found -> $"A name is missing after '|': found {found} instead.")))

        if parts.Count = 1 then parts[0] else { At = parts[0].At; Term = Term.Chain(List.ofSeq parts) }

    /// Reads the arguments after the opening bracket of a call.
    member private reader.Arguments(depth: int) : Entry list =
        let entries = List<Entry>()
        let names = HashSet<string>()

        let readEntry () =
            skipBlanks ()
            let at = position
            let name = name ()

            if name <> "" && take '=' then
                if not (names.Add name) then
                    fail at $"{Quotation.shorten name} is given twice. Give it once."

                let missing found = $"The value of {Quotation.shorten name} is missing: found {found} instead."

                { Name = ValueSome name; At = at; Value = reader.Value(depth, missing) }
            else
                position <- at

                let value = reader.Value(depth, (fun found -> $"An argument's name is missing: found {found} instead."))

                if names.Count > 0 then
                    fail at "An argument without a name follows one with a name. Put it first, or give its name."

                { Name = ValueNone; At = at; Value = value }

        let expected (entry: Entry) =
            match entry with
            | { Name = ValueSome name } -> $"')' or ',' after {Quotation.shorten name}"
            | { Value = { Term = Term.Call(name, []) } } -> $"'=', ',' or ')' after {Quotation.shorten name}"
            | _ -> "')' or ',' after an argument"

        let mutable isOpen = not (take ')')

        while isOpen do
            let entry = readEntry ()
            entries.Add entry

            if take ')' then
                isOpen <- false
            elif not (take ',') then
                fail position $"Expected {expected entry}, but found {found ()}."

        List.ofSeq entries

    /// Reads the groups after the opening brace.
    member private reader.Groups(depth: int) : GroupEntry list =
        let groups = List<GroupEntry>()
        let mutable isOpen = true

        while isOpen do
            let pattern =
                reader.Part(depth, (fun found -> $"A group's pattern in quotes is missing: found {found} instead."))

            match pattern.Term with
            | Term.Text _ -> ()
            | _ -> fail pattern.At "A group's pattern must be in quotes."

            let isOptional = take '?'

            if not (take ':') then
                fail position $"Expected ':' after a group's pattern, but found {found ()}."

            groups.Add
                { Pattern = pattern
                  IsOptional = isOptional
                  Value = reader.Value(depth, (fun found -> $"A name is missing after a group's pattern: found {found} instead.")) }

            if take '}' then
                isOpen <- false
            elif not (take ',') then
                fail position $"Expected '}}' or ',' after a group, but found {found ()}."

        List.ofSeq groups

    /// Reads the whole text.
    member reader.Document() : Node =
        let node = reader.Value(0, (fun found -> $"A name is missing: found {found} instead."))
        skipBlanks ()

        if position < text.Length then
            fail position $"Expected '|' or the end, but found {found ()}."

        node

/// <summary>
/// The grammar of text forms, without their meaning. For every node of a text, <c>parse (print node) = node</c> except for positions.
/// </summary>
/// <remarks>
/// Names consist of ASCII letters, digits, <c>_</c> and <c>-</c>, and start with a letter or <c>_</c>. Numbers have a decimal point in every
/// culture. Blanks between parts are ignored.
/// </remarks>
module Syntax =

    /// <summary>The maximum nesting of calls and groups. It prevents stack overflows.</summary>
    [<Literal>]
    let MaximumDepth = 100

    /// <summary>Parses a text form.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The text is not valid.</exception>
    let parse (text: string) : Node = SyntaxReader(text, MaximumDepth).Document()

    let private separated (separator: string) (write: 'item -> unit) (into: StringBuilder) (items: 'item list) =
        items
        |> List.iteri (fun i item ->
            if i > 0 then
                into.Append separator |> ignore

            write item)

    let internal quote (text: string) = "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\""

    let rec private write (into: StringBuilder) (node: Node) : unit =
        let append (text: string) = into.Append text |> ignore

        match node.Term with
        | Term.Number value -> append (NumberText.ofFloat value)
        | Term.Percent value -> append $"{NumberText.ofFloat value}%%"
        | Term.Flag value -> append (if value then "true" else "false")
        | Term.Text value -> append (quote value)
        | Term.Call(name, arguments) ->
            append $"{name}("
            arguments |> separated ", " (writeEntry into) into
            append ")"
        | Term.Chain parts -> parts |> separated " | " (write into) into
        | Term.Groups groups ->
            append "{ "

            groups
            |> separated
                ", "
                (fun (group: GroupEntry) ->
                    write into group.Pattern
                    append (if group.IsOptional then "?: " else ": ")
                    write into group.Value)
                into

            append " }"

    and private writeEntry (into: StringBuilder) (entry: Entry) : unit =
        match entry with
        // A value that is a word, as in anneal=linear.
        | { Name = ValueSome name; Value = { Term = Term.Call(word, []) } } -> into.Append($"{name}={word}") |> ignore
        | { Name = ValueSome name } ->
            into.Append($"{name}=") |> ignore
            write into entry.Value
        | _ -> write into entry.Value

    /// <summary>
    /// Writes the canonical text: single blanks, and the shortest form of numbers. A call without arguments is <c>name()</c>; as the value of a
    /// named argument it is a word, <c>name=word</c>.
    /// </summary>
    let print (node: Node) : string =
        let text = StringBuilder()
        write text node
        text.ToString()

    /// Describes a node in a few words, for messages.
    let internal describe (node: Node) : string =
        match node.Term with
        | Term.Call(name, []) -> Quotation.quote name
        | Term.Call(name, _) -> Quotation.quote $"{Quotation.shorten name}(...)"
        | Term.Chain _ -> "a chain"
        | Term.Groups _ -> "groups"
        | Term.Number _
        | Term.Percent _
        | Term.Flag _
        | Term.Text _ -> Quotation.shorten (print node)
