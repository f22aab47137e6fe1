/// Confusion matrices against counting.
module CuteDl.Core.Tests.ConfusionMatrixTests

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Models

let private answers: Gen<int * (int * int) list> =
    gen {
        let! classes = Gen.choose (1, 5)
        let label = Gen.choose (0, classes - 1)
        let! pairs = Gen.listOf (Gen.zip label label)
        return classes, pairs
    }

let private matrixOf (classes: int) (pairs: (int * int) list) : ConfusionMatrix =
    let counts = Array.zeroCreate (classes * classes)

    for truth, answer in pairs do
        counts[truth * classes + answer] <- counts[truth * classes + answer] + 1

    ConfusionMatrix(counts, classes)

let private share (part: ('a -> bool)) (whole: 'a list) : float = float (whole |> List.filter part |> List.length) / float whole.Length

let private same (actual: float) (expected: float) (what: string) =
    if not (actual.Equals expected) then
        failtest $"{what}: {actual}, expected {expected}"

let tests =
    testList
        "confusion matrix"
        [ property "has the counts and shares of the answers" answers (fun (classes, pairs) ->
              let matrix = matrixOf classes pairs
              Expect.equal matrix.Examples pairs.Length "examples"
              same matrix.Accuracy (share (fun (truth, answer) -> truth = answer) pairs) "accuracy"

              for label in 0 .. classes - 1 do
                  same
                      (matrix.Precision label)
                      (pairs |> List.filter (fun (_, answer) -> answer = label) |> share (fun (truth, _) -> truth = label))
                      "precision"

                  same
                      (matrix.Recall label)
                      (pairs |> List.filter (fun (truth, _) -> truth = label) |> share (fun (_, answer) -> answer = label))
                      "recall"

                  for answer in 0 .. classes - 1 do
                      Expect.equal matrix[label, answer] (pairs |> List.filter ((=) (label, answer)) |> List.length) "count")

          testCase "is a table with recall at the right and precision below" (fun () ->
              let expected =
                  [ "true            0       1  2  recall"
                    "0              10       2  0  0.8333"
                    "1               0       5  0  1.0000"
                    "2               0       0  0       -"
                    "precision  1.0000  0.7143  -  0.8824" ]

              Expect.equal (string (ConfusionMatrix([| 10; 2; 0; 0; 5; 0; 0; 0; 0 |], 3))) (String.Join("\n", expected)) "text")

          testCase "is refused if it is no square or has negative counts" (fun () ->
              Expect.throwsT<ArgumentException> (fun () -> ConfusionMatrix([| 1; 2 |], 2) |> ignore) "no square"
              Expect.throwsT<ArgumentException> (fun () -> ConfusionMatrix([||], 0) |> ignore) "no class"
              Expect.throwsT<ArgumentException> (fun () -> ConfusionMatrix([| -1 |], 1) |> ignore) "negative"
              let matrix = ConfusionMatrix([| 1 |], 1)
              Expect.throwsT<ArgumentOutOfRangeException> (fun () -> matrix[0, 1] |> ignore) "answer"
              Expect.throwsT<ArgumentOutOfRangeException> (fun () -> matrix.Recall -1 |> ignore) "label") ]
