/// The header of numpy's .npy format: a dictionary in Python syntax. It is read in one pass, in time proportional to its length.
/// Specification: numpy.lib.format.
module internal CuteDl.Core.Data.NpyHeader

open System

type NpyHeader = { Type: CellType; IsBigEndian: bool; IsFortran: bool; Shape: int list }

/// A value of the dictionary.
[<RequireQualifiedAccess>]
type private Value =
    | Text of string
    | Truth of bool
    | Tuple of string list

/// Numpy's code for each type.
let private codes: (string * CellType) list =
    [ "f8", CellType.F64
      "f4", CellType.F32
      "f2", CellType.F16
      "i8", CellType.I64
      "i4", CellType.I32
      "i2", CellType.I16
      "i1", CellType.I8
      "u8", CellType.U64
      "u4", CellType.U32
      "u2", CellType.U16
      "u1", CellType.U8
      "b1", CellType.Bool ]

/// Returns numpy's code for a type, little-endian; None if numpy has no such type.
let description (cellType: CellType) : string option =
    codes
    |> List.tryFind (fun (_, known) -> known = cellType)
    |> Option.map (fun (code, _) -> (if CellBytes.size cellType = 1 then "|" else "<") + code)

/// Reads the dictionary from left to right.
/// <param name="fail">Returns the exception for a position in the text and a problem.</param>
type private Reader(text: string, fail: int -> string -> exn) =
    let mutable at = 0

    let skipSpace () =
        while at < text.Length && Char.IsWhiteSpace text[at] do
            at <- at + 1

    let found () =
        if at < text.Length then
            $"has {Tensor.shown (text.Substring(at, min 100 (text.Length - at)))}"
        else
            "ends"

    let expected what = raise (fail at $"The header must have {what} here, but it {found ()}.")

    let take (letter: char) what =
        skipSpace ()

        if at < text.Length && text[at] = letter then at <- at + 1 else expected what

    let isNext (letter: char) =
        skipSpace ()
        at < text.Length && text[at] = letter

    let readText () =
        skipSpace ()

        if at >= text.Length || (text[at] <> '\'' && text[at] <> '"') then
            expected "a text in quotes"

        let close = text.IndexOf(text[at], at + 1)

        if close < 0 then
            expected "a text with a closing quote"

        let content = text.Substring(at + 1, close - at - 1)
        at <- close + 1
        content

    let readWord () =
        skipSpace ()
        let start = at

        while at < text.Length && Char.IsAsciiLetterOrDigit text[at] do
            at <- at + 1

        text.Substring(start, at - start)

    let readTuple () =
        take '(' "a shape in parentheses"
        let sizes = ResizeArray<string>()

        while not (isNext ')') do
            if sizes.Count > 0 then
                take ',' "',' or ')'"

            if not (isNext ')') then
                match readWord () with
                | "" -> expected "a size"
                | word -> sizes.Add word

        take ')' "')'"
        List.ofSeq sizes

    let readValue () =
        if isNext '\'' || isNext '"' then
            Value.Text(readText ())
        elif isNext '(' then
            Value.Tuple(readTuple ())
        else
            let start = at

            match readWord () with
            | "True" -> Value.Truth true
            | "False" -> Value.Truth false
            | _ ->
                at <- start
                expected "a text, True, False or a shape"

    /// Reads the keys and their values.
    member _.Dictionary() : Map<string, Value> =
        take '{' "'{'"
        let mutable entries = Map.empty

        while not (isNext '}') do
            if not entries.IsEmpty then
                take ',' "',' or '}'"

            if not (isNext '}') then
                let key = readText ()

                if entries.ContainsKey key then
                    raise (fail at $"The header has the key {Tensor.shown key} twice.")

                take ':' "':'"
                entries <- entries.Add(key, readValue ())

        take '}' "'}'"
        skipSpace ()

        if at < text.Length then
            expected "its end"

        entries

/// Reads a header.
/// <param name="file">The name of the file, for messages.</param>
/// <param name="start">The offset of the header in the file.</param>
/// <param name="text">The header.</param>
let parse (file: string) (start: int) (text: string) : NpyHeader =
    let fail place problem : 'any = raise (DataFormatException(file, int64 (start + place), problem))

    let entries =
        Reader(text, (fun place problem -> DataFormatException(file, int64 (start + place), problem))).Dictionary()

    let missing (key: string) what : 'any =
        fail 0 $"The header has no '{key}', or its value is not {what}: {Tensor.shown (text.Trim())}."

    let cellType, isBigEndian =
        match entries.TryFind "descr" with
        | Some(Value.Text description) ->
            let order, code =
                if description.Length > 1 && "<>|=".Contains description[0] then
                    description[0], description.Substring 1
                else
                    '=', description

            match codes |> List.tryFind (fun (known, _) -> known = code) with
            | Some(_, cellType) -> cellType, (order = '>')
            | None ->
                let known = String.Join(", ", codes |> List.map fst)
                fail 0 $"The values are of type {Tensor.shown description}. The types that can be read are {known}, of either byte order."
        | Some(Value.Truth _)
        | Some(Value.Tuple _)
        | None -> missing "descr" "a text"

    let isFortran =
        match entries.TryFind "fortran_order" with
        | Some(Value.Truth isFortran) -> isFortran
        | Some(Value.Text _)
        | Some(Value.Tuple _)
        | None -> missing "fortran_order" "True or False"

    let shape =
        match entries.TryFind "shape" with
        | Some(Value.Tuple sizes) ->
            if sizes.Length > Tensor.maximumRank then
                fail 0 $"The array has {sizes.Length} dimensions. At most {Tensor.maximumRank} can be read."

            [ for size in sizes do
                  // Python 2 wrote long integers with an L.
                  match Int32.TryParse(size.TrimEnd 'L', Globalization.NumberStyles.None, Globalization.CultureInfo.InvariantCulture) with
                  | true, value -> value
                  | false, _ -> fail 0 $"The shape has the size {Tensor.shown size}. Sizes must be from 0 to {Int32.MaxValue}." ]
        | Some(Value.Text _)
        | Some(Value.Truth _)
        | None -> missing "shape" "a tuple of sizes"

    { Type = cellType; IsBigEndian = isBigEndian; IsFortran = isFortran; Shape = shape }
