/// Random values that properties are held against.
module CuteDl.Core.Tests.Generators

open System
open FsCheck
open FsCheck.FSharp

let uniform (lower: float) (upper: float) : Gen<float> =
    Gen.choose (0, 1 <<< 30) |> Gen.map (fun i -> lower + (upper - lower) * float i / float (1 <<< 30))

/// Evenly spread over orders of magnitude.
let logUniform (lower: float) (upper: float) : Gen<float> = uniform (log lower) (log upper) |> Gen.map exp

let signed (magnitudes: Gen<float>) : Gen<float> =
    Gen.map2 (fun isNegative magnitude -> if isNegative then -magnitude else magnitude) (Gen.elements [ true; false ]) magnitudes

/// A gradient's element of a size that squares without overflow or underflow in float32, or 0.
let moderate: Gen<float> = Gen.frequency [ 1, Gen.constant 0.0; 6, signed (logUniform 1e-3 1e3) ]

/// A gradient's element of any kind: zeros of both signs, subnormal in float32, tiny, usual, large, beyond the root of the largest.
let anySize: Gen<float> =
    Gen.frequency
        [ 2, Gen.elements [ 0.0; -0.0 ]
          1, signed (logUniform 1e-44 1e-38)
          2, signed (logUniform 1e-30 1e-8)
          8, signed (logUniform 1e-4 1e2)
          2, signed (logUniform 1e4 1e15)
          1, signed (logUniform 1e20 1e30) ]

/// So many gradients of one length.
let gradients (steps: int) (length: int) (elements: Gen<float>) : Gen<float array array> =
    Gen.arrayOfLength steps (Gen.arrayOfLength length elements)

/// One to twelve gradients of one length, from 1 to so many elements.
let someGradients (maxLength: int) (elements: Gen<float>) : Gen<float array array> =
    gen {
        let! steps = Gen.choose (1, 12)
        let! length = Gen.choose (1, maxLength)
        return! gradients steps length elements
    }

/// A fraction with a small power of 2 below: exact in binary floating point, however it is scaled or added up.
let dyadic: Gen<float> =
    Gen.map2 (fun numerator power -> float numerator / float (1 <<< power)) (Gen.choose (-64, 64)) (Gen.choose (0, 4))

/// A dyadic number in (0, 1).
let dyadicDecay: Gen<float> = Gen.choose (1, 15) |> Gen.map (fun n -> float n / 16.0)

/// A dyadic rate, at least 1/16.
let dyadicRate: Gen<float> = Gen.choose (1, 32) |> Gen.map (fun n -> float n / 16.0)

/// Fixed samples, for what is tested by cases: the same in every run.
let samples (count: int) (values: Gen<'value>) : 'value array = Gen.sampleWithSeed (Rnd(20240229UL, 1UL)) 50 count values

/// A permutation of 0 .. length − 1.
let permutation (length: int) : Gen<int array> = Gen.shuffle (Array.init length id)

let bytes (minimum: int) (maximum: int) : Gen<byte array> =
    gen {
        let! length = Gen.choose (minimum, maximum)
        return! Gen.arrayOfLength length (Gen.choose (0, 255) |> Gen.map byte)
    }
