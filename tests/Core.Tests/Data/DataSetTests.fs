/// Data sets: four files that belong together, and MNIST itself.
module CuteDl.Core.Tests.DataSetTests

open System
open System.IO
open Expecto
open CuteDl.Core.Data
open CuteDl.Core.Tests.ByteSets
open CuteDl.Core.Tests.IdxFiles

/// MNIST, read once. The test images are the validation set.
let mnist: Lazy<DataSets> =
    lazy
        (MnistFormat.readFolder 10 (Path.Combine(AppContext.BaseDirectory, "mnist"))
         |> DataParts.testAsValidation)

let private pixels count = Array.init (count * 4) byte

/// Small files in MNIST's shape, by name.
let private files =
    Map
        [ "train-images-idx3-ubyte", file [ 3; 2; 2 ] (pixels 3)
          "train-labels-idx1-ubyte", file [ 3 ] [| 0uy; 2uy; 1uy |]
          "t10k-images-idx3-ubyte", file [ 2; 2; 2 ] (pixels 2)
          "t10k-labels-idx1-ubyte", file [ 2 ] [| 2uy; 0uy |] ]

let private readFiles (files: Map<string, byte array>) =
    MnistFormat.read 3 (fun name -> struct (name, new MemoryStream(files[name]) :> Stream))

let private belongTogether =
    testList
        "four files"
        [ testCase "become a training and a test set" (fun () ->
              let data = readFiles files
              let test = data.Test.Value
              Expect.equal (data.Training.Count, test.Count, data.Training.Width, test.Targets.Length) (3, 2, 4, 3) "sizes"
              Expect.equal (bytesOf data.Training) (pixels 3) "pixels"
              Expect.equal (labelsOf test) [| 2; 0 |] "labels")
          testCase "need as many bytes as their labels and width say" (fun () ->
              let refused (width: int) bytes labels =
                  Expect.throwsC (fun () -> DataSet(width, Array.zeroCreate bytes, Array.zeroCreate labels, 1) |> ignore) (fun error ->
                      Expect.isTrue (error :? ArgumentException) $"{bytes} bytes for {labels} examples of {width}: {error}")

              refused 4 11 3
              refused 0 0 3
              // The product is 2^32, which is 0 in 32 bits.
              refused 65536 0 65536)
          testCase "are refused if a set has more images than labels, or fewer" (fun () ->
              for labels in [ file [ 2 ] [| 0uy; 1uy |]; file [ 4 ] [| 0uy; 1uy; 2uy; 0uy |] ] do
                  expectFormatError "train-labels-idx1-ubyte" (Some 4L) [ "3 images"; "train-images-idx3-ubyte" ] (fun () ->
                      readFiles (files.Add("train-labels-idx1-ubyte", labels)) |> ignore))
          testCase "are refused if a label is no class" (fun () ->
              let labels = file [ 2 ] [| 2uy; 3uy |]

              expectFormatError "t10k-labels-idx1-ubyte" (Some 9L) [ "label is 3"; "0 to 2" ] (fun () ->
                  readFiles (files.Add("t10k-labels-idx1-ubyte", labels)) |> ignore))
          testCase "are refused if the images of the sets differ in shape" (fun () ->
              let images = file [ 2; 4; 1 ] (pixels 2)

              expectFormatError "t10k-images-idx3-ubyte" (Some 8L) [ "4 × 1"; "2 × 2" ] (fun () ->
                  readFiles (files.Add("t10k-images-idx3-ubyte", images)) |> ignore))
          testCase "are refused if one is damaged, by its name" (fun () ->
              for name in MnistFormat.fileNames do
                  expectFormatError name None [] (fun () -> readFiles (files.Add(name, files[name][..6])) |> ignore)) ]

let private inFolder (check: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "cutedl-tests-"

    try
        check folder.FullName
    finally
        folder.Delete true

let private folders =
    testList
        "a folder"
        [ testCase "is read by the files' names, with or without .gz" (fun () ->
              inFolder (fun folder ->
                  files
                  |> Seq.iteri (fun i pair ->
                      let name, bytes = if i % 2 = 0 then pair.Key, pair.Value else pair.Key + ".gz", gzip pair.Value
                      File.WriteAllBytes(Path.Combine(folder, name), bytes))

                  let content (parts: DataParts) =
                      [ for set in [ parts.Training; parts.Test.Value ] -> set.Shape, set.Features, set.Targets ]

                  Expect.equal (content (MnistFormat.readFolder 3 folder)) (content (readFiles files)) "data"))
          testCase "without one of the files is refused with the name and the folder" (fun () ->
              inFolder (fun folder ->
                  try
                      MnistFormat.readFolder 3 folder |> ignore
                      failtest "nothing was thrown"
                  with :? FileNotFoundException as error ->
                      Expect.stringContains error.Message "train-images-idx3-ubyte" "the file"
                      Expect.stringContains error.Message folder "the folder"))
          testCase "is read by the names that other programs give" (fun () ->
              inFolder (fun folder ->
                  for pair in files do
                      File.WriteAllBytes(Path.Combine(folder, pair.Key.Replace("-idx", ".idx") + ".gz"), gzip pair.Value)

                  Expect.equal (MnistFormat.readFolder 3 folder).Training.Features (readFiles files).Training.Features "data"))
          testCase "without one of the files is refused with the files that it has" (fun () ->
              inFolder (fun folder ->
                  let message () = Expect.throwsC (fun () -> MnistFormat.readFolder 3 folder |> ignore) _.Message
                  Expect.stringContains (message ()) "no files" "an empty folder"

                  for i in 1..30 do
                      File.WriteAllText(Path.Combine(folder, $"other-%02d{i}"), "")

                  Expect.stringContains (message ()) "other-01, other-02" "names"
                  Expect.stringContains (message ()) "and 18 more" "not all"))
          testCase "that is a file, or is not there, is called so" (fun () ->
              inFolder (fun folder ->
                  let message path = Expect.throwsC (fun () -> MnistFormat.readFolder 3 path |> ignore) _.Message
                  let path = Path.Combine(folder, "x")
                  Expect.equal (message path) $"The folder '{path}' does not exist." "nothing"
                  File.WriteAllText(path, "")
                  Expect.equal (message path) $"'{path}' is a file. Name a folder." "a file"))
          testCase "with a file that cannot be opened is refused with the reason, and not called missing" (fun () ->
              if not (OperatingSystem.IsWindows()) then
                  inFolder (fun folder ->
                      for pair in files do
                          File.WriteAllBytes(Path.Combine(folder, pair.Key), pair.Value)

                      // A link to itself: no permission stands in the way, so that it fails for every user.
                      let path = Path.Combine(folder, "t10k-labels-idx1-ubyte")
                      File.Delete path
                      File.CreateSymbolicLink(path, path) |> ignore

                      try
                          MnistFormat.readFolder 3 folder |> ignore
                          failtest "nothing was thrown"
                      with :? IOException as error ->
                          Expect.stringContains error.Message path "the file"
                          Expect.stringContains error.Message "cannot be read" "what"
                          Expect.isFalse (error :? FileNotFoundException) "not missing"))
          testCase "with a damaged file is refused with the file's path" (fun () ->
              inFolder (fun folder ->
                  for pair in files do
                      File.WriteAllBytes(Path.Combine(folder, pair.Key), pair.Value)

                  File.WriteAllBytes(Path.Combine(folder, "t10k-labels-idx1-ubyte"), [||])

                  expectFormatError (Path.Combine(folder, "t10k-labels-idx1-ubyte")) (Some 0L) [] (fun () ->
                      MnistFormat.readFolder 3 folder |> ignore))) ]

let private realMnist =
    testList
        "MNIST"
        [ testCase "has 60,000 and 10,000 images of 784 pixels" (fun () ->
              let data = mnist.Value
              Expect.equal (data.Training.Count, data.Validation.Count) (60000, 10000) "examples"
              Expect.equal (data.Training.Width, data.Validation.Width, data.Training.Targets.Length) (784, 784, 10) "width"
              Expect.equal (data.Training.Features.Length, data.Validation.Features.Length) (47040000, 7840000) "pixels")
          testCase "has the published counts of each digit" (fun () ->
              let histogram (set: DataSet) =
                  [ for label in 0..9 -> labelsOf set |> Array.filter ((=) label) |> Array.length ]

              Expect.equal (histogram mnist.Value.Training) [ 5923; 6742; 5958; 6131; 5842; 5421; 5918; 6265; 5851; 5949 ] "training"
              Expect.equal (histogram mnist.Value.Validation) [ 980; 1135; 1032; 1010; 982; 892; 958; 1028; 974; 1009 ] "validation")
          testCase "begins with the digits that everyone knows" (fun () ->
              Expect.equal (Array.truncate 10 (labelsOf mnist.Value.Training)) [| 5; 0; 4; 1; 9; 2; 1; 3; 1; 4 |] "training"
              Expect.equal (Array.truncate 5 (labelsOf mnist.Value.Validation)) [| 7; 2; 1; 0; 4 |] "validation")
          testCase "has the checksums that it has always had" (fun () ->
              let parts = DataParts.create mnist.Value.Training (Some mnist.Value.Validation)
              let whole = "412897d6fa631822dd784dddd27de7cc34f019bbbaf76f6892c69f84047aef2e"
              let heldOut = "8a63d0fce7159c77f193022e2818f21af5b4860ca3c4eee4424c6624689fe98c"
              Expect.equal (DataSets.checksum mnist.Value) whole "all images"
              Expect.equal (DataSets.checksum (DataParts.holdOut 5000 0 parts)) heldOut "5000 held out")
          testCase "has pixels of the published mean, 0.1307" (fun () ->
              let mean = (bytesOf mnist.Value.Training |> Array.sumBy int64 |> float) / 255.0 / 47040000.0
              Close.within 5e-5 mean 0.1307 "mean") ]

let tests = testList "data sets" [ belongTogether; folders; realMnist ]
