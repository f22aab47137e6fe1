namespace CuteDl.Core.Data

open System
open System.IO
open CuteDl.Core.Numerics

/// <summary>Labelled examples of byte features (pixels), which stand for value / 255.</summary>
/// <param name="width">How many bytes an example has.</param>
/// <param name="features">All examples, one after another.</param>
/// <param name="labels">The class of each example, from 0.</param>
[<Sealed>]
type DataSet(width: int, features: byte array, labels: byte array) =
    do
        if width < 1 || features.Length <> width * labels.Length then
            raise (ArgumentException($"{features.Length} bytes are not {labels.Length} examples of {width}.", nameof features))

    // Above this share of bytes other than 0 it costs more to skip zeros than to multiply by them: see docs/performance.md.
    let largestDensity = 0.4

    let sparse =
        lazy
            (if width <= SparseRows.largestWidth && SparseRows.density features <= largestDensity then
                 Some(SparseRows.ofCells features width)
             else
                 None)

    /// <summary>How many bytes an example has.</summary>
    member _.Width = width

    /// <summary>All examples, one after another.</summary>
    member _.Features = features

    /// <summary>The class of each example, from 0.</summary>
    member _.Labels = labels

    /// <summary>How many examples there are.</summary>
    member _.Count = labels.Length

    /// <summary>The features without their zeros, if so many are 0 that it pays; made when first asked for.</summary>
    member _.Sparse = sparse.Value

/// <summary>Examples to train on, and those that validation looks at.</summary>
type DataSets =
    {
        /// <summary>What is trained on: 60,000 images for MNIST.</summary>
        Training: DataSet
        /// <summary>What is validated on: 10,000 images for MNIST.</summary>
        Validation: DataSet
        /// <summary>How many classes the labels tell apart.</summary>
        Classes: int
    }

/// <summary>Data sets in the files of MNIST's format.</summary>
module DataSets =
    /// <summary>The names of the four files, each with or without .gz: training images and labels, test images and labels.</summary>
    let fileNames =
        [ "train-images-idx3-ubyte"
          "train-labels-idx1-ubyte"
          "t10k-images-idx3-ubyte"
          "t10k-labels-idx1-ubyte" ]

    let private readSet (classes: int) (openFile: string -> struct (string * Stream)) (imagesName: string) (labelsName: string) =
        let readFile name rank =
            let struct (file, stream) = openFile name
            use stream = stream
            struct (file, Idx.read file stream rank)

        let struct (imagesFile, images) = readFile imagesName 3
        let struct (labelsFile, labels) = readFile labelsName 1
        let count = images.Dimensions.Head

        if count <> labels.Cells.Length then
            raise (DataFormatException(labelsFile, 4L, $"{labels.Cells.Length} labels for the {count} images of {imagesFile}."))

        match labels.Cells |> Array.tryFindIndex (fun label -> int label >= classes) with
        | Some index ->
            raise (DataFormatException(labelsFile, 8L + int64 index, $"label {labels.Cells[index]}, expected 0 to {classes - 1}."))
        | None -> ()

        DataSet(images.Cells.Length / count, images.Cells, labels.Cells), images.Dimensions.Tail, imagesFile

    /// <summary>Reads the four files.</summary>
    /// <param name="classes">How many classes there are: labels must be below.</param>
    /// <param name="openFile">From one of the names to a name for messages and the file's bytes (seekable).</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">A file is damaged, or the files do not belong together.</exception>
    let read (classes: int) (openFile: string -> struct (string * Stream)) : DataSets =
        let training, trainingShape, _ = readSet classes openFile fileNames[0] fileNames[1]

        let validation, validationShape, file = readSet classes openFile fileNames[2] fileNames[3]

        if trainingShape <> validationShape then
            let shape sizes = sizes |> List.map string |> String.concat " × "
            raise (DataFormatException(file, 8L, $"images of {shape validationShape}, but those trained on have {shape trainingShape}."))

        { Training = training; Validation = validation; Classes = classes }

    /// <summary>Reads the four files from a folder, each by its name with or without .gz.</summary>
    /// <param name="classes">How many classes there are: labels must be below.</param>
    /// <param name="folder">The folder.</param>
    /// <exception cref="T:System.IO.FileNotFoundException">A file is missing; the message names it and the folder.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">A file is damaged, or the files do not belong together.</exception>
    let readFolder (classes: int) (folder: string) : DataSets =
        read classes (fun name ->
            let plain = Path.Combine(folder, name)

            match [ plain; plain + ".gz" ] |> List.tryFind File.Exists with
            | Some path -> struct (path, File.OpenRead path)
            | None -> raise (FileNotFoundException($"neither {name} nor {name}.gz is in '{folder}'.", plain)))
