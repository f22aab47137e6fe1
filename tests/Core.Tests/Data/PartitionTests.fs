/// Examples divided among parts.
module CuteDl.Core.Tests.PartitionTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data

/// Labels of few or many classes, some without examples; and the sizes of one to four parts, some empty.
let private cases =
    gen {
        let! count = Gen.choose (1, 120)
        let! classes = Gen.choose (1, 40)
        let! labels = Gen.arrayOfLength count (Gen.choose (0, classes - 1))
        let! parts = Gen.choose (1, 4)
        let! cuts = Gen.arrayOfLength (parts - 1) (Gen.choose (0, count))
        let bounds = Array.concat [ [| 0 |]; Array.sort cuts; [| count |] ]
        let! seed = Gen.choose (0, 1000)
        return labels, bounds |> Array.pairwise |> Array.map (fun (a, b) -> b - a), seed
    }

let private isPartition (sizes: int array) (count: int) (parts: int array array) =
    Expect.equal (parts |> Array.map _.Length) sizes "sizes"
    Expect.equal (parts |> Array.concat |> Array.sort) [| 0 .. count - 1 |] "each example once"
    Expect.all parts (fun part -> part = Array.sort part) "ascending"

/// The quotas of a hold-out as they have always been: those of the largest remainders, then of the lowest classes.
let private largestRemainders (held: int) (counts: int array) : int array =
    let total = Array.sum counts
    let quotas = counts |> Array.map (fun count -> held * count / total)

    let chosen =
        [| 0 .. counts.Length - 1 |]
        |> Array.sortBy (fun label -> -(held * counts[label] % total), label)
        |> Array.truncate (held - Array.sum quotas)

    quotas |> Array.mapi (fun label quota -> if Array.contains label chosen then quota + 1 else quota)

let tests =
    testList
        "partitions"
        [ property "a stratified partition has each class's share in each part, to within one example" cases (fun (labels, sizes, seed) ->
              let parts = Partition.stratified sizes seed labels
              isPartition sizes labels.Length parts

              for label, count in Array.countBy id labels do
                  for part in parts do
                      let share = float count * float part.Length / float labels.Length
                      let taken = part |> Array.filter (fun index -> labels[index] = label) |> Array.length
                      Expect.isTrue (abs (float taken - share) < 1.0) $"{taken} of class {label}, its share is {share}")
          property "a random partition has the sizes" cases (fun (labels, sizes, seed) ->
              isPartition sizes labels.Length (Partition.random sizes seed labels.Length))
          property "a partition is a function of the seed" cases (fun (labels, sizes, seed) ->
              Expect.equal (Partition.stratified sizes seed labels) (Partition.stratified sizes seed labels) "stratified"
              Expect.equal (Partition.random sizes seed labels.Length) (Partition.random sizes seed labels.Length) "random")
          property "a hold-out takes the largest remainders" cases (fun (labels, sizes, seed) ->
              let held = sizes[0]
              let counts = Array.init 40 (fun label -> labels |> Array.filter ((=) label) |> Array.length)
              let parts = Partition.stratified [| labels.Length - held; held |] seed labels

              let taken =
                  Array.init 40 (fun label -> parts[1] |> Array.filter (fun index -> labels[index] = label) |> Array.length)

              Expect.equal taken (largestRemainders held counts) "quotas")
          testCase "another seed gives another partition" (fun () ->
              let labels = Array.init 100 (fun i -> i % 3)
              let sizes = [| 60; 20; 20 |]
              Expect.notEqual (Partition.stratified sizes 1 labels) (Partition.stratified sizes 2 labels) "stratified"
              Expect.notEqual (Partition.random sizes 1 100) (Partition.random sizes 2 100) "random")
          testCase "sizes that do not have all examples are refused" (fun () ->
              for sizes in [ [| 3; 3 |]; [| 5; 4 |]; [| 11; -1 |]; [||] ] do
                  let message act = Expect.throwsC act (fun error -> (error :?> ArgumentException).Message)
                  Expect.stringContains (message (fun () -> Partition.random sizes 0 10 |> ignore)) "10 together" $"%A{sizes}"

                  Expect.stringContains
                      (message (fun () -> Partition.stratified sizes 0 (Array.zeroCreate 10) |> ignore))
                      "10 together"
                      $"%A{sizes}")
          testCase "MNIST's hold-out of 5000 is what it has always been" (fun () ->
              let labels = ByteSets.labelsOf DataSetTests.mnist.Value.Training
              let held = (Partition.stratified [| 55000; 5000 |] 0 labels)[1]
              Expect.equal (held[..4], Array.sumBy int64 held) ([| 2; 29; 33; 44; 51 |], 148096618L) "indices") ]
