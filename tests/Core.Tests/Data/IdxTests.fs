/// Reading IDX files: what was written comes back, and all damage is said in one sentence.
module CuteDl.Core.Tests.IdxTests

open System
open System.IO
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.IdxFiles

let private files =
    gen {
        let! rank = Gen.choose (1, 3)
        let! dimensions = Gen.listOfLength rank (Gen.choose (1, 6))
        let! cells = Gen.arrayOfLength (List.fold (*) 1 dimensions) (Gen.choose (0, 255) |> Gen.map byte)
        return dimensions, cells
    }

let private roundTrip =
    testList
        "round trip"
        [ property "what was written comes back, gzipped or not" files (fun (dimensions, cells) ->
              for name, bytes in
                  [ "cells", file dimensions cells
                    "cells.gz", gzip (file dimensions cells)
                    "cells", gzip (file dimensions cells) ] do
                  let idx = read name bytes dimensions.Length
                  Expect.equal idx.Dimensions dimensions name
                  Expect.equal idx.Cells cells name)
          property
              "a gzip file of several members is read as one of their contents"
              (Gen.zip files (Gen.listOfLength 3 (Gen.choose (0, 250))))
              (fun ((dimensions, cells), cuts) ->
                  // With an empty member at the end, as block-gzip has one.
                  let whole = file dimensions cells
                  let cuts = List.sort (0 :: whole.Length :: List.map (min whole.Length) cuts)

                  let members =
                      cuts |> List.pairwise |> List.map (fun (first, next) -> gzipMember whole[first .. next - 1])

                  let idx = read "cells.gz" (Array.concat (members @ [ gzipMember [||] ])) dimensions.Length
                  Expect.equal (idx.Dimensions, idx.Cells) (dimensions, cells) $"cut at {cuts}")
          testCase "a member may end anywhere within a buffer" (fun () ->
              // Without compression a member is as long as its content and some bytes, so its end wanders over the border at 8192.
              for length in 8100..8210 do
                  let whole = file [ length ] (Array.init length byte)
                  let members = Array.append (storedMember whole[.. length - 1]) (storedMember whole[length..])
                  Expect.isTrue ((read "cells.gz" members 1).Cells = whole[8..]) $"{length} cells")
          testCase "a file larger than the first buffer comes back" (fun () ->
              let cells = Array.init 3_000_001 (fun i -> byte (i * 7 >>> 3))
              Expect.isTrue ((read "cells" (file [ cells.Length ] cells) 1).Cells = cells) "plain"
              Expect.isTrue ((read "cells.gz" (gzip (file [ cells.Length ] cells)) 1).Cells = cells) "gzipped")
          testCase "the stream is left open" (fun () ->
              use stream = new MemoryStream(file [ 2 ] [| 1uy; 2uy |])
              Idx.read "cells" stream 1 |> ignore
              Expect.isTrue stream.CanRead "open") ]

let private images = file [ 3; 2; 2 ] (Array.init 12 byte)

let private damaged name (bytes: byte array) (offset: int64) parts =
    testCase name (fun () -> expectFormatError "images" (Some offset) parts (fun () -> read "images" bytes 3 |> ignore))

let private replaced (index: int) (bytes: byte array) =
    let copy = Array.copy images
    bytes.CopyTo(copy, index)
    copy

let private damage =
    testList
        "is refused"
        [ damaged "an empty file" [||] 0L [ "magic" ]
          damaged "a file that ends in its magic number" images[..2] 3L [ "magic" ]
          damaged "a file that ends in its dimensions" images[..10] 11L [ "dimensions" ]
          damaged "a file that ends behind its header" images[..15] 16L [ "after 0 of the 12" ]
          damaged "a file that ends in its cells" images[..20] 21L [ "after 5 of the 12" ]
          damaged "a file that goes on" (Array.append images [| 0uy |]) 28L [ "more bytes than the 12" ]
          damaged "a wrong magic number" (replaced 0 [| 1uy |]) 0L [ "0x01000803"; "0x00000803" ]
          damaged "cells of another type" (replaced 2 [| 0x0Duy |]) 0L [ "0x00000D03" ]
          damaged "labels for images" (file [ 4 ] [| 0uy; 1uy; 2uy; 3uy |]) 0L [ "0x00000801"; "3 dimensions" ]
          damaged "more dimensions than expected" (file [ 1; 1; 1; 1 ] [| 0uy |]) 0L [ "0x00000804" ]
          damaged "a dimension of 0" (replaced 8 (bigEndian 0)) 8L [ "Dimension 2 of 3"; "must be from 1" ]
          damaged "a dimension beyond a signed number" (replaced 12 (bigEndian -1)) 12L [ "Dimension 3 of 3"; "4294967295" ]
          damaged
              "dimensions whose product overflows"
              (replaced 4 (Array.replicate 3 (bigEndian Int32.MaxValue) |> Array.concat))
              4L
              [ "require" ]
          testCase "images for labels" (fun () ->
              expectFormatError "labels" (Some 0L) [ "0x00000803"; "0x00000801" ] (fun () -> read "labels" images 1 |> ignore))
          testCase "a file that is not gzip though its name ends in .gz" (fun () ->
              expectFormatError "images.gz" (Some 0L) [ "not gzip" ] (fun () -> read "images.gz" images 3 |> ignore)
              expectFormatError "images.gz" (Some 0L) [ "not gzip" ] (fun () -> read "images.gz" [||] 3 |> ignore))
          testCase "a gzip file cut off anywhere" (fun () ->
              let whole = gzip (file [ 40; 5; 5 ] (Array.init 1000 (fun i -> byte (i * i))))

              for length in 0 .. whole.Length - 1 do
                  try
                      expectFormatError "images.gz" None [] (fun () -> read "images.gz" whole[.. length - 1] 3 |> ignore)
                  with :? AssertException as error ->
                      failtest $"cut to {length} of {whole.Length} bytes: {error.Message}")
          testCase "a gzip file of two members cut off anywhere" (fun () ->
              let content = file [ 40; 5; 5 ] (Array.init 1000 (fun i -> byte (i * i)))
              let first = gzip content[..499]
              let whole = Array.append first (gzip content[500..])

              for length in 0 .. whole.Length - 1 do
                  expectFormatError "images.gz" None [] (fun () -> read "images.gz" whole[.. length - 1] 3 |> ignore))
          testCase "a gzip file that is followed by something else" (fun () ->
              for more, said in
                  [ [| 0uy |], "other data follow"
                    Array.zeroCreate 512, "other data follow"
                    "more"B, "other data follow"
                    // These are taken for the start of another member, which then is none.
                    [| 0x1Fuy |], "gzip"
                    [| 0x1Fuy; 0x8Buy |], "gzip" ] do
                  expectFormatError "images.gz" (Some 28L) [ said ] (fun () ->
                      read "images.gz" (Array.append (gzip images) more) 3 |> ignore))
          testCase "a gzip file whose checksum or length is wrong, and says so" (fun () ->
              for count in [ 12; 40_000 ] do
                  let whole = gzip (file [ 1; 1; count ] (Array.init count (fun i -> byte (i * i))))

                  for index, said in [ 8, "checksum"; 1, "bytes, but the gzip file states" ] do
                      let copy = Array.copy whole
                      copy[copy.Length - index] <- copy[copy.Length - index] ^^^ 1uy
                      expectFormatError "images.gz" None [ said ] (fun () -> read "images.gz" copy 3 |> ignore))
          testCase "a gzip file whose data are damaged, and says so" (fun () ->
              let whole = gzip (file [ 1; 1; 40_000 ] (Array.init 40_000 (fun i -> byte (i * i))))
              // The first byte of the data, a block of the type that does not exist.
              whole[10] <- 0xFFuy
              expectFormatError "images.gz" None [ "data"; "damaged" ] (fun () -> read "images.gz" whole 3 |> ignore))
          testCase "a gzip file that promises much for its size, unless that is allowed" (fun () ->
              let whole = gzip (file [ 1; 2000; 2000 ] (Array.zeroCreate 4_000_000))
              let limit = 4_000_000 / whole.Length
              use stream = new MemoryStream(whole)

              expectFormatError "images.gz" (Some 4L) [ "content would have 4000000" ] (fun () ->
                  Idx.readWithin limit "images.gz" stream 3 |> ignore)

              stream.Position <- 0L
              Expect.equal (Idx.readWithin (limit + 1) "images.gz" stream 3).Cells.Length 4_000_000 "cells")
          testCase "a gzip file whose next member goes on" (fun () ->
              let bytes = Array.append (gzip images) (gzip [| 1uy |])
              expectFormatError "images.gz" (Some 28L) [ "more bytes" ] (fun () -> read "images.gz" bytes 3 |> ignore))
          testCase "a gzip file with a flipped bit, unless it reads the same" (fun () ->
              let whole = gzip (file [ 40; 5; 5 ] (Array.init 1000 (fun i -> byte (i * i))))
              let expected = read "images.gz" whole 3

              // Some bits mean nothing: the header's time and system, what fills up the last byte of the data.
              for index in 2 .. whole.Length - 1 do
                  let copy = Array.copy whole
                  copy[index] <- copy[index] ^^^ 0x10uy

                  isReadOrRefused (fun () -> Expect.isTrue (read "images.gz" copy 3 = expected) $"byte {index} of {whole.Length}")) ]

let private promises =
    testCase "a header that promises 2 GB costs no such memory" (fun () ->
        let lie = Array.append (header [ 500_000_000; 2; 2 ]) [| 1uy; 2uy; 3uy |]

        for name, bytes, offset, said in
            [ "images", lie, 19L, "after 3 of the 2000000000 bytes"
              "images.gz", gzip lie, 4L, "content would have 2000000000" ] do
            let before = GC.GetAllocatedBytesForCurrentThread()
            expectFormatError name (Some offset) [ said ] (fun () -> read name bytes 3 |> ignore)
            Expect.isLessThan (GC.GetAllocatedBytesForCurrentThread() - before) 4_000_000L $"bytes allocated for {name}")

let private mutations =
    let mutated (whole: byte array) =
        gen {
            let! length = Gen.frequency [ 3, Gen.constant whole.Length; 1, Gen.choose (0, whole.Length) ]
            let! changes = Gen.listOf (Gen.zip (Gen.choose (0, whole.Length - 1)) (Gen.choose (0, 255)))
            let copy = Array.copy whole
            changes |> List.truncate 6 |> List.iter (fun (index, value) -> copy[index] <- byte value)
            return Array.truncate length copy
        }

    testList
        "a damaged file is read or refused, and nothing else"
        [ property "plain" (mutated images) (fun bytes -> isReadOrRefused (fun () -> read "images" bytes 3 |> ignore))
          property "gzipped" (mutated (gzip images)) (fun bytes -> isReadOrRefused (fun () -> read "images.gz" bytes 3 |> ignore))
          property "noise" (bytes 0 60) (fun bytes -> isReadOrRefused (fun () -> read "images" bytes 3 |> ignore)) ]

let tests = testList "idx" [ roundTrip; damage; promises; mutations ]
