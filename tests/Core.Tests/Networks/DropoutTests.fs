/// Dropout: the rate and the expectation it keeps, and masks that follow from the key alone.
module CuteDl.Core.Tests.DropoutTests

open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Networks
open CuteDl.Core.Tests.Generators

let private width = 64

/// A network whose answers are its inputs behind a dropout: identity weights, all inputs 1.
let private ones (rate: float) (rows: int) : Network<float> =
    let network =
        Network<float>(Model.create width [ Dropout rate; Dense(width, Linear) ] MeanSquaredError, rows)

    for i in 0 .. width - 1 do
        network.Parameters[i * width + i] <- 1.0

    System.Array.Fill(network.Inputs, 1.0)
    network

let private mask (network: Network<float>) (key: uint64) =
    network.Train(network.Capacity, key) |> ignore
    network.Outputs.ToArray()

let private keepsExpectation =
    testList
        "in training"
        [ for rate in [ 0.0; 0.1; 0.5; 0.9 ] do
              testCase $"a rate of {rate} drops that share, and keeps the expectation" (fun () ->
                  let factors = mask (ones rate 500) 42UL
                  let dropped = factors |> Array.filter ((=) 0.0) |> Array.length
                  let n = float factors.Length
                  // Five standard errors of a share, and of a mean.
                  Close.within (5.0 * sqrt (rate * (1.0 - rate) / n)) (float dropped / n) rate "share of zeros"
                  Close.within (5.0 * sqrt (rate / (1.0 - rate) / n)) (Array.average factors) 1.0 "mean"
                  let scale = 1.0 / (1.0 - rate)
                  Expect.all factors (fun factor -> factor = 0.0 || factor = scale) $"each value is 0 or 1/(1 − rate)") ]

let private keys =
    property "masks follow from the key alone" (Gen.two (Gen.choose (0, 1_000_000))) (fun (first, second) ->
        let network = ones 0.5 4
        let a = mask network (uint64 first)
        let b = mask network (uint64 second)
        Expect.equal (mask network (uint64 first)) a "the same key, after another"
        Expect.equal (mask (ones 0.5 4) (uint64 second)) b "the same key, in another network"

        if first <> second then
            Expect.notEqual a b "another key")

let private atRest =
    testCase "validation leaves values unchanged" (fun () ->
        let network = ones 0.5 4
        mask network 1UL |> ignore
        network.Validate 4 |> ignore
        Expect.all (network.Outputs.ToArray()) ((=) 1.0) "outputs")

let private layersDiffer =
    testCase "two dropouts of one network use different masks" (fun () ->
        let model =
            Model.create width [ Dropout 0.5; Dense(width, Linear); Dropout 0.5; Dense(width, Linear) ] MeanSquaredError

        let network = Network<float>(model, 16)

        for parameter in Model.parameters model do
            if parameter.Shape.Length = 2 then
                for i in 0 .. width - 1 do
                    network.Parameters[parameter.Offset + i * width + i] <- 1.0

        System.Array.Fill(network.Inputs, 1.0)
        network.Train(16, 5UL) |> ignore
        let kept = network.Outputs.ToArray() |> Array.filter ((<>) 0.0) |> Array.length
        // Independent masks keep a quarter; equal ones would keep a half.
        Close.within 0.08 (float kept / float (16 * width)) 0.25 "share kept by both")

let tests = testList "dropout" [ keepsExpectation; keys; atRest; layersDiffer ]
