/// Files in the safetensors format: what is written comes back to the bit, damage is found, lies cost no memory.
module CuteDl.Core.Tests.SafetensorsTests

open System
open System.IO
open System.Text
open System.Text.Json
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.IdxFiles
open CuteDl.Core.Tests.TemporaryFolder

let private readBytes (bytes: byte array) =
    use stream = new MemoryStream(bytes)
    Safetensors.readStream "model.safetensors" stream

let private writeBytes (content: Safetensors) : byte array =
    use stream = new MemoryStream()
    Safetensors.write stream content
    stream.ToArray()

/// A file of another program: any header, then any values.
let private fileOf (header: byte array) (values: byte array) : byte array =
    Array.concat [ BitConverter.GetBytes(int64 header.Length); header; values ]

let private file (header: string) (values: byte array) : byte array = fileOf (Encoding.UTF8.GetBytes header) values

/// The header's text of a file.
let private headerOf (bytes: byte array) : string = Encoding.UTF8.GetString(bytes, 8, int (BitConverter.ToInt64(bytes, 0)))

let private isSame (first: Safetensors) (second: Safetensors) =
    first.Metadata = second.Metadata && Tensors.areSame first.Tensors second.Tensors

let private expectSame (actual: Safetensors) (expected: Safetensors) =
    Expect.equal actual.Metadata expected.Metadata "metadata"
    Tensors.expectSame actual.Tensors expected.Tensors "tensors"

let private contents =
    gen {
        let! metadata =
            Gen.zip Tensors.text Tensors.text |> Gen.listOf |> Gen.map (List.truncate 3 >> Map.ofList)

        let! tensors = Tensors.tensors
        return { Metadata = metadata; Tensors = tensors }
    }

let private few =
    { Metadata = Map [ "optimizer", "adam(lr=0.001)"; "a\"b\\", "\t重😀" ]; Tensors = Tensors.few }

let private roundTrip =
    testList
        "round trip"
        [ property "what is written comes back to the bit, and always as the same bytes" contents (fun content ->
              let bytes = writeBytes content
              expectSame (readBytes bytes) content
              Expect.equal (writeBytes content) bytes "bytes")
          property "the values begin at a multiple of 8 bytes, each tensor's at a multiple of its type's" contents (fun content ->
              let bytes = writeBytes content
              Expect.equal (BitConverter.ToInt64(bytes, 0) % 8L) 0L "the header's length"
              use header = JsonDocument.Parse(headerOf bytes)

              for tensor in header.RootElement.EnumerateObject() do
                  if tensor.Name <> "__metadata__" then
                      let offsets = tensor.Value.GetProperty "data_offsets"

                      let size =
                          match string (tensor.Value.GetProperty "dtype") with
                          | "F32" -> 4L
                          | "U8" -> 1L
                          | _ -> 8L

                      Expect.equal (offsets[0].GetInt64() % size) 0L tensor.Name)
          property "stored as another type, tensors come back as that type has them" Tensors.narrowed (fun (types, tensors, expected) ->
              use stream = new MemoryStream()
              Safetensors.writeAs types stream { Metadata = Map.empty; Tensors = tensors }
              expectSame (readBytes (stream.ToArray())) { Metadata = Map.empty; Tensors = expected })
          testCase "what a type cannot hold is refused" (fun () ->
              let refused types (tensors: (string * Tensor) list) parts =
                  try
                      Safetensors.writeAs (Map types) (new MemoryStream()) { Metadata = Map.empty; Tensors = Map tensors }
                      failtest "nothing was thrown"
                  with :? ArgumentException as error ->
                      for part in parts do
                          Expect.stringContains error.Message part "what is wrong"

              let whole = { Shape = [ 1 ]; Cells = I64 [| -300L |] }
              refused [ "a", CellType.I8 ] [ "a", whole ] [ "'a'"; "I8" ]
              refused [ "a", CellType.U64 ] [ "a", whole ] [ "'a'"; "U64" ]
              refused [ "a", CellType.F16 ] [ "a", whole ] [ "'a'"; "F16"; "I64, I32" ]
              refused [ "b", CellType.F16 ] [ "a", whole ] [ "'b'" ])
          testCase "tensors larger than what is turned into bytes at once come back" (fun () ->
              let content =
                  { Metadata = Map.empty
                    Tensors =
                      Map
                          [ "f32", { Shape = [ 3; 10_007 ]; Cells = F32(Array.init 30_021 float32) }
                            "f64", { Shape = [ 16_384 ]; Cells = F64(Array.init 16_384 float) }
                            "i64", { Shape = [ 8_193 ]; Cells = I64(Array.init 8_193 int64) }
                            "u8", { Shape = [ 100_000 ]; Cells = U8(Array.init 100_000 byte) } ] }

              expectSame (readBytes (writeBytes content)) content)
          testCase "a stream is read from where it stands, and left open" (fun () ->
              use stream = new MemoryStream(Array.append [| 1uy; 2uy; 3uy |] (writeBytes few))
              stream.Position <- 3L
              expectSame (Safetensors.readStream "model.safetensors" stream) few
              Expect.isTrue stream.CanRead "open")
          testInFolder "to a file, over the old one" (fun folder ->
              let path = Path.Combine(folder, "model.safetensors")
              Safetensors.save path few
              let next = { few with Metadata = Map.empty }
              Safetensors.save path next
              expectSame (Safetensors.read path) next
              Expect.equal (filesIn folder) [ "model.safetensors" ] "files")
          testInFolder "what cannot be written leaves the old file" (fun folder ->
              let path = Path.Combine(folder, "model.safetensors")
              Safetensors.save path few
              let broken = { few with Tensors = few.Tensors.Add("broken", { Shape = [ 2 ]; Cells = U8 [||] }) }
              Expect.throwsT<ArgumentException> (fun () -> Safetensors.save path broken) "a shape that does not fit"
              expectSame (Safetensors.read path) few
              Expect.equal (filesIn folder) [ "model.safetensors" ] "files") ]

let private entry (name: string) (dtype: string) (shape: string) (first: int64) (last: int64) =
    $"\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{first},{last}]}}"

let private foreign =
    let expectRead name (bytes: byte array) metadata tensors =
        testCase name (fun () -> expectSame (readBytes bytes) { Metadata = Map metadata; Tensors = Map tensors })

    let u8 values = { Shape = [ Array.length values ]; Cells = U8 values }

    testList
        "a file of another program is read"
        [ expectRead "nothing in it" (file "{}" [||]) [] []
          expectRead "no metadata" (file ("{" + entry "a" "U8" "[2]" 0L 2L + "}") [| 1uy; 2uy |]) [] [ "a", u8 [| 1uy; 2uy |] ]
          expectRead
              "metadata without a checksum, behind the tensors"
              (file ("{" + entry "a" "U8" "[1]" 0L 1L + ",\"__metadata__\":{\"format\":\"pt\"}}") [| 1uy |])
              [ "format", "pt" ]
              [ "a", u8 [| 1uy |] ]
          expectRead
              "tensors in another order than their values"
              (file ("{" + entry "a" "U8" "[1]" 1L 2L + "," + entry "b" "U8" "[1]" 0L 1L + "}") [| 1uy; 2uy |])
              []
              [ "a", u8 [| 2uy |]; "b", u8 [| 1uy |] ]
          expectRead
              "fields in another order, white space"
              (file "{ \"a\" :\n{\"data_offsets\": [0, 1], \"shape\": [ 1 ], \"dtype\": \"U8\"}}\t  " [| 1uy |])
              []
              [ "a", u8 [| 1uy |] ]
          expectRead
              "a name with escapes"
              (file ("{" + entry "\\u0061\\n\\ud83d\\ude00" "U8" "[1]" 0L 1L + "}") [| 1uy |])
              []
              [ "a\n😀", u8 [| 1uy |] ]
          // 1, the largest and the smallest above 0 of binary16; 1 and −2 of bfloat16.
          expectRead
              "half precision"
              (file
                  ("{" + entry "a" "F16" "[3]" 0L 6L + "," + entry "b" "BF16" "[2]" 6L 10L + "}")
                  [| 0x00uy; 0x3Cuy; 0xFFuy; 0x7Buy; 0x01uy; 0x00uy; 0x80uy; 0x3Fuy; 0x00uy; 0xC0uy |])
              []
              [ "a", { Shape = [ 3 ]; Cells = F32 [| 1.0f; 65504.0f; 5.9604645e-8f |] }
                "b", { Shape = [ 2 ]; Cells = F32 [| 1.0f; -2.0f |] } ]
          expectRead
              "integers and truth values"
              (file
                  ("{"
                   + entry "a" "I32" "[1]" 0L 4L
                   + ","
                   + entry "b" "U16" "[1]" 4L 6L
                   + ","
                   + entry "c" "I8" "[1]" 6L 7L
                   + ","
                   + entry "d" "BOOL" "[2]" 7L 9L
                   + "}")
                  [| 0xFEuy; 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 0x80uy; 0uy; 1uy |])
              []
              [ "a", { Shape = [ 1 ]; Cells = I64 [| -2L |] }
                "b", { Shape = [ 1 ]; Cells = I64 [| 65535L |] }
                "c", { Shape = [ 1 ]; Cells = I64 [| -128L |] }
                "d", { Shape = [ 2 ]; Cells = U8 [| 0uy; 1uy |] } ]
          expectRead
              "values not aligned"
              (file ("{" + entry "a" "U8" "[1]" 0L 1L + "," + entry "b" "F32" "[1]" 1L 5L + "}") [| 1uy; 0uy; 0uy; 0x80uy; 0x3Fuy |])
              []
              [ "a", u8 [| 1uy |]; "b", { Shape = [ 1 ]; Cells = F32 [| 1.0f |] } ]
          expectRead
              "no values between others"
              (file
                  ("{"
                   + entry "z" "F64" "[0,7]" 1L 1L
                   + ","
                   + entry "a" "U8" "[1]" 0L 1L
                   + ","
                   + entry "b" "U8" "[1]" 1L 2L
                   + "}")
                  [| 1uy; 2uy |])
              []
              [ "a", u8 [| 1uy |]; "b", u8 [| 2uy |]; "z", { Shape = [ 0; 7 ]; Cells = F64 [||] } ] ]

/// A file that the format's own library wrote; see reference/README.md.
let private library =
    let path = Path.Combine(AppContext.BaseDirectory, "reference", "library.safetensors")

    let special = [| 0x3FC00000u; 0xFF800000u; 0x7F80BEEFu; 0x80000000u; 0x00000002u; 0x40E80000u |]

    let expected =
        Map
            [ "layers.0.weight", { Shape = [ 2; 3 ]; Cells = F32(Array.map BitConverter.UInt32BitsToSingle special) }
              "m", { Shape = [ 2; 1 ]; Cells = F64 [| -0.1; 1e300 |] }
              "step \"步😀\"\n", { Shape = []; Cells = I64 [| 300L |] }
              "raw", { Shape = [ 3 ]; Cells = U8 [| 32uy; 125uy; 255uy |] }
              "none", { Shape = [ 0; 7 ]; Cells = F64 [||] } ]

    testList
        "the format's own library"
        [ testCase "its file is read" (fun () ->
              expectSame (Safetensors.read path) { Metadata = Map [ "format", "pt" ]; Tensors = expected })
          testCase "it lays out the same tensors the same way" (fun () ->
              let descriptions (bytes: byte array) =
                  use header = JsonDocument.Parse(headerOf bytes)

                  [ for entry in header.RootElement.EnumerateObject() do
                        if entry.Name <> "__metadata__" then
                            entry.Name, entry.Value.GetRawText() ]

              let theirs = File.ReadAllBytes path
              let ours = writeBytes { Metadata = Map [ "format", "pt" ]; Tensors = expected }
              Expect.equal (descriptions ours) (descriptions theirs) "header"
              let values (bytes: byte array) = bytes[8 + int (BitConverter.ToInt64(bytes, 0)) ..]
              Expect.equal (values ours) (values theirs) "values") ]

/// One sentence about a file, at a byte.
let private refused name (offset: int64) parts (bytes: byte array) =
    testCase name (fun () -> expectFormatError "model.safetensors" (Some offset) parts (fun () -> readBytes bytes |> ignore))

/// The same of a file with two values of one byte, by its header's text; the offset is where a part of the text begins.
let private refusedHeader name (at: string) parts (header: string) =
    refused
        name
        (8L
         + int64 (Encoding.UTF8.GetByteCount(header.Substring(0, header.IndexOf(at, StringComparison.Ordinal)))))
        parts
        (file header [| 1uy; 2uy |])

let private a = entry "a" "U8" "[1]" 0L 1L
let private b = entry "b" "U8" "[1]" 1L 2L

let private hostileFiles =
    let lengthOf (length: uint64) (rest: byte array) = Array.append (BitConverter.GetBytes length) rest

    testList
        "is refused"
        [ refused "an empty file" 0L [ "header" ] [||]
          refused "a file that ends in its header's length" 7L [ "8 bytes" ] (Array.zeroCreate 7)
          refused "a header of no bytes" 8L [ "'{'" ] (lengthOf 0UL [||])
          refused "a header beyond the file" 0L [ "3 bytes"; "10 bytes in all" ] (lengthOf 3UL "{}"B)
          refused "a header of more than 100 MB" 0L [ "100000001"; "At most 100000000" ] (lengthOf 100_000_001UL "{}"B)
          refused "a header of terabytes" 0L [ "5000000000000" ] (lengthOf 5_000_000_000_000UL "{}"B)
          refused "a header of more than a signed number" 0L [ "18446744073709551615" ] (lengthOf UInt64.MaxValue "{}"B)
          refused "a header that begins with a space" 8L [ "'{'" ] (file " {}" [||])
          refused "a header that begins with a byte order mark" 8L [ "'{'" ] (fileOf [| 0xEFuy; 0xBBuy; 0xBFuy; byte '{'; byte '}' |] [||])
          refused "a header that is an array" 8L [ "'{'" ] (file "[]" [||])
          refused "a header that is no UTF-8" 10L [ "UTF-8"; "0xC3" ] (fileOf [| byte '{'; byte '"'; 0xC3uy; byte '"'; byte '}' |] [||])
          refused "a header that ends in a character" 10L [ "UTF-8"; "0xE9" ] (fileOf [| byte '{'; byte '"'; 0xE9uy; 0x87uy |] [||])
          refused "values without tensors" 10L [ "2 bytes"; "no tensor" ] (file "{}" [| 1uy; 2uy |])
          refused
              "values that go on behind the last tensor"
              (9L + int64 a.Length + 2L)
              [ "1 bytes"; "no tensor" ]
              (file ("{" + a + "}") [| 1uy; 2uy |]) ]

let private hostileHeaders =
    testList
        "is refused for its header:"
        [ for name, text in
              [ "cut off", "{\"a\":"
                "a tensor that is not closed", "{" + a
                "a comma too many", "{" + a + "," + b + ",}"
                "a comment", "{" + a + "," + b + "/* */}"
                "more behind it", "{" + a + "," + b + "}{}"
                "a zero byte behind it", "{" + a + "," + b + "}\u0000"
                "a single quote", "{'a':1}"
                "a control character in a name", "{" + a.Replace("\"a\"", "\"a\u0001\"") + "," + b + "}"
                "NaN for a number", "{" + entry "a" "U8" "[NaN]" 0L 1L + "}"
                "a number with a leading 0", "{" + entry "a" "U8" "[01]" 0L 1L + "}"
                "deep arrays", "{" + entry "a" "U8" (String('[', 100_000)) 0L 1L + "}" ] do
              testCase name (fun () ->
                  expectFormatError "model.safetensors" None [ "header" ] (fun () -> readBytes (file text [| 1uy; 2uy |]) |> ignore))

          refusedHeader "a tensor twice" "\"a\":{\"dtype\":\"F32" [ "'a'"; "twice" ] ("{" + a + "," + entry "a" "F32" "[1]" 0L 4L + "}")
          refusedHeader
              "a tensor twice, once in escapes"
              "\"\\u0061"
              [ "'a'"; "twice" ]
              ("{" + a + "," + entry "\\u0061" "U8" "[1]" 1L 2L + "}")
          refusedHeader
              "metadata twice"
              "\"__metadata__\":{\""
              [ "'__metadata__'"; "twice" ]
              "{\"__metadata__\":{},\"__metadata__\":{\"a\":\"b\"}}"
          refusedHeader "a key of the metadata twice" "\"k\":\"y\"" [ "'k'"; "twice" ] "{\"__metadata__\":{\"k\":\"x\",\"k\":\"y\"}}"
          refusedHeader
              "a field twice"
              "\"dtype\":\"F32\""
              [ "'a'"; "'dtype'" ]
              "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,1]}}"
          refusedHeader
              "a field of no tensor"
              "\"stride\""
              [ "'a'"; "'stride'" ]
              "{\"a\":{\"dtype\":\"U8\",\"stride\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}"
          refusedHeader "a field missing" "\"a\"" [ "'a'"; "data_offsets" ] "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}"
          refusedHeader "deep objects" "\"b\"" [ "'a'"; "'b'" ] ("{\"a\":{" + String.replicate 100_000 "\"b\":{")
          refusedHeader "a number for a tensor" "1" [ "'a'"; "'1'" ] "{\"a\":1}"
          refusedHeader "metadata that are no map" "\"x\"" [ "'x'"; "metadata" ] "{\"__metadata__\":\"x\"}"
          refusedHeader "metadata that are not there" "null" [ "'null'"; "metadata" ] "{\"__metadata__\":null}"
          refusedHeader "metadata other than text" "1}" [ "'k'"; "'1'" ] "{\"__metadata__\":{\"k\":1}}"
          refusedHeader "metadata in objects" "{}}" [ "'k'"; "an object" ] "{\"__metadata__\":{\"k\":{}}}"
          refusedHeader "half of a surrogate pair in a name" "\"\\ud83d" [ "surrogate" ] ("{" + entry "\\ud83d" "U8" "[1]" 0L 1L + "}")
          refusedHeader "half of a surrogate pair in the metadata" "\"\\ude00" [ "surrogate" ] "{\"__metadata__\":{\"k\":\"\\ude00\"}}"
          refusedHeader
              "a type of the format that is not read"
              "\"F8_E4M3\""
              [ "'a'"; "'F8_E4M3'"; "F64, F32"; "BF16"; "BOOL" ]
              ("{" + entry "a" "F8_E4M3" "[2]" 0L 2L + "}")
          refusedHeader "no type" "\"f32\"" [ "'a'"; "'f32'" ] ("{" + entry "a" "f32" "[1]" 0L 4L + "}")
          refusedHeader "a number for a type" "7," [ "'a'"; "type" ] "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,1]}}"
          refusedHeader "a shape that is no array" "1," [ "'a'"; "shape" ] ("{" + entry "a" "U8" "1" 0L 1L + "}")
          refusedHeader "a negative size" "-1]" [ "'a'"; "'-1'" ] ("{" + entry "a" "U8" "[-1]" 0L 1L + "}")
          refusedHeader "a size of minus zero" "-0]" [ "'a'"; "'-0'" ] ("{" + entry "a" "U8" "[-0]" 0L 0L + "}")
          refusedHeader "a size with a fraction" "1.0]" [ "'a'"; "'1.0'" ] ("{" + entry "a" "U8" "[1.0]" 0L 1L + "}")
          refusedHeader "a size with an exponent" "1e0]" [ "'a'"; "'1e0'" ] ("{" + entry "a" "U8" "[1e0]" 0L 1L + "}")
          refusedHeader "a size in quotes" "\"1\"]" [ "'a'"; "'1'" ] ("{" + entry "a" "U8" "[\"1\"]" 0L 1L + "}")
          refusedHeader "a size of more than 31 bits" "2147483648" [ "'a'"; "2147483647" ] ("{" + entry "a" "U8" "[2147483648]" 0L 1L + "}")
          refusedHeader
              "a size of more than 64 bits"
              "99999999999999999999"
              [ "'a'"; "2147483647" ]
              ("{" + entry "a" "U8" "[99999999999999999999]" 0L 1L + "}")
          refusedHeader
              "a shape whose product overflows"
              "\"a\""
              [ "'a'"; "must have"; "F64" ]
              ("{" + entry "a" "F64" "[65536,65536,65536,65536]" 0L 0L + "}")
          refusedHeader
              "too many dimensions"
              "7]"
              [ "'a'"; "64" ]
              ("{" + entry "a" "U8" ("[" + String.replicate 64 "1," + "7]") 0L 1L + "}")
          refusedHeader "a negative offset" "-1,1" [ "'a'"; "'-1'" ] ("{" + entry "a" "U8" "[1]" -1L 1L + "}")
          refusedHeader
              "an offset of more than 64 bits"
              "9223372036854775808"
              [ "'a'" ]
              ("{" + a.Replace("[0,1]", "[0,9223372036854775808]") + "}")
          refusedHeader "one offset" "]}" [ "'a'" ] ("{" + a.Replace("[0,1]", "[0]") + "}")
          refusedHeader "three offsets" "2]" [ "'a'" ] ("{" + a.Replace("[0,1]", "[0,1,2]") + "}")
          refusedHeader
              "an end before its beginning"
              "\"b\""
              [ "'b'"; "1 to 0"; "end before" ]
              ("{" + a + "," + entry "b" "U8" "[1]" 1L 0L + "}")
          refusedHeader "values beyond the file" "\"b\"" [ "'b'"; "exceed the 2 bytes" ] ("{" + a + "," + entry "b" "U8" "[2]" 1L 3L + "}")
          refusedHeader
              "values far beyond the file"
              "\"b\""
              [ "'b'"; "exceed the 2 bytes" ]
              ("{" + a + "," + entry "b" "U8" "[2147483647,2147483647]" 1L 4611686014132420610L + "}")
          refusedHeader
              "values twice"
              "\"b\""
              [ "'b'"; "overlap" ]
              ("{" + entry "a" "U8" "[2]" 0L 2L + "," + entry "b" "U8" "[1]" 1L 2L + "}")
          refusedHeader
              "the same values twice"
              "\"b\""
              [ "'b'"; "overlap" ]
              ("{" + entry "a" "U8" "[2]" 0L 2L + "," + entry "b" "U8" "[2]" 0L 2L + "}")
          refusedHeader "a hole at the beginning" "\"b\"" [ "'b'"; "gap" ] ("{" + b + "}")
          refusedHeader "a hole between values" "\"b\"" [ "'b'"; "gap"; "end at 0" ] ("{" + entry "a" "U8" "[0]" 0L 0L + "," + b + "}")
          refusedHeader
              "fewer bytes than the shape needs"
              "\"a\""
              [ "'a'"; "must have 3 bytes"; "U8"; "[3, 1]" ]
              ("{" + entry "a" "U8" "[3,1]" 0L 2L + "}")
          refusedHeader "more bytes than the shape needs" "\"a\"" [ "'a'"; "must have 0 bytes" ] ("{" + entry "a" "F32" "[0]" 0L 2L + "}") ]

let private promises =
    testCase "a file that promises terabytes costs no such memory" (fun () ->
        let lies =
            [ Array.append (BitConverter.GetBytes 99_999_999UL) "{}"B
              Array.append (BitConverter.GetBytes 8_000_000_000_000UL) "{}"B
              file ("{" + entry "a" "F64" "[1000000,1000000]" 0L 8_000_000_000_000L + "}") [||]
              file ("{" + entry "a" "F64" "[1000000,1000000]" 0L 0L + "}") [||] ]

        for bytes in lies do
            let before = GC.GetAllocatedBytesForCurrentThread()
            expectFormatError "model.safetensors" None [] (fun () -> readBytes bytes |> ignore)
            Expect.isLessThan (GC.GetAllocatedBytesForCurrentThread() - before) 1_000_000L "bytes allocated")

let private damage =
    let whole = writeBytes few
    let read = Tensors.expectSameOrRefused readBytes (isSame few)

    testList
        "of a damaged file that was written here, nothing else is read"
        [ testCase "each byte changed" (fun () -> read (Tensors.withOneByteChanged whole))
          testCase "cut off anywhere" (fun () ->
              for length in 0 .. whole.Length - 1 do
                  expectFormatError "model.safetensors" None [] (fun () -> readBytes whole[.. length - 1] |> ignore))
          testCase "bytes added" (fun () ->
              for more in [ 0uy; byte ' '; 255uy ] do
                  expectFormatError "model.safetensors" (Some(int64 whole.Length)) [ "no tensor" ] (fun () ->
                      readBytes (Array.append whole [| more |]) |> ignore))
          property
              "any bytes changed"
              (Gen.nonEmptyListOf (Gen.zip (Gen.choose (0, whole.Length - 1)) (Gen.choose (0, 255))))
              (fun changes ->
                  let copy = Array.copy whole

                  for index, value in List.truncate 5 changes do
                      copy[index] <- byte value

                  isReadOrRefused (fun () -> readBytes copy |> ignore)) ]

/// Puts a text in a written file's header in another's place, and its length right.
let private edited (content: Safetensors) (find: string) (replacement: string) : byte array =
    let bytes = writeBytes content
    let header = headerOf bytes
    Expect.stringContains header find "the header"
    fileOf (Encoding.UTF8.GetBytes(header.Replace(find, replacement))) bytes[8 + Encoding.UTF8.GetByteCount header ..]

let private checksums =
    let content =
        { Metadata = Map [ "k", "v" ]
          Tensors = Map [ "a", { Shape = [ 1; 0 ]; Cells = F64 [||] }; "b", { Shape = [ 1 ]; Cells = I64 [| 5L |] } ] }

    let edited = edited content

    testList
        "checksum"
        [ testCase "sees a flipped bit of every value" (fun () ->
              let whole = writeBytes content

              for bit in 0..63 do
                  let copy = Array.copy whole
                  let index = whole.Length - 8 + bit / 8
                  copy[index] <- copy[index] ^^^ (1uy <<< bit % 8)
                  expectFormatError "model.safetensors" (Some 8L) [ "checksum"; "damaged" ] (fun () -> readBytes copy |> ignore))
          for what, find, replacement in
              [ "another name", "\"a\"", "\"c\""
                "another type", "I64", "F64"
                "another shape of no values", "[1,0]", "[0,1]"
                "another key", "\"k\"", "\"l\""
                "another text", "\"v\"", "\"w\""
                "metadata removed", "\"k\":\"v\"", "\"x\":\"\""
                "a tensor of no values removed", ",\"a\":{\"dtype\":\"F64\",\"shape\":[1,0],\"data_offsets\":[8,8]}", ""
                "a checksum that is none", "cutedl.sha256:", "cutedl.sha257:"
                "a checksum under another key", Safetensors.ChecksumKey, "cutedl.checksun" ] do
              testCase $"sees {what}" (fun () ->
                  expectFormatError "model.safetensors" (Some 8L) [ "checksum" ] (fun () -> readBytes (edited find replacement) |> ignore))
          testCase "holds for another layout of the same content" (fun () ->
              expectSame (readBytes (edited "\"b\"" " \"\\u0062\"")) content
              expectSame (readBytes (edited "\"dtype\":\"I64\",\"shape\":[1]" "\"shape\":[1],\"dtype\":\"I64\"")) content)
          testCase "is not shown, and not taken from a content" (fun () ->
              Expect.equal (readBytes (writeBytes content)).Metadata content.Metadata "metadata")
          // Worked out by another program from the definition in ContentChecksum.
          testCase "is as it always was" (fun () ->
              Expect.stringContains
                  (headerOf (writeBytes content))
                  "\"cutedl.sha256:2d93c0750bdfc3952e1cc5e2755143bc4f48858d0cc0b9579254f9d7ee2c476e\""
                  "checksum") ]

let private unwritable =
    let one = { Shape = []; Cells = U8 [| 1uy |] }

    let refused name parts (content: Safetensors) =
        testCase name (fun () ->
            use stream = new MemoryStream()

            try
                Safetensors.write stream content
                failtest "nothing was thrown"
            with :? ArgumentException as error ->
                for part in parts do
                    Expect.stringContains error.Message part "what is there, and what is allowed"

            Expect.equal stream.Length 0L "nothing is written")

    testList
        "is not written"
        [ refused
              "a shape that does not fit"
              [ "'a'"; "1 values"; "requires 4"; "[2, 2]" ]
              { Metadata = Map.empty; Tensors = Map [ "a", { one with Shape = [ 2; 2 ] } ] }
          refused "a negative size" [ "'a'"; "-1" ] { Metadata = Map.empty; Tensors = Map [ "a", { one with Shape = [ -1; -1 ] } ] }
          refused
              "too many dimensions"
              [ "'a'"; "65"; "64" ]
              { Metadata = Map.empty; Tensors = Map [ "a", { one with Shape = List.replicate 65 1 } ] }
          refused "a tensor by the metadata's name" [ "'__metadata__'" ] { Metadata = Map.empty; Tensors = Map [ "__metadata__", one ] }
          refused "a name that is no Unicode" [ "surrogate" ] { Metadata = Map.empty; Tensors = Map [ Tensors.halfAPair, one ] }
          refused "a key that is no Unicode" [ "surrogate" ] { Metadata = Map [ Tensors.halfAPair, "" ]; Tensors = Map.empty }
          refused "a text that is no Unicode" [ "surrogate" ] { Metadata = Map [ "k", Tensors.halfAPair ]; Tensors = Map.empty }
          refused
              "a checksum of the caller's"
              [ Safetensors.ChecksumKey ]
              { Metadata = Map [ Safetensors.ChecksumKey, "" ]; Tensors = Map.empty }
          refused
              "a checksum of the caller's under another key"
              [ "'k'" ]
              { Metadata = Map [ "k", "cutedl.sha256:0" ]; Tensors = Map.empty }
          refused "a header of more than 100 MB" [ "100000000" ] { Metadata = Map [ "k", String('x', 100_000_000) ]; Tensors = Map.empty } ]

let tests =
    testList
        "safetensors"
        [ roundTrip
          library
          foreign
          hostileFiles
          hostileHeaders
          promises
          damage
          checksums
          unwritable ]
