/// The grammar of text forms, both ways.
module CuteDl.Core.Tests.SyntaxTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

let private node term = { At = 0; Term = term }
let private call name arguments = node (Term.Call(name, arguments))
let private number value = node (Term.Number value)
let private positional value = { Name = ValueNone; At = 0; Value = value }
let private named name value = { Name = ValueSome name; At = 0; Value = value }

/// The same node with every position at 0.
let rec private withoutPositions (given: Node) : Node =
    node (
        match given.Term with
        | Term.Call(name, arguments) ->
            Term.Call(name, [ for entry in arguments -> { entry with At = 0; Value = withoutPositions entry.Value } ])
        | Term.Chain parts -> Term.Chain(List.map withoutPositions parts)
        | Term.Groups groups ->
            Term.Groups
                [ for group in groups -> { group with Pattern = withoutPositions group.Pattern; Value = withoutPositions group.Value } ]
        | term -> term
    )

let private names: Gen<string> =
    gen {
        let! first = Gen.elements [ 'a' .. 'e' ]
        let! rest = Gen.elements [ "_"; "-"; "B"; "7"; "x" ] |> Gen.listOf
        let name = string first + String.concat "" rest
        return name
    }

let private numbers: Gen<float> =
    Gen.frequency
        [ 3, Gen.choose (-100, 100) |> Gen.map float
          3, signed (logUniform 1e-12 1e25)
          1, Gen.elements [ infinity; -infinity; Double.Epsilon; Double.MaxValue; 0.1; -0.0; 9007199254740993.0 ] ]

let private texts: Gen<string> =
    Gen.arrayOf (Gen.elements [ 'a'; '*'; '.'; '"'; '\\'; ' '; '|'; '{'; ')'; ','; '\n'; 'é'; '\000' ])
    |> Gen.map String

/// Nodes of any kind, so many calls and groups deep.
let rec private nodes (depth: int) : Gen<Node> =
    let simple = parts 0
    if depth = 0 then simple else Gen.frequency [ 4, parts depth; 1, chains depth ]

and private chains (depth: int) : Gen<Node> =
    Gen.choose (2, 4)
    |> Gen.bind (fun count -> Gen.listOfLength count (parts depth) |> Gen.map (Term.Chain >> node))

and private parts (depth: int) : Gen<Node> =
    let leaves =
        [ 2, Gen.map number numbers
          1,
          numbers
          |> Gen.map (fun value -> if Double.IsInfinity value then number value else node (Term.Percent value))
          1, Gen.elements [ true; false ] |> Gen.map (Term.Flag >> node)
          1, Gen.map (Term.Text >> node) texts
          1, names |> Gen.map (fun name -> call name []) ]

    if depth = 0 then
        Gen.frequency leaves
    else
        let calls =
            gen {
                let! name = names
                let! positionals = Gen.choose (0, 2) |> Gen.bind (fun n -> Gen.listOfLength n (nodes (depth - 1)))

                let! namesOfNamed =
                    Gen.choose (0, 3) |> Gen.bind (fun n -> Gen.listOfLength n names) |> Gen.map List.distinct

                let! values = Gen.listOfLength namesOfNamed.Length (nodes (depth - 1))
                return call name [ yield! List.map positional positionals; yield! List.map2 named namesOfNamed values ]
            }

        let groups =
            Gen.choose (1, 3)
            |> Gen.bind (fun n ->
                Gen.zip3 (Gen.map (Term.Text >> node) texts) (Gen.elements [ true; false ]) (nodes (depth - 1))
                |> Gen.map (fun (pattern, isOptional, value) -> { Pattern = pattern; IsOptional = isOptional; Value = value })
                |> Gen.listOfLength n)
            |> Gen.map (Term.Groups >> node)

        Gen.frequency [ yield! leaves; 6, calls; 2, groups ]

let private anyNode: Gen<Node> = Gen.choose (0, 3) |> Gen.bind nodes

/// Every node in a node, itself included.
let rec private all (given: Node) : Node seq =
    seq {
        given

        match given.Term with
        | Term.Call(_, arguments) ->
            for entry in arguments do
                yield! all entry.Value
        | Term.Chain parts ->
            for part in parts do
                yield! all part
        | Term.Groups groups ->
            for group in groups do
                yield! all group.Pattern
                yield! all group.Value
        | _ -> ()
    }

let private roundTrip =
    testList
        "both ways"
        [ property "parse (print node) = node, up to positions" anyNode (fun given ->
              Expect.equal (given |> Syntax.print |> Syntax.parse |> withoutPositions) given (Syntax.print given))
          property "every part is where its position says" anyNode (fun given ->
              let text = Syntax.print given

              for part in all (Syntax.parse text) do
                  let expected =
                      match part.Term with
                      | Term.Call(name, []) -> name
                      | _ -> Syntax.print part

                  Expect.stringStarts (text.Substring part.At) expected text) ]

let private prints (text: string) (canonical: string) =
    testCase $"'{text}' prints as '{canonical}'" (fun () -> Expect.equal (text |> Syntax.parse |> Syntax.print) canonical "the text")

let private canonical =
    testList
        "canonical form"
        [ prints "adam" "adam()"
          prints " adam ( ) " "adam()"
          prints "0.10" "0.1"
          prints "+.5" "0.5"
          prints "-1E+2" "-100"
          prints "5." "5"
          prints "-0" "0"
          prints "inf" "inf"
          prints "f(+inf,-inf)" "f(inf, -inf)"
          prints "1e-308" "1e-308"
          prints "0e-999" "0"
          prints "{\"a\" ? :b}" "{ \"a\"?: b() }"
          prints "f(true,false,truth)" "f(true, false, truth())"
          prints "info(inf-1)" "info(inf-1())"
          prints "clip_norm(1)|adam" "clip_norm(1) | adam()"
          prints "f(a|b,c=d|e)" "f(a() | b(), c=d() | e())"
          prints "f( anneal = linear )" "f(anneal=linear)"
          prints "f(anneal=linear())" "f(anneal=linear)"
          prints "{\"*.bias\":sgd(lr=.1),\"*\":clip_norm(1)|adam()}" "{ \"*.bias\": sgd(lr=0.1), \"*\": clip_norm(1) | adam() }"
          prints "{ \"a\": { \"b\": c } }" "{ \"a\": { \"b\": c() } }"
          prints " \"a\\\"b\\\\c\" " "\"a\\\"b\\\\c\""
          prints "\u00a0a(\r\n\t1)" "a(1)"
          testCase "numbers are read with a point whatever the culture" (fun () ->
              let before = Globalization.CultureInfo.CurrentCulture

              try
                  let culture = Globalization.CultureInfo("")
                  culture.NumberFormat.NumberDecimalSeparator <- ","
                  culture.NumberFormat.NegativeSign <- "~"
                  Globalization.CultureInfo.CurrentCulture <- culture
                  Expect.equal (Syntax.print (Syntax.parse "f(-0.5)")) "f(-0.5)" "the text"
              finally
                  Globalization.CultureInfo.CurrentCulture <- before) ]

let private refusal (text: string) : ExpressionException =
    try
        failtest $"it was read as {Syntax.print (Syntax.parse text)}"
    with :? ExpressionException as error ->
        error

/// The place counted from 0, and what the message must say.
let private refused (text: string) (position: int) (part: string) =
    testCase $"'{text}' is refused at character {position + 1}" (fun () ->
        let error = refusal text
        Expect.equal error.Position position error.Message
        Expect.stringContains error.Problem part "what is wrong")

let private errors =
    testList
        "errors"
        [ refused "" 0 "A name is missing: found the end instead."
          refused "é" 0 "found 'é'"
          refused "a |" 3 "A name is missing after '|'"
          refused "| a" 0 "A name is missing"
          refused "a | | b" 4 "A name is missing after '|': found '|' instead."
          refused "a b" 2 "Expected '|' or the end, but found 'b'."
          refused "a()()" 3 "Expected '|' or the end"
          refused "a(1, b=2, 3)" 10 "An argument without a name follows one with a name."
          refused "a(b=1, b=2)" 7 "b is given twice"
          refused "a(b=)" 4 "The value of b is missing: found ')' instead."
          refused "a(1" 3 "Expected ')' or ',' after an argument, but found the end."
          refused "a(1,)" 4 "An argument's name is missing: found ')' instead."
          refused "a(b c)" 4 "Expected '=', ',' or ')' after b, but found 'c'."
          refused "a(b=1 c)" 6 "Expected ')' or ',' after b, but found 'c'."
          refused "a(=1)" 2 "An argument's name is missing: found '=' instead."
          refused "1x" 0 "'1x' is not a number"
          refused "a(1e999)" 2 "1e999 is above the largest number, 1.7976931348623157e308. Write inf or a smaller number."
          refused "a(-1e999)" 2 "above the largest number"
          refused "adam(lr=1e-999)" 8 "1e-999 is below the smallest number, 5e-324. Write 0 or a larger number."
          refused "a(0.0001e-330)" 2 "below the smallest number"
          refused "a(1e)" 2 "'1e' is not a number"
          refused "a(1-2)" 2 "'1-2' is not a number"
          refused "a(--1)" 2 "'--1' is not a number"
          refused "a(.)" 2 "'.' is not a number"
          refused "a(-NaN)" 2 "'-NaN' is not a number"
          refused "a(+Infinity)" 2 "'+Infinity' is not a number"
          refused "a(--inf)" 2 "'--inf' is not a number"
          refused "a(0x10)" 2 "'0x10' is not a number"
          refused "a(\"b" 2 "no closing quote"
          refused "a(\"b\\" 2 "no closing quote"
          refused "a(\"b\\n\")" 5 "'n' may not follow a backslash."
          refused "{" 1 "A group's pattern in quotes is missing: found the end instead."
          refused "{}" 1 "A group's pattern in quotes is missing: found '}' instead."
          refused "{ a: b }" 2 "A group's pattern must be in quotes."
          refused "{ \"a\" b }" 6 "Expected ':' after a group's pattern, but found 'b'."
          refused "{ \"a\": }" 7 "A name is missing after a group's pattern: found '}' instead."
          refused "{ \"a\": b" 8 "Expected '}' or ',' after a group, but found the end."
          refused "{ \"a\": b, }" 10 "A group's pattern in quotes is missing"
          testCase "NaN is a name, so that no number is one" (fun () ->
              for word in [ "NaN"; "nan"; "Infinity" ] do
                  Expect.equal (Syntax.parse word) (call word []) "the node") ]

let private depth =
    let nested open' close count = String.replicate count open' + "1" + String.replicate count close

    testList
        "nesting"
        [ for name, open', close in [ "calls", "a(", ")"; "groups", "{\"\":", "}" ] do
              testCase $"{Syntax.MaximumDepth} {name} are read, one more is refused where it begins" (fun () ->
                  let deepest = nested open' close Syntax.MaximumDepth

                  Expect.equal
                      (deepest |> Syntax.parse |> all |> Seq.last)
                      { At = deepest.IndexOf '1'; Term = Term.Number 1.0 }
                      "innermost"

                  for count in [ Syntax.MaximumDepth + 1; 1_000_000 ] do
                      let error = refusal (nested open' close count)
                      Expect.equal error.Position (Syntax.MaximumDepth * open'.Length) "position"
                      Expect.stringContains error.Problem "At most 100 calls and groups may be open." "problem") ]

/// A text is read, or refused at a place within it.
let private isReadOrRefused (text: string) =
    try
        Syntax.parse text |> ignore
    with :? ExpressionException as error ->
        Expect.isTrue (error.Position >= 0 && error.Position <= text.Length) $"position {error.Position} in '{text}'"

let private totality =
    let damaged =
        gen {
            let! node = Gen.choose (0, 2) |> Gen.bind nodes
            let! character = Gen.elements [ 'a'; '0'; '-'; '.'; 'é'; '\000'; ' '; yield! "()=,|{}\"\\:" ]
            return Syntax.print node, character
        }

    testList
        "any text is read or refused at a place within it"
        [ property "truncated and damaged texts" damaged (fun (text, character) ->
              for i in 0 .. text.Length - 1 do
                  isReadOrRefused (text.Substring(0, i))
                  isReadOrRefused (text.Remove(i, 1))
                  isReadOrRefused (text.Remove(i, 1).Insert(i, string character))
                  isReadOrRefused (text.Insert(i, string character)))
          property "any characters" (Gen.arrayOf (Gen.choose (0, 0xFFFF) |> Gen.map char) |> Gen.map String) isReadOrRefused
          property
              "pieces of the grammar"
              (Gen.elements [ "a"; "("; ")"; "="; ","; "|"; "{"; "}"; ":"; "\""; "\\"; "1"; "-"; " "; "true"; "inf" ]
               |> Gen.listOf
               |> Gen.map (String.concat ""))
              isReadOrRefused ]

let tests = testList "syntax" [ roundTrip; canonical; errors; depth; totality ]
