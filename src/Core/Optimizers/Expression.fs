namespace CuteDl.Core.Optimizers

open System
open System.Globalization

/// <summary>The nearest of known names, for "did you mean".</summary>
module Suggestion =
    /// Edits (insert, delete, replace) between two names: Levenshtein 1966.
    let private distance (a: string) (b: string) =
        let mutable above = Array.init (b.Length + 1) id

        for i in 1 .. a.Length do
            let row = Array.zeroCreate (b.Length + 1)
            row[0] <- i

            for j in 1 .. b.Length do
                let replace = above[j - 1] + (if a[i - 1] = b[j - 1] then 0 else 1)
                row[j] <- min replace (1 + min above[j] row[j - 1])

            above <- row

        above[b.Length]

    /// <summary>The known name nearest to a given one, unless none is near.</summary>
    let nearest (known: string seq) (name: string) : string option =
        let near (candidate: string) =
            let edits = distance (candidate.ToLowerInvariant()) (name.ToLowerInvariant())

            if edits <= max 1 (max candidate.Length name.Length / 2) then Some(edits, candidate) else None

        match known |> Seq.choose near |> Seq.sortBy fst |> Seq.tryHead with
        | Some(_, candidate) -> Some candidate
        | None -> None

    /// <summary>"known are a, b, c; did you mean b?", the end of a sentence.</summary>
    let describe (known: string seq) (name: string) : string =
        let list = "known are " + String.Join(", ", known)

        match nearest known name with
        | Some candidate -> $"{list}; did you mean {candidate}?"
        | None -> list + "."

/// <summary>What is wrong with an optimizer's text form, and where.</summary>
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

/// <summary>
/// The text form of optimizers: <c>rule(name=number, ...)</c>, the list or any part of it left out for defaults.
/// <c>parse (string optimizer) = optimizer</c>.
/// </summary>
module Expression =

    /// A reader over the text: each function takes what it knows from the front, or fails at the place.
    type private Reader(text: string) =
        let mutable position = 0
        member _.Position = position
        member _.Fail(at: int, problem: string) : 'any = raise (ExpressionException(text, at, problem))

        member _.SkipBlanks() =
            while position < text.Length && Char.IsWhiteSpace text[position] do
                position <- position + 1

        member reader.AtEnd =
            reader.SkipBlanks()
            position = text.Length

        member reader.Take(expected: char) =
            reader.SkipBlanks()

            if position < text.Length && text[position] = expected then
                position <- position + 1
                true
            else
                false

        member reader.Expect(expected: char, after: string) =
            if not (reader.Take expected) then
                let found = if position < text.Length then $"'{text[position]}'" else "the end"

                reader.Fail(position, $"expected '{expected}' after {after}, found {found}.")

        /// The longest run of characters of a kind; its start comes with it.
        member reader.Word(isPart: char -> bool) =
            reader.SkipBlanks()
            let start = position

            while position < text.Length && isPart text[position] do
                position <- position + 1

            struct (start, text.Substring(start, position - start))

    let private isNamePart c = Char.IsAsciiLetterOrDigit c || c = '_' || c = '-'

    let private isNumberPart c = Char.IsAsciiLetterOrDigit c || c = '.' || c = '+' || c = '-'

    let private readArgument (reader: Reader) (kind: RuleKind) (given: string list) (rule: IRule) : struct (string * IRule) =
        let struct (start, name) = reader.Word isNamePart

        match kind.Arguments |> List.tryFind (fun argument -> argument.Name = name) with
        | None ->
            let known = [ for argument in kind.Arguments -> argument.Name ]

            let problem =
                if name = "" then "an argument's name is missing" else $"{kind.Name} has no argument '{name}'"

            reader.Fail(start, $"{problem}: {Suggestion.describe known name}")
        | Some argument ->
            if List.contains name given then
                reader.Fail(start, $"{name} is given twice.")

            reader.Expect('=', name)
            let struct (start, word) = reader.Word isNumberPart

            match Double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, value when argument.Range.Contains value -> struct (name, argument.Set(rule, value))
            | true, _ -> reader.Fail(start, $"{name} = {word}, but {name} of {kind.Name} must lie in {argument.Range}.")
            | false, _ -> reader.Fail(start, $"'{word}' is not a number; {name} must be one in {argument.Range}.")

    let private readArguments (reader: Reader) (kind: RuleKind) : IRule =
        let rec next given rule =
            let struct (name, rule) = readArgument reader kind given rule

            if reader.Take ',' then
                next (name :: given) rule
            else
                reader.Expect(')', "the arguments")
                rule

        if not (reader.Take '(') || reader.Take ')' then kind.Defaults else next [] kind.Defaults

    /// <summary>The optimizer that a text form names.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// The rule or an argument is unknown (with what is known and the nearest), a value is no number or out of its range, or
    /// the text is not of the form.
    /// </exception>
    let parse (text: string) : Optimizer =
        let reader = Reader text
        let struct (start, name) = reader.Word isNamePart

        match Rules.all |> List.tryFind (fun kind -> kind.Name = name) with
        | None ->
            let known = [ for kind in Rules.all -> kind.Name ]

            let problem = if name = "" then "a rule's name is missing" else $"no rule is named '{name}'"

            reader.Fail(start, $"{problem}: {Suggestion.describe known name}")
        | Some kind ->
            let rule = readArguments reader kind

            if not reader.AtEnd then
                reader.Fail(reader.Position, "nothing may follow the optimizer.")

            Optimizer(kind, rule)
