/// Random samples that statistics are held against.
module CuteDl.Studies.Tests.Statistics.Samples

open FsCheck
open FsCheck.FSharp

/// A number with ties likely.
let number: Gen<float> =
    Gen.oneof
        [ Gen.choose (-20, 20) |> Gen.map float
          Gen.choose (-1000000, 1000000) |> Gen.map (fun i -> float i / 1000.0) ]

let private some (least: int) (most: int) (element: Gen<'value>) =
    Gen.choose (least, most) |> Gen.bind (fun length -> Gen.arrayOfLength length element)

/// 1 to 16 numbers.
let numbers: Gen<float array> = some 1 16 number

/// A time above 0, or infinite.
let time: Gen<float> =
    Gen.frequency [ 5, Gen.choose (1, 100) |> Gen.map float; 1, Gen.constant infinity ]

/// 1 to 12 times.
let times: Gen<float array> = some 1 12 time

/// Successes of trials.
let counts: Gen<int * int> =
    gen {
        let! trials = Gen.choose (1, 200)
        let! successes = Gen.choose (0, trials)
        return successes, trials
    }

/// 1 to 12 differences, ties and zeros likely.
let differences: Gen<float array> = some 1 12 number

/// 1 to 12 p-values.
let pValues: Gen<float array> = some 1 12 (Gen.choose (0, 1000) |> Gen.map (fun i -> float i / 1000.0))
