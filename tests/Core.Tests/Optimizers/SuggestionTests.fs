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
          testList
              "messages about 10,000 tensors are bounded"
              [ let long = String('n', 300)
                let layout = Layout.OfShapes [ for i in 1..10_000 -> $"{long}.{i}", [ 2; 2 ] ]

                for i, text in
                    List.indexed
                        [ "{ \"bias\": sgd, \"*\": adam }"
                          $"{{ \"{long}\": sgd, \"*\": adam }}"
                          $"{{ \"{long}.1\": sgd }}"
                          $"{{ \"*\": accumulate(2), \"{long}*\": adam }}"
                          $"{{ \"*1\": accumulate(2), \"*\": sgd }} | adam"
                          $"{{ \"*1\": freeze, \"*\": sgd }} | adam" ] do
                    testCase $"{i + 1}) {Quotation.shorten text}" (fun () ->
                        let message = Expect.throwsC (fun () -> Optimizer.check (Expression.parse text) layout) Refusal.sentence

                        Expect.isLessThan message.Length 2000 message) ]
          property
              "a shortened text has whole characters, and a long sentence keeps its beginning and its end"
              (Gen.zip (Gen.choose (0, 3000)) (Gen.choose (0, 1)))
              (fun (count, shift) ->
                  let text = String('b', shift) + String.replicate count "😀" + "end"

                  let isWhole (text: string) =
                      text.EnumerateRunes() |> Seq.forall (fun rune -> rune <> Text.Rune.ReplacementChar)

                  for shown, longest in
                      [ Quotation.shorten text, Quotation.MaximumLength
                        Quotation.sentence text, Quotation.MaximumSentence ] do
                      Expect.isLessThanOrEqual shown.Length longest "length"
                      Expect.isTrue (isWhole shown) shown
                      Expect.equal (text.Length <= longest) (shown = text) "only long texts change"

                  Expect.stringEnds (Quotation.sentence text) "end" "end")
          testCase "a refusal is the message without the parameter's name and value" (fun () ->
              Expect.equal (Refusal.sentence (ArgumentException("Say (a) 'b'.", "p"))) "Say (a) 'b'." "a parameter"
              Expect.equal (Refusal.sentence (ArgumentException "Say so.")) "Say so." "no parameter"
              Expect.equal (Refusal.sentence (ArgumentOutOfRangeException("p", 5, "Say so."))) "Say so." "a value"
              Expect.equal (Refusal.sentence (InvalidOperationException "Not (Parameter 'p')")) "Not (Parameter 'p')" "another kind")
          property
              "an excerpt has the character at fault and at most 80"
              (Gen.zip (Gen.choose (0, 300)) (Gen.choose (0, 300)))
              (fun (length, position) ->
                  let text = String([| for i in 0 .. length - 1 -> char (0x100 + i) |])
                  let excerpt = Quotation.around text position
                  Expect.isLessThanOrEqual excerpt.Length Quotation.MaximumLength "length"

                  if position < length then
                      Expect.stringContains excerpt (string text[position]) "the character") ]
