/// Advice after unknown names, and how much a message quotes.
module CuteDl.Core.Tests.SuggestionTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

let private names = [ for kind in Rules.known -> kind.Name ]

let private messageOf (text: string) : string =
    try
        failtest $"it was read as {Expression.parse text}"
    with :? ExpressionException as error ->
        error.Message

let private longTexts =
    let long = String('a', 100_000)

    [ long
      $"{long}(lr=1)"
      $"adam({long}=1)"
      $"adam(lr={long})"
      $"adam(lr={long}(1))"
      $"adam(lr=1{long})"
      $"adam(lr=cosine(1, {long}=2))"
      $"adam(lr=one_cycle(1, steps=2, anneal={long}))"
      $"adam(lr=1) \"{long}"
      $"adam(lr=\"{long}\")"
      $"{{ \"{long}\": adam, \"{long}\": adam }}"
      $"adam({long}=1, {long}=2)" ]

let tests =
    testList
        "suggestions"
        [ property
              "a name with one letter left out is suggested, in any case"
              (Gen.zip (Gen.elements names) (Gen.choose (0, 100)))
              (fun (name, at) ->
                  let at = at % name.Length
                  let slip = name.Remove(at, 1).ToUpperInvariant()
                  // Another name may be as near, or the slip may be a name.
                  let found = Suggestion.nearest names slip
                  Expect.isSome found slip
                  Expect.isLessThanOrEqual (abs (found.Value.Length - slip.Length)) 1 "as near")
          testCase "after a near name no list is printed" (fun () ->
              Expect.equal (Suggestion.describe names "adm") "Did you mean adam?" "near")
          testCase "a long list is cut" (fun () ->
              Expect.equal (Suggestion.describe [ "a"; "b" ] "xxxxxx") "Known names are a, b." "short"
              let many = [ for i in 1..20 -> $"n{i}" ]
              Expect.stringEnds (Suggestion.describe many "xxxxxxxxxx") "n12 and 8 more." "long")
          testCase "no name is near one of a million letters, and finding that out costs nothing" (fun () ->
              let name = String('a', 1_000_000)
              let before = GC.GetAllocatedBytesForCurrentThread()
              Expect.isNone (Suggestion.nearest names name) "near"
              Expect.isLessThan (GC.GetAllocatedBytesForCurrentThread() - before) 10_000L "bytes")
          testList
              "messages quote at most 80 characters at a time"
              [ for i, text in List.indexed longTexts do
                    testCase $"{i + 1}) {Quotation.shorten text}" (fun () ->
                        let message = messageOf text
                        Expect.isLessThan message.Length 500 message) ]
          property
              "an excerpt has the character at fault and at most 80"
              (Gen.zip (Gen.choose (0, 300)) (Gen.choose (0, 300)))
              (fun (length, position) ->
                  let text = String([| for i in 0 .. length - 1 -> char (0x100 + i) |])
                  let excerpt = Quotation.around text position
                  Expect.isLessThanOrEqual excerpt.Length Quotation.MaximumLength "length"

                  if position < length then
                      Expect.stringContains excerpt (string text[position]) "the character") ]
