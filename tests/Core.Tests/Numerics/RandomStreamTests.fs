/// Random streams, against published sequences and for what they promise.
module CuteDl.Core.Tests.RandomStreamTests

open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

let private draw seed purpose =
    let random = RandomStream.stream seed purpose
    Array.init 20 (fun _ -> random.NextDouble())

let tests =
    testList
        "random"
        [ testCase "a key is FNV-1a of the seed's bytes and the purpose" (fun () ->
              // The published hash of "foobar": its first four bytes as a seed, least first, and the rest as a purpose.
              Expect.equal (RandomStream.key 0x626F6F66 "ar") 0x85944171F73967E8UL "FNV-1a of foobar")
          testCase "uniformAt is SplitMix64" (fun () ->
              // Vigna's splitmix64.c from the seed 1234567.
              let published =
                  [ 6457827717110365317UL
                    3203168211198807973UL
                    9817491932198370423UL
                    4593380528125082431UL
                    16408922859458223821UL ]

              published
              |> List.iteri (fun i expected ->
                  Expect.equal (RandomStream.uniformAt 1234567UL (uint64 i)) (float (expected >>> 11) / 2.0 ** 53.0) $"number {i}"))
          property "uniformAt lies in [0, 1)" (Gen.zip (Gen.choose (0, 1 <<< 30)) (Gen.choose (0, 1 <<< 30))) (fun (key, index) ->
              let value = RandomStream.uniformAt (uint64 key * 0x9E3779B97F4A7C15UL) (uint64 index)
              Expect.isTrue (value >= 0.0 && value < 1.0) $"{value}")
          testCase "the same seed and purpose give the same stream" (fun () -> Expect.equal (draw 1 "weights") (draw 1 "weights") "numbers")
          testCase "another seed or purpose gives another stream" (fun () ->
              let streams =
                  [ draw 1 "weights"; draw 2 "weights"; draw -1 "weights"; draw 1 "shuffle/0"; draw 1 "shuffle/1" ]

              Expect.equal (List.distinct streams).Length streams.Length "distinct streams") ]
