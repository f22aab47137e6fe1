/// Sets of numbers: their batches, refusals, checksums and trainings.
module CuteDl.Core.Tests.NumberSetTests

open System
open System.Security.Cryptography
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.Generators

let private regression =
    gen {
        let! count = Gen.choose (1, 12)
        let! inputs = Gen.arrayOfLength (count * 3) (signed (logUniform 1e-3 1e3))
        let! targets = Gen.arrayOfLength (count * 2) (signed (logUniform 1e-3 1e3))
        let! indices = Gen.arrayOf (Gen.choose (0, count - 1))
        return inputs, targets, indices
    }

let private filled (precision: Precision<'T>) =
    property $"a batch has the numbers of its rows ({precision.Name})" regression (fun (inputs, targets, indices) ->
        for features in [ Features.Doubles inputs; Features.Singles(inputs |> Array.map float32) ] do
            let set = DataSet(TensorShape.Flat 3, features, Targets.Values(2, targets))
            let x = Array.zeroCreate (indices.Length * 3)
            let y = Array.zeroCreate (indices.Length * 2)
            Batches.fill None set 2 (ReadOnlySpan indices) (Span x) (Span y)

            indices
            |> Array.iteri (fun row example ->
                for i in 0..2 do
                    Expect.equal x[row * 3 + i] (precision.Of features[example * 3 + i]) $"input {i} of row {row}"

                for i in 0..1 do
                    Expect.equal y[row * 2 + i] (precision.Of targets[example * 2 + i]) $"target {i} of row {row}"))

let private refusals =
    let refused name (text: string) (act: unit -> unit) =
        testCase name (fun () ->
            Expect.throwsC act (fun error ->
                Expect.isTrue (error :? ArgumentException) $"{error.GetType()}"
                Expect.stringContains error.Message text "message"))

    let values = Targets.Values(1, [| 0.0; 0.0 |])
    let make features targets () = DataSet(TensorShape.Flat 2, features, targets) |> ignore

    testList
        "refuse"
        [ refused
              "an input that is NaN, with its place"
              "input in row 1, column 0 is NaN"
              (make (Features.Doubles [| 0.0; 1.0; nan; 0.0 |]) values)
          refused
              "an infinite single input"
              "input in row 0, column 1 is"
              (make (Features.Singles [| 0.0f; Single.PositiveInfinity; 0.0f; 0.0f |]) values)
          refused
              "a target that is NaN"
              "target in row 1, column 0 is NaN"
              (make (Features.Doubles(Array.zeroCreate 4)) (Targets.Values(1, [| 0.0; nan |])))
          refused
              "a label that is no class"
              "label in row 1 is 3. It must be from 0 to 2"
              (make (Features.Doubles(Array.zeroCreate 4)) (Targets.Labels([| 0; 3 |], 3)))
          refused "a negative label" "label in row 0 is -1" (make (Features.Doubles(Array.zeroCreate 4)) (Targets.Labels([| -1; 0 |], 3)))
          refused "other counts" "2 examples of 2 values need 4" (make (Features.Doubles(Array.zeroCreate 5)) values)
          refused
              "half a row of targets"
              "no whole number of rows of 2"
              (make (Features.Doubles(Array.zeroCreate 4)) (Targets.Values(2, Array.zeroCreate 3)))
          refused "targets without values" "at least 1 value" (make (Features.Doubles [||]) (Targets.Values(0, [||])))
          refused "no classes" "at least 1 class" (make (Features.Doubles [||]) (Targets.Labels([||], 0)))
          refused "outputs that are not the targets" "2 values" (fun () ->
              let set = DataSet(TensorShape.Flat 1, Features.Doubles [| 0.0 |], Targets.Values(2, [| 0.0; 0.0 |]))
              let model = Model.create 1 [ Dense(1, Linear) ] MeanSquaredError
              NetworkWorkload<float>(model, DataSets.ofPair set set, 1, FileOrder, 0, OverExamples) |> ignore) ]

let private checksums =
    let ofSet (set: DataSet) = DataSets.checksum (DataSets.ofPair set set)

    testList
        "checksums"
        [ property "of bytes with labels cover widths, counts, bytes and labels as bytes" (bytes 1 30) (fun values ->
              let labels = values |> Array.map (fun value -> int value % 7)
              let set = DataSet(1, values, labels, 7)

              let content =
                  [| BitConverter.GetBytes 1; BitConverter.GetBytes values.Length; values; Array.map byte labels |]
                  |> Array.concat

              Expect.equal (ofSet set) (Array.append content content |> SHA256.HashData |> Convert.ToHexStringLower) "checksum")
          testCase "differ if anything differs" (fun () ->
              let numbers = Features.Doubles [| 1.0; 2.0 |]
              let flat = TensorShape.Flat 1
              let values = Targets.Values(1, [| 0.0; 1.0 |])

              let sets =
                  [ DataSet(flat, numbers, values)
                    DataSet(flat, Features.Singles [| 1.0f; 2.0f |], values)
                    DataSet(flat, Features.Bytes [| 1uy; 2uy |], values)
                    DataSet(flat, Features.Doubles [| 1.0; 3.0 |], values)
                    DataSet(flat, numbers, Targets.Values(1, [| 0.0; 2.0 |]))
                    DataSet(flat, numbers, Targets.Labels([| 0; 1 |], 2))
                    DataSet(flat, numbers, Targets.Labels([| 0; 1 |], 3))
                    DataSet(flat, Features.Bytes [| 1uy; 2uy |], Targets.Labels([| 0; 1 |], 2))
                    DataSet(flat, Features.Bytes [| 1uy; 2uy |], Targets.Labels([| 0; 1 |], 300)) ]

              let plain = sets |> List.map ofSet

              let standardized =
                  sets
                  |> List.map (fun set ->
                      DataSets.checksum { DataSets.ofPair set set with Standardization = Some(Standardization.fit set) })

              Expect.hasLength (List.distinct (plain @ standardized)) (2 * sets.Length) "distinct") ]

/// y = 2 x₀ − 3 x₁ + 1, with inputs far from 0.
let private line: DataSets =
    let inputs =
        Array.init 200 (fun i -> if i % 2 = 0 then 1000.0 + float (i * 37 % 101) else float (i * 53 % 89) * 1e-3)

    let targets =
        Array.init 100 (fun i -> 2.0 * (inputs[2 * i] - 1050.0) / 30.0 - 3.0 * (inputs[2 * i + 1] - 0.04) / 0.025 + 1.0)

    let set = DataSet(TensorShape.Flat 2, Features.Doubles inputs, Targets.Values(1, targets))
    DataParts.holdOut 20 1 { DataParts.create set None with IsStandardized = true }

let private training =
    testCase "a line is learned from standardised inputs, without an accuracy" (fun () ->
        let model = Model.create 2 [ Dense(1, Linear) ] MeanSquaredError
        let options = { SmallRuns.options with BatchSize = 16; MaxEpochs = 200 }
        let initial = Model.initialParameters<float> model Glorot 1
        let optimizer = Optimizer.create { Rules.adam.Defaults with LearningRate = 0.05 }
        let result = Trainer.train model optimizer options line initial ignore CancellationToken.None
        let last = Array.last result.History
        Expect.isLessThan last.Loss 1e-6 "loss"
        Expect.isTrue (Double.IsNaN last.Accuracy) "accuracy")

let tests =
    testList "sets of numbers" [ filled Precision.single; filled Precision.double; refusals; checksums; training ]
