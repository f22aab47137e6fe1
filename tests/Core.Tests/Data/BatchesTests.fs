module CuteDl.Core.Tests.BatchesTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Tests.ByteSets
open CuteDl.Core.Tests.Generators

let private examples =
    gen {
        let! count = Gen.choose (1, 12)
        let! features = Gen.arrayOfLength (count * 5) (Gen.choose (0, 255) |> Gen.map byte)
        let! labels = Gen.arrayOfLength count (Gen.choose (0, 3))
        let! indices = Gen.arrayOf (Gen.choose (0, count - 1))
        return DataSet(5, features, labels, 4), indices
    }

let private filled (precision: Precision<'T>) =
    property
        $"a batch has value / 255 and one-hot labels, and nothing behind its rows is touched ({precision.Name})"
        examples
        (fun (set, indices) ->
            let stale = precision.Of 7.0
            let inputs = Array.create (indices.Length * 5 + 3) stale
            let targets = Array.create (indices.Length * 4 + 3) stale
            Batches.fill None set 4 (ReadOnlySpan indices) (Span inputs) (Span targets)

            let pixels = bytesOf set

            indices
            |> Array.iteri (fun row example ->
                for i in 0..4 do
                    Expect.equal inputs[row * 5 + i] (precision.Of(float pixels[example * 5 + i] / 255.0)) $"input {i} of row {row}"

                for j in 0..3 do
                    let expected = if (labelsOf set)[example] = j then 1.0 else 0.0
                    Expect.equal targets[row * 4 + j] (precision.Of expected) $"target {j} of row {row}")

            Expect.all inputs[indices.Length * 5 ..] ((=) stale) "behind the inputs"
            Expect.all targets[indices.Length * 4 ..] ((=) stale) "behind the targets")

let tests =
    testList
        "batches"
        [ filled Precision.single
          filled Precision.double
          testCase "the last batch of an epoch may be smaller, and counts" (fun () ->
              for examples, size, expected in [ 60000, 64, 938; 10000, 64, 157; 64, 64, 1; 65, 64, 2; 1, 64, 1; 128, 64, 2 ] do
                  Expect.equal (Batches.count examples size) expected $"{examples} in batches of {size}")
          property
              "an epoch's order is a permutation"
              (Gen.zip3 (Gen.choose (1, 200)) (Gen.choose (-5, 5)) (Gen.choose (0, 9)))
              (fun (n, seed, epoch) ->
                  for order in [ FileOrder; Shuffled ] do
                      Expect.equal (Batches.permutation order n seed epoch |> Array.sort) [| 0 .. n - 1 |] $"{order}")
          testCase "file order is the files' order, every epoch" (fun () ->
              Expect.equal (Batches.permutation FileOrder 100 3 7) [| 0..99 |] "order")
          testCase "shuffles follow from seed and epoch alone, and differ by either" (fun () ->
              let shuffles =
                  [ for seed in 1..4 do
                        for epoch in 0..4 -> Batches.permutation Shuffled 100 seed epoch ]

              let again =
                  [ for seed in 1..4 do
                        for epoch in 0..4 -> Batches.permutation Shuffled 100 seed epoch ]

              Expect.equal again shuffles "again"
              Expect.equal (List.distinct shuffles).Length 20 "distinct"
              Expect.isFalse (List.contains [| 0..99 |] shuffles) "none is the file order")
          testCase "shuffles put every example anywhere alike" (fun () ->
              // Where example 0 of 10 goes in 5000 shuffles: five standard errors around 500.
              let places = Array.zeroCreate 10

              for epoch in 0..4999 do
                  let place = Array.IndexOf(Batches.permutation Shuffled 10 1 epoch, 0)
                  places[place] <- places[place] + 1

              Expect.all places (fun count -> abs (count - 500) < 107) $"%A{places}")
          testCase "orders are named file and shuffle" (fun () ->
              Expect.equal ([ FileOrder; Shuffled ] |> List.map string) [ "file"; "shuffle" ] "names") ]
