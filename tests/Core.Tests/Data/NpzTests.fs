/// Reading numpy's archives, made here by hand.
module CuteDl.Core.Tests.NpzTests

open System
open System.IO
open System.IO.Compression
open System.Text
open Expecto
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.IdxFiles

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

                Expect.equal (Seq.toList read.Keys) [ "bias"; "layers.0.weight" ] "names"
                Expect.equal read["bias"].Shape shape "shape"
                Precision.expectSameBits Precision.double read["layers.0.weight"].Values values "float64"
                Precision.expectSameBits Precision.double read["bias"].Values (values |> Array.map (float32 >> float)) "float32")

let private columnMajor =
    testCase "column-major matrices become row-major" (fun () ->
        // 2 × 3, column after column.
        let read = one (npyWith 1uy (header "<f8" true [ 2; 3 ]) (doubles [| 1.0; 4.0; 2.0; 5.0; 3.0; 6.0 |]))
        Expect.equal read["array"] { Shape = [ 2; 3 ]; Values = [| 1.0; 2.0; 3.0; 4.0; 5.0; 6.0 |] } "matrix"
        let vector = one (npyWith 1uy (header "<f8" true [ 2 ]) (doubles [| 1.0; 4.0 |]))
        Expect.equal vector["array"].Values [| 1.0; 4.0 |] "vector")

let private refused name parts (npy: byte array) =
    testCase name (fun () -> expectFormatError "array" None parts (fun () -> one npy |> ignore))

let private valid = npyWith 1uy (header "<f8" false [ 2; 2 ]) (doubles [| 1.0; 2.0; 3.0; 4.0 |])

let private refusals =
    testList
        "is refused"
        [ refused "an array of integers" [ "<i8"; "<f4"; "<f8" ] (npyWith 1uy (header "<i8" false [ 2 ]) (Array.zeroCreate 16))
          refused "an array of the other byte order" [ ">f8" ] (npyWith 1uy (header ">f8" false [ 2 ]) (Array.zeroCreate 16))
          refused
              "a column-major array of three dimensions"
              [ "column-major" ]
              (npyWith 1uy (header "<f8" true [ 1; 1; 1 ]) (Array.zeroCreate 8))
          refused "fewer values than the shape says" [ "expected 32" ] valid[.. valid.Length - 2]
          refused "more values than the shape says" [ "expected 32" ] (Array.append valid [| 0uy |])
          refused "a header without a shape" [ "shape" ] (npyWith 1uy "{'descr': '<f8', 'fortran_order': False}" [||])
          refused "a header without an order" [ "fortran_order" ] (npyWith 1uy "{'descr': '<f8', 'shape': (1,)}" (Array.zeroCreate 8))
          refused "a shape that is none" [ "'x'" ] (npyWith 1uy "{'descr': '<f8', 'fortran_order': False, 'shape': (x,)}" [||])
          refused "a header longer than the file" [ "header" ] valid[..60]
          refused "something that is no numpy array" [ "numpy" ] "GIF89a.............."B
          refused "an empty array file" [ "numpy" ] [||]
          refused "a shape whose product overflows" [ "expected" ] (npyWith 1uy (header "<f8" false (List.replicate 3 Int32.MaxValue)) [||])
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

let private checksums =
    testCase "a bit that flipped in an array's values is refused" (fun () ->
        let whole = archive CompressionLevel.NoCompression [ "array.npy", valid ]
        let start = (ReadOnlySpan whole).IndexOf(ReadOnlySpan valid)
        let last = start + valid.Length - 1
        whole[last] <- whole[last] ^^^ 0x40uy
        expectFormatError "weights.npz" None [ "checksum" ] (fun () -> readBytes whole |> ignore))

let tests = testList "npz" [ roundTrip; columnMajor; refusals; mutations; promises; checksums ]
