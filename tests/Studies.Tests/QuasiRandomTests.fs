/// Quasi-random sequences: against published points, and by what makes them even.
module CuteDl.Studies.Tests.QuasiRandomTests

open Expecto
open CuteDl.Testing
open CuteDl.Core.Numerics
open CuteDl.Studies

let private unscrambled dimensions index =
    [ for dimension in 0 .. dimensions - 1 -> float (QuasiRandom.sobolBits dimension index) / 4294967296.0 ]

/// The output of Joe & Kuo's own program for ten points in three dimensions, as its notes show it.
let private published =
    [ [ 0.0; 0.0; 0.0 ]
      [ 0.5; 0.5; 0.5 ]
      [ 0.75; 0.25; 0.25 ]
      [ 0.25; 0.75; 0.75 ]
      [ 0.375; 0.375; 0.625 ]
      [ 0.875; 0.875; 0.125 ]
      [ 0.625; 0.125; 0.875 ]
      [ 0.125; 0.625; 0.375 ]
      [ 0.1875; 0.3125; 0.9375 ]
      [ 0.6875; 0.8125; 0.4375 ] ]

let private key seed = RandomStream.key seed "test"

/// In which of so many equal intervals each coordinate of a dimension lies.
let private intervals count (points: float array list) dimension =
    points |> List.map (fun point -> int (point[dimension] * float count)) |> List.sort

let private isEven count points =
    Expect.all [ 0 .. QuasiRandom.maxDimensions - 1 ] (fun dimension -> intervals count points dimension = [ 0 .. count - 1 ])

let tests =
    testList
        "quasi-random"
        [ testCase "Sobol's sequence is the published one" (fun () ->
              Expect.equal [ for index in 0..9 -> unscrambled 3 index ] published "points")

          testCase "each dimension has a primitive polynomial of its own, and odd direction numbers below 2^k" (fun () ->
              Expect.hasLength (List.distinct QuasiRandom.polynomials) (QuasiRandom.maxDimensions - 1) "all differ"

              for struct (degree, coefficients, first) in QuasiRandom.polynomials do
                  // x multiplied by itself until it is 1 again, modulo the polynomial: primitive if that takes all of 2^degree - 1.
                  let polynomial = (1 <<< degree) + (coefficients <<< 1) + 1

                  let next power =
                      let doubled = power <<< 1
                      if doubled >>> degree = 1 then doubled ^^^ polynomial else doubled

                  let rec order power count = if power = 1 then count else order (next power) (count + 1)
                  Expect.equal (order (next 1) 1) ((1 <<< degree) - 1) "order"
                  Expect.hasLength first degree "direction numbers"
                  Expect.all (List.indexed first) (fun (k, m) -> m % 2u = 1u && m < (2u <<< k)) "odd, below 2^k")

          testProperty "of 2^k scrambled points each interval of length 2^-k has one, in each dimension" (fun (seed: int) ->
              let points = [ for index in 0..63 -> QuasiRandom.sobol (key seed) QuasiRandom.maxDimensions index ]
              isEven 64 points "all 64"
              isEven 16 (List.take 16 points) "the first 16"
              isEven 16 (points |> List.skip 16 |> List.take 16) "the next 16")

          testProperty "of 16 scrambled points each square of side 1/4 has one, in the first two dimensions" (fun (seed: int) ->
              let squares =
                  [ for index in 0..15 ->
                        let point = QuasiRandom.sobol (key seed) 2 index
                        int (point[0] * 4.0), int (point[1] * 4.0) ]

              Expect.equal (List.distinct squares |> List.length) 16 "squares")

          testProperty "scrambled points lie strictly between 0 and 1, and shifted ones in [0, 1)" (fun (seed: int) (index: uint16) ->
              let sobol = QuasiRandom.sobol (key seed) QuasiRandom.maxDimensions (int index)
              let halton = QuasiRandom.halton (key seed) QuasiRandom.maxDimensions (int index)
              Expect.all sobol (fun x -> x > 0.0 && x < 1.0) "Sobol"
              Expect.all halton (fun x -> x >= 0.0 && x < 1.0) "Halton")

          testCase "seeds scramble differently, and the mean over seeds is a half" (fun () ->
              let firsts = [ for seed in 0..999 -> (QuasiRandom.sobol (key seed) 3 0)[2] ]
              Expect.equal (List.distinct firsts |> List.length) 1000 "different"
              Expect.floatClose { absolute = 0.03; relative = 0.0 } (List.average firsts) 0.5 "mean")

          testCase "digits mirrored at the point are Halton's" (fun () ->
              Expect.equal
                  [ for index in 0..7 -> QuasiRandom.radicalInverse 2 index ]
                  [ 0.0; 0.5; 0.25; 0.75; 0.125; 0.625; 0.375; 0.875 ]
                  "base 2"

              for index, expected in List.indexed [ 0.0; 1.0 / 3.0; 2.0 / 3.0; 1.0 / 9.0; 4.0 / 9.0; 7.0 / 9.0 ] do
                  Expect.floatClose Accuracy.veryHigh (QuasiRandom.radicalInverse 3 index) expected "base 3")

          testProperty "of 3^k shifted points no interval of length 3^-k has more than two, in base 3" (fun (seed: int) ->
              let points = [ for index in 0..26 -> QuasiRandom.halton (key seed) 2 index ]
              Expect.all (intervals 27 points 1 |> List.countBy id) (fun (_, count) -> count <= 2) "at most two")

          testCase "other numbers of dimensions are refused" (fun () ->
              for dimensions in [ 0; QuasiRandom.maxDimensions + 1 ] do
                  Expect.throwsT<System.ArgumentOutOfRangeException> (fun () -> QuasiRandom.sobol 0UL dimensions 0 |> ignore) "Sobol"
                  Expect.throwsT<System.ArgumentOutOfRangeException> (fun () -> QuasiRandom.halton 0UL dimensions 0 |> ignore) "Halton") ]
