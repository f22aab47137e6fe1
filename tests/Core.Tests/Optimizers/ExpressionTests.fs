/// The text form of optimizers, both ways.
module CuteDl.Core.Tests.ExpressionTests

open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Subjects

let private roundTrip =
    testList
        "parse (print optimizer) = optimizer"
        [ for subject in all ->
              property subject.Name (optimizers subject) (fun optimizer ->
                  let again = Expression.parse (string optimizer)
                  Expect.equal again optimizer "by the text"

                  // By their texts, in which NaN equals itself.
                  Expect.equal (string (values again)) (string (values optimizer)) "value by value"
                  Expect.equal (again.GetHashCode()) (optimizer.GetHashCode()) "hash code") ]

let private prints (text: string) (canonical: string) =
    testCase $"'{text}' prints as '{canonical}'" (fun () -> Expect.equal (string (Expression.parse text)) canonical "the text form")

let private canonical =
    testList
        "canonical form"
        [ prints "adam(lr=0.0001, beta1=0.9, beta2=0.99)" "adam(lr=0.0001, beta1=0.9, beta2=0.99)"
          prints "adam" "adam(lr=0.0001, beta1=0.9, beta2=0.99)"
          prints "adam()" "adam(lr=0.0001, beta1=0.9, beta2=0.99)"
          prints " adam ( beta2 = 0.99 ,\tlr = 1e-4 )\n" "adam(lr=0.0001, beta1=0.9, beta2=0.99)"
          prints "adam(eps=1e-8)" "adam(lr=0.0001, beta1=0.9, beta2=0.99)"
          prints "adam(eps=1e-7)" "adam(lr=0.0001, beta1=0.9, beta2=0.99, eps=1e-7)"
          prints "adam(eps=0)" "adam(lr=0.0001, beta1=0.9, beta2=0.99, eps=0)"
          prints "fixed(lr=.5)" "fixed(lr=0.5)"
          prints "fixed(lr=0)" "fixed(lr=0)"
          prints "fixed(lr=1E2)" "fixed(lr=100)"
          prints "fixed(lr=1e-10)" "fixed(lr=1e-10)"
          prints "fixed(lr=1e+20)" "fixed(lr=1e20)"
          prints "momentum(lr=+0.002)" "momentum(lr=0.002, decay=0.9)"
          prints "adagrad" "adagrad(lr=0.001)"
          prints "rmsprop" "rmsprop(lr=0.0001, decay=0.99)"
          prints "adadelta()" "adadelta(decay=0.99)"
          prints "Adam" "adam(lr=0.0001, beta1=0.9, beta2=0.99)"
          prints "ADAMW(lr=Cosine(0.1, steps=5))" "adamw(lr=cosine(0.1, steps=5), beta1=0.9, beta2=0.999, weight_decay=0.01)"
          prints "Clip_Norm(1) | SGD(lr=PLATEAU(1))" "clip_norm(1) | sgd(lr=plateau(1), momentum=0)"
          prints "{ \"*.bias\"?: Fixed, \"*\": fixed }" "{ \"*.bias\"?: fixed(lr=0.01), \"*\": fixed(lr=0.01) }"
          testCase "what is made from a record prints the same" (fun () ->
              let optimizer =
                  Optimizer.create { Rules.adam.Defaults with LearningRate = 0.0001; Beta1 = 0.9; Beta2 = 0.99; Epsilon = 1e-8 }

              Expect.equal (string optimizer) "adam(lr=0.0001, beta1=0.9, beta2=0.99)" "the text form"
              Expect.equal optimizer (Expression.parse "adam") "the value")
          testCase "other settings or another rule make another value" (fun () ->
              let different =
                  [ "fixed(lr=1)"; "fixed(lr=2)"; "adagrad(lr=1)"; "adagrad(lr=1, eps=1)"; "rmsprop(lr=1)" ]

              Expect.equal (different |> List.map Expression.parse |> List.distinct |> List.length) 5 "distinct values") ]

/// The text, the place counted from 0, and what the message must say.
let private refused (text: string) (position: int) (parts: string list) =
    testCase $"'{text}' is refused at character {position + 1}" (fun () ->
        try
            let optimizer = Expression.parse text
            failtest $"it was read as {optimizer}"
        with :? ExpressionException as error ->
            Expect.equal error.Position position error.Message
            Expect.equal error.Text text "the text given"
            Expect.stringContains error.Message $"character {position + 1}" "the place"

            for part in parts do
                Expect.stringContains error.Message part "what is wrong, and what is allowed")

let private errors =
    testList
        "errors"
        [ refused "adm" 0 [ "No rule is named 'adm'. Did you mean adam?" ]
          refused "rmsporp(lr=1)" 0 [ "Did you mean rmsprop?" ]
          refused "  adamv(lr=1)" 2 [ "'adamv'"; "Did you mean adam?" ]
          refused "xxxxxxxxxx" 0 [ "Known names are fixed, momentum, "; " more. `cutedl list` prints all names." ]
          refused "" 0 [ "name is missing" ]
          refused "(lr=1)" 0 [ "name is missing" ]
          refused "adam(bata1=0.9)" 5 [ "adam has no argument 'bata1'. Did you mean beta1?" ]
          refused "adadelta(xxxxxxxx=1)" 9 [ "adadelta has no argument 'xxxxxxxx'. Known names are decay, eps" ]
          refused "adam(lr=1, )" 11 [ "argument's name is missing" ]
          refused "adam(lr=-0.1)" 8 [ "lr of adam must be in [0, ∞), not -0.1." ]
          refused "adam(lr=inf)" 8 [ "inf"; "[0, ∞)" ]
          refused "adam(lr=NaN)" 8 [ "NaN"; "[0, ∞)" ]
          refused "adam(lr=1, beta1=1)" 17 [ "beta1"; "[0, 1)" ]
          refused "momentum(decay=-0.1)" 15 [ "decay"; "[0, 1)" ]
          refused "adam(lr=fast)" 8 [ "'fast' is neither a number nor a schedule in the registry. lr must be in [0, ∞)" ]
          refused "adam(lr=1,5)" 10 [ "argument" ]
          refused "adam(lr=)" 8 [ "The value of lr is missing: found ')' instead." ]
          refused "adam(lr=0.1, lr=0.2)" 13 [ "lr is given twice" ]
          refused "adam(lr=0.1) now" 13 [ "Expected '|' or the end" ]
          refused "adam(lr=0.1))" 12 [ "Expected '|' or the end" ]
          refused "adam lr=0.1" 5 [ "Expected '|' or the end" ]
          refused "adam(lr=0.1" 11 [ "Expected ')'"; "the end" ]
          refused "adam(lr=0.1 beta1=0.9)" 12 [ "Expected ')'"; "'b'" ]
          refused "adam(" 5 [ "argument's name is missing" ]
          refused "adam(lr" 7 [ "Expected '='"; "the end" ]
          refused "adam(lr:0.1)" 7 [ "Expected '='"; "':'" ] ]

let private totality =
    let pieces =
        Gen.elements
            [ "adam"
              "fixed"
              "("
              ")"
              "="
              ","
              " "
              "lr"
              "beta1"
              "0.9"
              "1e-4"
              "-"
              "∞"
              "\u0000"
              "é"
              "😀"
              "\t"
              "nan" ]

    let strings =
        Gen.oneof
            [ Gen.listOf pieces |> Gen.map (String.concat "")
              Gen.arrayOf (Gen.choose (0, 0xFFFF) |> Gen.map char) |> Gen.map System.String ]

    property "any text is an optimizer or an ExpressionException with a place within the text" strings (fun text ->
        try
            Expression.parse text |> ignore
        with :? ExpressionException as error ->
            Expect.isTrue (error.Position >= 0 && error.Position <= text.Length) $"position {error.Position}")

let tests = testList "expressions" [ roundTrip; canonical; errors; totality ]
