/// Random tensors, and whether they are the same to the bit.
module CuteDl.Core.Tests.Tensors

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Tests.Generators

/// Any 64 bits, the special ones of integers and of both floating-point types often.
let private bits: Gen<uint64> =
    let special =
        [ 0UL
          1UL
          0x8000_0000_0000_0000UL
          0xFFFF_FFFF_FFFF_FFFFUL
          // Infinities, a quiet NaN, and one that signals and carries a payload: float64, then float32.
          0x7FF0_0000_0000_0000UL
          0xFFF8_0000_0000_0000UL
          0x7FF0_0000_DEAD_BEEFUL
          0xFF80_0000UL
          0x7FC0_0000UL
          0x7F80_BEEFUL ]

    let half = Gen.choose (0, 0xFFFF) |> Gen.map uint64
    let any = Gen.arrayOfLength 4 half |> Gen.map (Array.reduce (fun bits next -> bits <<< 16 ||| next))
    Gen.frequency [ 1, Gen.elements special; 3, any ]

/// Every type, no dimension to four, sizes from 0 on.
let tensor: Gen<Tensor> =
    gen {
        let! rank = Gen.choose (0, 4)
        let! shape = Gen.listOfLength rank (Gen.frequency [ 1, Gen.constant 0; 8, Gen.choose (1, 4) ])
        let! values = Gen.arrayOfLength (List.fold (*) 1 shape) bits

        let! cells =
            Gen.elements
                [ F32(values |> Array.map (uint32 >> BitConverter.UInt32BitsToSingle))
                  F64(values |> Array.map BitConverter.UInt64BitsToDouble)
                  I64(values |> Array.map int64)
                  U8(values |> Array.map byte) ]

        return { Shape = shape; Cells = cells }
    }

/// Texts of letters that formats may stumble over: quotes, control characters, all lengths of UTF-8, the last one before the surrogates.
let text: Gen<string> =
    [ "a"
      "weight"
      "0"
      "."
      "/"
      "\\"
      "\""
      " "
      "\n"
      "\u0000"
      "\u007F"
      "é"
      "重"
      "\uD7FF"
      "\uE000"
      "\uFFFD"
      "😀"
      "<&'+>" ]
    |> Gen.elements
    |> Gen.listOf
    |> Gen.map (List.truncate 8 >> String.concat "")

/// No Unicode: half of a surrogate pair. (A literal of it would be a replacement character.)
let halfAPair = string '\uD83D'

let tensors: Gen<Map<string, Tensor>> =
    Gen.zip text tensor |> Gen.listOf |> Gen.map (List.truncate 6 >> Map.ofList)

/// Arrays, a type for some of them, and what reading finds then.
let narrowed: Gen<Map<string, CellType> * Map<string, Tensor> * Map<string, Tensor>> =
    let one =
        gen {
            let! length = Gen.choose (0, 5)
            let! halves = Gen.arrayOfLength length (Gen.choose (0, 0xFFFF))
            let! values = Gen.arrayOfLength length (Gen.choose (0, 0x7F))
            let shape = [ length ]
            let ofCells cells = { Shape = shape; Cells = cells }
            let whole = ofCells (I64(Array.map int64 values))
            // Above half of a step to the next, so that both types have to round up.
            let rounded bits =
                Array.map (fun value -> BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits value + bits))

            let halfs =
                halves
                |> Array.map (fun bits -> Half.op_Explicit (BitConverter.UInt16BitsToHalf(uint16 bits)): float32)

            let brains = halves |> Array.map (fun bits -> BitConverter.Int32BitsToSingle(bits <<< 16))
            let normal = Array.map (fun value -> if Single.IsNormal value && abs value < 1e30f then value else 0.0f)

            return!
                Gen.elements
                    [ CellType.F16, ofCells (F32 halfs), ofCells (F32 halfs)
                      CellType.BF16, ofCells (F32(rounded 0x7FFF (normal brains))), ofCells (F32(normal brains))
                      CellType.I32, whole, whole
                      CellType.I16, whole, whole
                      CellType.I8, whole, whole
                      CellType.U64, whole, whole
                      CellType.U32, whole, whole
                      CellType.U16, whole, whole
                      CellType.Bool,
                      ofCells (U8(Array.map byte values)),
                      ofCells (U8(values |> Array.map (fun value -> if value = 0 then 0uy else 1uy))) ]
        }

    Gen.listOf one
    |> Gen.map (fun list ->
        let named = list |> List.truncate 4 |> List.indexed |> List.map (fun (i, item) -> $"{i}", item)

        Map [ for name, (cellType, _, _) in named -> name, cellType ],
        Map [ for name, (_, tensor, _) in named -> name, tensor ],
        Map [ for name, (_, _, expected) in named -> name, expected ])

/// A tensor's type, shape, and the bits of its values.
let private bitsOf (tensor: Tensor) =
    let cells =
        match tensor.Cells with
        | F32 values -> "F32", values |> Array.map (BitConverter.SingleToUInt32Bits >> uint64)
        | F64 values -> "F64", values |> Array.map BitConverter.DoubleToUInt64Bits
        | I64 values -> "I64", values |> Array.map uint64
        | U8 values -> "U8", values |> Array.map uint64

    tensor.Shape, cells

let areSame (first: Map<string, Tensor>) (second: Map<string, Tensor>) : bool =
    Map.map (fun _ -> bitsOf) first = Map.map (fun _ -> bitsOf) second

let expectSame (actual: Map<string, Tensor>) (expected: Map<string, Tensor>) (what: string) =
    Expect.equal (Map.map (fun _ -> bitsOf) actual) (Map.map (fun _ -> bitsOf) expected) what

/// A few tensors of every type, for damage: small, so that every byte can be tried.
let few: Map<string, Tensor> =
    Map
        [ "layers.0.weight", { Shape = [ 1; 2 ]; Cells = F32 [| 1.5f; Single.NaN |] }
          "步", { Shape = []; Cells = I64 [| 300L |] }
          "none", { Shape = [ 0; 3 ]; Cells = F64 [||] }
          "m", { Shape = [ 1 ]; Cells = F64 [| -0.1 |] }
          "raw", { Shape = [ 3 ]; Cells = U8 "  }"B } ]

/// Every copy with one byte changed: each of its bits flipped, or it became one that means something to a header.
let withOneByteChanged (whole: byte array) : (string * byte array) seq =
    seq {
        for index in 0 .. whole.Length - 1 do
            let flipped = [| for bit in 0..7 -> whole[index] ^^^ (1uy <<< bit) |]

            for value in Array.concat [ flipped; " \"\\,:[]{}019-u.e"B; [| 0uy; 128uy; 255uy |] ] |> Array.distinct do
                if whole[index] <> value then
                    let copy = Array.copy whole
                    copy[index] <- value
                    $"byte {index} of {whole.Length} as {value}", copy
    }

/// Whatever comes back must be the same, and whatever is thrown a DataFormatException.
let expectSameOrRefused (read: byte array -> 'value) (isSame: 'value -> bool) (damaged: (string * byte array) seq) =
    for what, bytes in damaged do
        try
            if not (isSame (read bytes)) then
                failtest $"{what}: something else was read"
        with
        | :? DataFormatException -> ()
        | :? AssertException -> reraise ()
        | error -> failtest $"{what}: {error}"
