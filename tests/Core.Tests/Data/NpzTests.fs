/// Numpy's archives: those made here by hand are read, those written are read again.
module CuteDl.Core.Tests.NpzTests

open System
open System.IO
open System.IO.Compression
open System.Text
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.IdxFiles
open CuteDl.Core.Tests.TemporaryFolder

let private shapeText (shape: int list) =
    match shape with
    | [ size ] -> $"({size},)"
    | _ -> "(" + String.Join(", ", shape) + ")"

/// A .npy file of version 1, 2 or 3 around a header.
let private npyWith (version: byte) (header: string) (data: byte array) : byte array =
    let header = Encoding.UTF8.GetBytes(header.PadRight(100) + "\n")

    let length =
        if version = 1uy then
            BitConverter.GetBytes(uint16 header.Length)
        else
            BitConverter.GetBytes(uint32 header.Length)

    Array.concat [ [| 0x93uy |]; "NUMPY"B; [| version; 0uy |]; length; header; data ]

let private header descr isFortran shape =
    let order = if isFortran then "True" else "False"
    $"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shapeText shape}, }}"

let private doubles (values: float array) = values |> Array.collect BitConverter.GetBytes
let private singles (values: float array) = values |> Array.collect (float32 >> BitConverter.GetBytes)

let private archive (level: CompressionLevel) (entries: (string * byte array) list) : byte array =
    use target = new MemoryStream()

    using (new ZipArchive(target, ZipArchiveMode.Create, true)) (fun zip ->
        for name, bytes in entries do
            use stream = zip.CreateEntry(name, level).Open()
            stream.Write(bytes, 0, bytes.Length))

    target.ToArray()

let private readBytes (bytes: byte array) =
    use stream = new MemoryStream(bytes)
    Npz.readStream "weights.npz" stream

let private one (npy: byte array) = readBytes (archive CompressionLevel.Fastest [ "array.npy", npy ])

let private arrays =
    gen {
        let! rank = Gen.choose (0, 3)
        let! shape = Gen.listOfLength rank (Gen.choose (0, 5))

        let! values =
            Gen.arrayOfLength (List.fold (*) 1 shape) (Gen.oneof [ moderate; Gen.elements [ nan; infinity; -0.0 ] ])

        return shape, values
    }

let private roundTrip =
    property "what numpy writes comes back: both types, all versions, stored and compressed" arrays (fun (shape, values) ->
        for level in [ CompressionLevel.NoCompression; CompressionLevel.Optimal ] do
            for version in [ 1uy; 2uy; 3uy ] do
                let read =
                    readBytes (
                        archive
                            level
                            [ "layers.0.weight.npy", npyWith version (header "<f8" false shape) (doubles values)
                              "bias.npy", npyWith version (header "<f4" false shape) (singles values) ]
                    )

                let expected =
                    Map
                        [ "layers.0.weight", { Shape = shape; Cells = F64 values }
                          "bias", { Shape = shape; Cells = F32(Array.map float32 values) } ]

                Tensors.expectSame read expected "arrays")

let private columnMajor =
    testCase "column-major matrices become row-major" (fun () ->
        // 2 × 3, column after column.
        let read = one (npyWith 1uy (header "<f8" true [ 2; 3 ]) (doubles [| 1.0; 4.0; 2.0; 5.0; 3.0; 6.0 |]))
        Expect.equal read["array"] { Shape = [ 2; 3 ]; Cells = F64 [| 1.0; 2.0; 3.0; 4.0; 5.0; 6.0 |] } "matrix"
        let bytes = one (npyWith 1uy (header "|u1" true [ 2; 2 ]) [| 1uy; 3uy; 2uy; 4uy |])
        Expect.equal bytes["array"].Cells (U8 [| 1uy; 2uy; 3uy; 4uy |]) "matrix of bytes"
        let vector = one (npyWith 1uy (header "<f8" true [ 2 ]) (doubles [| 1.0; 4.0 |]))
        Expect.equal vector["array"].Cells (F64 [| 1.0; 4.0 |]) "vector")

/// By the definition of column-major order, the value at the indices i, j, k, ... is at i + rows · (j + columns · (k + ...)).
let private columnMajorAnyRank =
    let shapes = Gen.choose (0, 5) |> Gen.bind (fun rank -> Gen.listOfLength rank (Gen.choose (0, 4)))

    property "column-major arrays of any number of dimensions become row-major" shapes (fun shape ->
        let count = List.fold (*) 1 shape

        let expected =
            [| for place in 0 .. count - 1 do
                   let indices, _ = List.mapFoldBack (fun size rest -> rest % size, rest / size) shape place
                   int64 (List.foldBack2 (fun index size behind -> index + size * behind) indices shape 0) |]

        let bytes = Array.init count int16 |> Array.collect BitConverter.GetBytes
        let read = one (npyWith 1uy (header "<i2" true shape) bytes)
        Expect.equal read["array"] { Shape = shape; Cells = I64 expected } "array")

let private types =
    let check (description: string) (bytes: byte list) (expected: Cells) =
        testCase $"{description} of the bytes {bytes}" (fun () ->
            let shape = [ Tensor.count expected ]
            let read = one (npyWith 1uy (header description false shape) (List.toArray bytes))
            Tensors.expectSame read (Map [ "array", { Shape = shape; Cells = expected } ]) "values")

    testList
        "types of numpy"
        [ // 1, the largest, the smallest above 0, and −∞ of IEEE 754's binary16.
          check
              "<f2"
              [ 0x00uy; 0x3Cuy; 0xFFuy; 0x7Buy; 0x01uy; 0x00uy; 0x00uy; 0xFCuy ]
              (F32 [| 1.0f; 65504.0f; 5.9604645e-8f; -infinityf |])
          check ">f2" [ 0x3Cuy; 0x00uy ] (F32 [| 1.0f |])
          check ">f4" [ 0x3Fuy; 0xC0uy; 0uy; 0uy ] (F32 [| 1.5f |])
          check ">f8" [ 0xBFuy; 0xF8uy; 0uy; 0uy; 0uy; 0uy; 0uy; 0uy ] (F64 [| -1.5 |])
          check "|i1" [ 0xFFuy; 0x7Fuy ] (I64 [| -1L; 127L |])
          check "<i2" [ 0xFEuy; 0xFFuy ] (I64 [| -2L |])
          check ">i2" [ 0xFFuy; 0xFEuy ] (I64 [| -2L |])
          check "<i4" [ 0xFDuy; 0xFFuy; 0xFFuy; 0xFFuy ] (I64 [| -3L |])
          check ">i4" [ 0xFFuy; 0xFFuy; 0xFFuy; 0xFDuy ] (I64 [| -3L |])
          check ">i8" [ 0uy; 0uy; 0uy; 0uy; 0uy; 0uy; 1uy; 2uy ] (I64 [| 258L |])
          check "<u2" [ 0xFEuy; 0xFFuy ] (I64 [| 65534L |])
          check ">u4" [ 0xFFuy; 0xFFuy; 0xFFuy; 0xFEuy ] (I64 [| 4294967294L |])
          check "<u8" [ 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 0x7Fuy ] (I64 [| Int64.MaxValue |])
          check "|b1" [ 0uy; 1uy; 2uy ] (U8 [| 0uy; 1uy; 1uy |])
          check "=u1" [ 7uy ] (U8 [| 7uy |]) ]

let private headers =
    testList
        "headers of other programs"
        [ for text in
              [ "{\"descr\": \"<f8\", \"fortran_order\": False, \"shape\": (2,)}"
                "{'shape':(2,),'fortran_order':False,'descr':'<f8'}"
                " { 'descr' : '<f8' , 'fortran_order' : True , 'shape' : ( 2 , ) , } "
                // Python 2 wrote long integers so.
                "{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), 'more': 'ignored'}" ] do
              testCase text (fun () ->
                  let read = one (npyWith 1uy text (doubles [| 1.0; 2.0 |]))
                  Expect.equal read["array"] { Shape = [ 2 ]; Cells = F64 [| 1.0; 2.0 |] } "array") ]

let private numpy =
    testCase "numpy's own archives are read" (fun () ->
        // Numpy's NaN is positive, .NET's is not.
        let nan = BitConverter.UInt32BitsToSingle 0x7FC00000u

        let expected =
            Map
                [ "f4", { Shape = [ 2; 3 ]; Cells = F32 [| 1.5f; -infinityf; 7.25f; nan; -0.0f; 3e-45f |] }
                  "f8", { Shape = [ 2 ]; Cells = F64 [| -0.1; 1e300 |] }
                  "i8", { Shape = []; Cells = I64 [| -300L |] }
                  "u1", { Shape = [ 2; 3 ]; Cells = U8 [| 1uy; 2uy; 3uy; 4uy; 5uy; 255uy |] }
                  "none", { Shape = [ 0; 7 ]; Cells = F64 [||] }
                  "步", { Shape = [ 1; 1; 1 ]; Cells = F64 [| 1.0 |] } ]

        for name in [ "numpy.npz"; "numpy-compressed.npz" ] do
            let read = Npz.read (Path.Combine(AppContext.BaseDirectory, "reference", name))
            Tensors.expectSame read expected name)

let private refused name parts (npy: byte array) =
    testCase name (fun () -> expectFormatError "array" None parts (fun () -> one npy |> ignore))

let private valid = npyWith 1uy (header "<f8" false [ 2; 2 ]) (doubles [| 1.0; 2.0; 3.0; 4.0 |])

let private refusals =
    testList
        "is refused"
        [ refused
              "an array of another type"
              [ "'<c8'"; "f8"; "f2"; "u1"; "b1" ]
              (npyWith 1uy (header "<c8" false [ 1 ]) (Array.zeroCreate 8))
          refused "unsigned integers that are too large" [ "2^63" ] (npyWith 1uy (header "<u8" false [ 1 ]) (Array.create 8 0xFFuy))
          refused "a structured type" [ "['a'" ] (npyWith 1uy "{'descr': ['a'], 'fortran_order': False, 'shape': ()}" [||])
          refused "a key twice" [ "'descr'"; "twice" ] (npyWith 1uy "{'descr': '<f8', 'descr': '<f8'}" [||])
          refused "a negative size" [ "'-1" ] (npyWith 1uy "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}" [||])
          refused "more behind the header's end" [ "'more" ] (npyWith 1uy (header "<f8" false [] + "more") (Array.zeroCreate 8))
          testCase "a long header that is none, without quoting all of it" (fun () ->
              // It took half a minute when the time was quadratic.
              for header in
                  [ String(' ', 1_000_000) + "x"
                    "{" + String(' ', 1_000_000)
                    "{'" + String('a', 1_000_000)
                    String.replicate 200_000 "'descr' " ] do
                  try
                      one (npyWith 2uy header [||]) |> ignore
                      failtest "nothing was thrown"
                  with :? DataFormatException as error ->
                      Expect.isLessThan error.Message.Length 300 "the message")
          refused "fewer values than the shape says" [ "requires 32" ] valid[.. valid.Length - 2]
          refused "more values than the shape says" [ "requires 32" ] (Array.append valid [| 0uy |])
          refused "a header without a shape" [ "shape" ] (npyWith 1uy "{'descr': '<f8', 'fortran_order': False}" [||])
          refused "a header without an order" [ "fortran_order" ] (npyWith 1uy "{'descr': '<f8', 'shape': (1,)}" (Array.zeroCreate 8))
          refused "a shape that is none" [ "'x'" ] (npyWith 1uy "{'descr': '<f8', 'fortran_order': False, 'shape': (x,)}" [||])
          refused "a header longer than the file" [ "header" ] valid[..60]
          refused "something that is no numpy array" [ "numpy" ] "GIF89a.............."B
          refused "an empty array file" [ "numpy" ] [||]
          refused "a shape whose product overflows" [ "requires" ] (npyWith 1uy (header "<f8" false (List.replicate 3 Int32.MaxValue)) [||])
          refused
              "more dimensions than numpy has"
              [ "65"; "64" ]
              (npyWith 1uy (header "<f8" false (List.replicate 65 1)) (Array.zeroCreate 8))
          testCase "an archive with a name twice" (fun () ->
              for names in [ [ "array.npy"; "array.npy" ]; [ "array"; "array.npy" ] ] do
                  let bytes = archive CompressionLevel.Fastest [ for name in names -> name, valid ]
                  expectFormatError "weights.npz" None [ "'array'"; "twice" ] (fun () -> readBytes bytes |> ignore))
          testCase "a file that is no archive" (fun () ->
              for bytes in [ [||]; "PK"B; Array.create 100 7uy; valid ] do
                  expectFormatError "weights.npz" (Some 0L) [ "archive" ] (fun () -> readBytes bytes |> ignore))
          testCase "an archive cut off anywhere" (fun () ->
              let whole = archive CompressionLevel.Fastest [ "array.npy", valid ]

              for length in 0 .. whole.Length - 1 do
                  expectFormatError "weights.npz" None [] (fun () -> readBytes whole[.. length - 1] |> ignore))
          testCase "a file by its path" (fun () ->
              let path = Path.GetTempFileName()

              try
                  expectFormatError path (Some 0L) [ "archive" ] (fun () -> Npz.read path |> ignore)
              finally
                  File.Delete path)
          testCase "a file that is not there, as not found" (fun () ->
              Expect.throwsT<FileNotFoundException>
                  (fun () -> Npz.read (Path.Combine(Path.GetTempPath(), "no-such-file.npz")) |> ignore)
                  "missing") ]

let private mutations =
    let wholes =
        [ for level in [ CompressionLevel.NoCompression; CompressionLevel.Optimal ] -> archive level [ "array.npy", valid ] ]

    let mutated =
        gen {
            let! whole = Gen.elements wholes
            let! changes = Gen.nonEmptyListOf (Gen.zip (Gen.choose (0, whole.Length - 1)) (Gen.choose (0, 255)))
            let copy = Array.copy whole
            changes |> List.truncate 5 |> List.iter (fun (index, value) -> copy[index] <- byte value)
            return copy
        }

    testList
        "a damaged archive is read or refused, and nothing else"
        [ property "any bytes" mutated (fun bytes -> isReadOrRefused (fun () -> readBytes bytes |> ignore))
          testCase "each byte of the archive's own structures" (fun () ->
              for whole in wholes do
                  for index in 0 .. whole.Length - 1 do
                      for value in [ 0uy; 1uy; 0x7Fuy; 0x80uy; 0xFFuy ] do
                          let copy = Array.copy whole
                          copy[index] <- value

                          try
                              isReadOrRefused (fun () -> readBytes copy |> ignore)
                          with error ->
                              failtest $"byte {index} of {whole.Length} as {value}: {error}") ]

let private promises =
    testCase "an entry that promises 2 GB costs no such memory" (fun () ->
        let whole = archive CompressionLevel.NoCompression [ "array.npy", valid ]
        // Both sizes of the central directory's entry, which begins with PK 01 02; they lie 20 bytes behind.
        let entry =
            Seq.last (
                seq {
                    for i in 0 .. whole.Length - 4 do
                        if whole[i .. i + 3] = "PK\001\002"B then
                            i
                }
            )

        BitConverter.GetBytes(0x7FFFFF00).CopyTo(whole, entry + 20)
        BitConverter.GetBytes(0x7FFFFF00).CopyTo(whole, entry + 24)
        let before = GC.GetAllocatedBytesForCurrentThread()
        expectFormatError "weights.npz" None [] (fun () -> readBytes whole |> ignore)
        Expect.isLessThan (GC.GetAllocatedBytesForCurrentThread() - before) 4_000_000L "bytes allocated")

let private expansions =
    let compressed =
        archive CompressionLevel.Optimal [ "array.npy", npyWith 1uy (header "|u1" false [ 4_000_000 ]) (Array.zeroCreate 4_000_000) ]

    testList
        "an archive that promises much for its size"
        [ testCase "is refused at once, unless that is allowed" (fun () ->
              let limit = 4_000_000 / compressed.Length
              let before = GC.GetAllocatedBytesForCurrentThread()
              use stream = new MemoryStream(compressed)

              expectFormatError
                  "weights.npz"
                  (Some 0L)
                  [ "content would have"; $"At most {limit} bytes are read for each byte" ]
                  (fun () -> Npz.readStreamWithin limit "weights.npz" stream |> ignore)

              Expect.isLessThan (GC.GetAllocatedBytesForCurrentThread() - before) 1_000_000L "bytes allocated"
              stream.Position <- 0L
              Expect.equal (Npz.readStreamWithin (limit + 1) "weights.npz" stream).Count 1 "arrays")
          testCase "is refused for all its arrays together" (fun () ->
              let array = npyWith 1uy (header "|u1" false [ 900_000 ]) (Array.zeroCreate 900_000)
              let bytes = archive CompressionLevel.Optimal [ for i in 1..4 -> $"{i}.npy", array ]
              use stream = new MemoryStream(bytes)

              expectFormatError "weights.npz" None [ "content would have" ] (fun () ->
                  Npz.readStreamWithin 100 "weights.npz" stream |> ignore))
          testCase "is refused if its entries overlap" (fun () ->
              // Both entries of the central directory lead to the first array.
              let noise = Array.init 5000 (fun i -> byte (i * i + i / 7))
              let array = npyWith 1uy (header "|u1" false [ 5000 ]) noise
              let one = archive CompressionLevel.NoCompression [ "a.npy", array ]
              let central = (ReadOnlySpan one).LastIndexOf(ReadOnlySpan "PK\001\002"B)
              let tail = (ReadOnlySpan one).LastIndexOf(ReadOnlySpan "PK\005\006"B)
              let entry = one[central .. tail - 1]
              let second = Array.copy entry
              second[46] <- byte 'b'
              let finish = one[tail..]
              BitConverter.GetBytes(2us).CopyTo(finish, 8)
              BitConverter.GetBytes(2us).CopyTo(finish, 10)
              BitConverter.GetBytes(2 * entry.Length).CopyTo(finish, 12)
              let twice = Array.concat [ one[.. central - 1]; entry; second; finish ]
              expectFormatError "weights.npz" None [ "overlap" ] (fun () -> readBytes twice |> ignore)) ]

let private checksums =
    testCase "a bit that flipped in an array's values is refused" (fun () ->
        let whole = archive CompressionLevel.NoCompression [ "array.npy", valid ]
        let start = (ReadOnlySpan whole).IndexOf(ReadOnlySpan valid)
        let last = start + valid.Length - 1
        whole[last] <- whole[last] ^^^ 0x40uy
        expectFormatError "weights.npz" None [ "checksum" ] (fun () -> readBytes whole |> ignore))

let private writeBytes (arrays: Map<string, Tensor>) : byte array =
    use stream = new MemoryStream()
    Npz.write stream arrays
    stream.ToArray()

let private unwritable name parts (arrays: Map<string, Tensor>) =
    testCase name (fun () ->
        use stream = new MemoryStream()

        try
            Npz.write stream arrays
            failtest "nothing was thrown"
        with :? ArgumentException as error ->
            for part in parts do
                Expect.stringContains error.Message part "what is there, and what is allowed"

        Expect.equal stream.Length 0L "nothing is written")

let private writing =
    testList
        "writing"
        [ property "what is written comes back to the bit, and always as the same bytes" Tensors.tensors (fun arrays ->
              let bytes = writeBytes arrays
              Tensors.expectSame (readBytes bytes) arrays "arrays"
              Expect.equal (writeBytes arrays) bytes "bytes")
          testCase "arrays larger than what is turned into bytes at once come back" (fun () ->
              let arrays = Map [ "large", { Shape = [ 3; 10_007 ]; Cells = F64(Array.init 30_021 float) } ]
              Tensors.expectSame (readBytes (writeBytes arrays)) arrays "arrays")
          testCase "as numpy has it: not compressed, values behind a multiple of 64 bytes, no time" (fun () ->
              let headers =
                  Map
                      [ "layers.0.weight.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
                        "m.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }"
                        "none.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }"
                        "raw.npy", "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }"
                        "步.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (), }" ]

              use archive = new ZipArchive(new MemoryStream(writeBytes Tensors.few), ZipArchiveMode.Read)
              Expect.equal [ for entry in archive.Entries -> entry.FullName ] (Seq.toList headers.Keys) "names"

              for entry in archive.Entries do
                  use stream = entry.Open()
                  use bytes = new MemoryStream()
                  stream.CopyTo bytes
                  let text = Encoding.Latin1.GetString(bytes.ToArray())
                  let headerEnd = text.IndexOf '\n'
                  Expect.stringStarts text "\u0093NUMPY\u0001\u0000" "magic and version"
                  Expect.equal (text[10..headerEnd].TrimEnd()) headers[entry.FullName] "header"
                  Expect.equal ((headerEnd + 1) % 64) 0 "where the values begin"
                  Expect.equal entry.CompressedLength entry.Length "compressed"
                  Expect.equal entry.LastWriteTime.DateTime (DateTime(1980, 1, 1)) "time")
          testInFolder "to a file, over the old one" (fun folder ->
              let path = Path.Combine(folder, "weights.npz")
              Npz.save path Tensors.few
              let few = Tensors.few.Remove "raw"
              Npz.save path few
              Tensors.expectSame (Npz.read path) few "arrays"
              Expect.equal (filesIn folder) [ "weights.npz" ] "files")
          testInFolder "what cannot be written leaves the old file" (fun folder ->
              let path = Path.Combine(folder, "weights.npz")
              Npz.save path Tensors.few
              let broken = Tensors.few.Add("broken", { Shape = [ 2 ]; Cells = U8 [||] })
              Expect.throwsT<ArgumentException> (fun () -> Npz.save path broken) "a shape that does not fit"
              Tensors.expectSame (Npz.read path) Tensors.few "arrays"
              Expect.equal (filesIn folder) [ "weights.npz" ] "files")
          property "stored as another type, arrays come back as that type has them" Tensors.narrowed (fun (types, arrays, expected) ->
              let types = types |> Map.filter (fun _ cellType -> cellType <> CellType.BF16)

              let expected =
                  expected |> Map.map (fun name tensor -> if types.ContainsKey name then tensor else arrays[name])

              use stream = new MemoryStream()
              Npz.writeAs types stream arrays
              Tensors.expectSame (readBytes (stream.ToArray())) expected "arrays")
          testCase "a type that numpy has not is refused" (fun () ->
              use stream = new MemoryStream()

              Expect.throwsT<ArgumentException>
                  (fun () -> Npz.writeAs (Map [ "m", CellType.BF16 ]) stream (Map [ "m", { Shape = []; Cells = F32 [| 1.0f |] } ]))
                  "BF16")
          unwritable
              "a shape that does not fit"
              [ "'a'"; "3 values"; "requires 4"; "[2, 2]" ]
              (Map [ "a", { Shape = [ 2; 2 ]; Cells = I64 [| 1L; 2L; 3L |] } ])
          unwritable "a negative size" [ "'a'"; "-1" ] (Map [ "a", { Shape = [ -1; -1 ]; Cells = U8 [| 1uy |] } ])
          unwritable "too many dimensions" [ "'a'"; "65"; "64" ] (Map [ "a", { Shape = List.replicate 65 1; Cells = U8 [| 1uy |] } ])
          unwritable "a name that is no Unicode" [ "surrogate" ] (Map [ "a" + Tensors.halfAPair, { Shape = []; Cells = U8 [| 1uy |] } ])
          unwritable "a name that is too long" [ "65535" ] (Map [ String('x', 65532), { Shape = []; Cells = U8 [| 1uy |] } ]) ]

let private damage =
    let whole = writeBytes Tensors.few
    let read = Tensors.expectSameOrRefused readBytes (Tensors.areSame Tensors.few)

    testList
        "of a damaged archive that was written here, nothing else is read"
        [ testCase "each byte changed" (fun () -> read (Tensors.withOneByteChanged whole))
          testCase "cut off anywhere" (fun () ->
              read (seq { for length in 0 .. whole.Length - 1 -> $"{length} bytes", whole[.. length - 1] }))
          testCase "names exchanged, which only the comment's checksum sees" (fun () ->
              let arrays = Map [ "a", { Shape = []; Cells = U8 [| 1uy |] } ]

              let renamed =
                  Encoding.Latin1.GetString(writeBytes arrays).Replace("a.npy", "b.npy") |> Encoding.Latin1.GetBytes

              expectFormatError "weights.npz" (Some 0L) [ "checksum" ] (fun () -> readBytes renamed |> ignore)) ]

let tests =
    testList
        "npz"
        [ roundTrip
          numpy
          columnMajor
          columnMajorAnyRank
          types
          headers
          refusals
          mutations
          promises
          expansions
          checksums
          writing
          damage ]
