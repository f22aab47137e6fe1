/// Groups that have no tensor: allowed where they say so.
module CuteDl.Core.Tests.AlgebraGroupTests

open System
open Expecto
open CuteDl.Core.Optimizers

let private withoutBiases = Layout.OfShapes [ "a.weight", [ 2; 2 ]; "b.weight", [ 2 ] ]

let private accepted (text: string) =
    testCase $"{text} fits a model without biases" (fun () ->
        let optimizer = Expression.parse text
        Expect.equal (string (Expression.parse (string optimizer))) (string optimizer) "through its text"
        let state = Optimizer.initFor<float> optimizer withoutBiases
        let parameters = Array.zeroCreate<float> 6
        Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(Array.create 6 1.0))
        Expect.all parameters ((=) -1.0) "each tensor takes the step of its group")

let private refused (text: string) (message: string) =
    testCase $"{text} is refused: {message}" (fun () ->
        try
            Optimizer.check (Expression.parse text) withoutBiases
            failtest "it was taken"
        with :? ArgumentException as error ->
            Expect.stringContains error.Message message "message")

let tests =
    testList
        "groups without a tensor"
        [ accepted "{ \"*.bias\"?: fixed(lr=5), \"*\": fixed(lr=1) }"
          accepted "{ \"*.weight\": fixed(lr=1), \"*\": adam }"
          accepted "{ \"*.weight\": fixed(lr=1), \"*.bias\"?: adam, \"x*\"?: sgd }"
          accepted "{ \"*\": { \"*.bias\"?: fixed(lr=5), \"*.weight\": fixed(lr=1), \"*\": adam } }"
          refused "{ \"*.bias\": fixed(lr=5), \"*\": fixed(lr=1) }" "The group \"*.bias\" matches no tensor"
          refused "{ \"*.bias\": fixed(lr=5), \"*\": fixed(lr=1) }" "mark the group optional: \"*.bias\"?:"
          refused "{ \"*\": fixed(lr=1), \"a*\": adam }" "The group \"a*\" matches no tensor"
          refused "{ \"*.bias\"?: fixed(lr=5) }" "Add a last group \"*\"" ]
