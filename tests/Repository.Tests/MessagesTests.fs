/// Every sentence that the code shows to a user, in one file that can be read in one go.
module CuteDl.Repository.Tests.MessagesTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Repository.Tests.StringLiterals

let private snapshot = "tests/Repository.Tests/messages.txt"

let private language (path: string) =
    if path.EndsWith(".fs", StringComparison.Ordinal) then FSharp
    elif path.EndsWith(".js", StringComparison.Ordinal) then JavaScript
    else CSharp

let private folded (literal: string) = Regex.Replace(literal, @"\s+", " ").Trim()

let private withoutHoles (literal: string) = Regex.Replace(literal, @"\{[^{}]*\}", " ")

/// Prose has at least three words and little else; formulas, keys, paths and markup do not.
let private isProse (literal: string) =
    let plain = withoutHoles literal
    let words = Regex.Matches(plain, @"(?<![\w./<-])[A-Za-z][a-z'’-]*(?=[\s.,:;!?)]|$)").Count

    let letters =
        plain |> Seq.filter (fun character -> Char.IsLetter character || character = ' ') |> Seq.length

    words >= 3 && float letters >= 0.7 * float plain.Length && not (plain.Contains "</")

let private messages (path: string) =
    Repository.read path
    |> StringLiterals.all (language path)
    |> List.map folded
    |> List.filter isProse
    |> List.distinct

/// The beginnings of sentences without a capital letter: names, and continuations of a sentence.
let private lowerCaseBeginnings =
    [ "cutedl: "
      "gamma is "
      "min must "
      "muon works "
      "nesterov=true "
      "plateau follows "
      "all {"
      "differs from "
      "has "
      "needs " ]

/// Phrases that leave out the verb, or use another one than an English reader expects.
let private unclearPhrases =
    [ ", expected "; " is said "; " goes on"; " stands "; " is no name"; " asked for" ]

let private unclear (message: string) =
    message.EndsWith '.'
    && (Char.IsLower message[0]
        && not (
            lowerCaseBeginnings
            |> List.exists (fun beginning -> message.StartsWith(beginning, StringComparison.Ordinal))
        )
        || unclearPhrases |> List.exists message.Contains)

let private report () =
    String.concat
        ""
        [ "Every sentence in string literals of src, by file. `{...}` is a value. Written by the test that compares it:\n"
          $"{Snapshot.WriteVariable}=1 dotnet run -c Release --project tests/Repository.Tests\n"

          for path in Repository.files "src" [ ".fs"; ".cs"; ".js" ] do
              match messages path with
              | [] -> ()
              | messages ->
                  $"\n{path}\n"

                  for message in messages do
                      $"- {message}\n" ]

let private example name language text expected =
    testCase name (fun () -> Expect.equal (StringLiterals.all language text) expected "the literals")

let tests =
    testList
        "messages"
        [ testCase "the snapshot of all messages is fresh" (fun () ->
              Snapshot.expectFresh snapshot "Read the difference as a user would." (report ()))

          testCase "sentences begin with a capital letter and name what is allowed with a verb" (fun () ->
              let found =
                  [ for path in Repository.files "src" [ ".fs"; ".cs"; ".js" ] do
                        for message in messages path do
                            if unclear message then
                                $"{path}: {message}" ]

              Expect.isEmpty found "unclear sentences")

          testList
              "literals"
              [ example
                    "strings of F#"
                    FSharp
                    "let a = \"one \\\"two\\\"\" // \"no\"\nlet b = 'x' (* \"no\" (* \"no\" *) *)"
                    [ "one \"two\"" ]
                example "type variables and primes are no characters" FSharp "let f' (x: 'T) = g<'T> \"one\"" [ "one" ]
                example "interpolation" FSharp "$\"{{a}} {b + \"}\"} c\"" [ "{a} {b + \"}\"} c" ]
                example
                    "verbatim and raw strings"
                    CSharp
                    "var a = @\"x\"\"y\\\"; var b = \"\"\"one \"two\" \"\"\";"
                    [ "x\"y\\"; "one \"two\" " ]
                example "raw interpolation" CSharp "$$\"\"\"{a} {{b}}\"\"\"" [ "{a} {b}" ]
                example "sums are one literal" CSharp "f(\"one \"\n    + \"two\", \"three\");" [ "one two"; "three" ]
                example "templates of JavaScript" JavaScript "const a = `one ${b} two`, c = 'three'; /* 'no' */" [ "one {b} two"; "three" ] ]

          testProperty "a literal comes back whatever it holds" (fun (characters: char list) ->
              let text = String.Join("", characters).Replace("\000", "")
              let quoted = text.Replace("\\", "\\\\").Replace("\"", "\\\"")
              StringLiterals.all CSharp $"x = \"{quoted}\"; y = 'z';" = [ text ]) ]
