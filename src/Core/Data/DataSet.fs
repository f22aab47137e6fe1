namespace CuteDl.Core.Data

open System
open System.IO
open System.Security.Cryptography
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

    // Enough to recognise a folder.
    let private mostListed = 20

    let private listed (names: string list) : string =
        match names with
        | [] -> "It has no files."
        | _ when names.Length > mostListed ->
            let some = String.Join(", ", List.truncate mostListed names)
            $"Its files are {some} and {names.Length - mostListed} more."
        | _ -> $"""Its files are {String.Join(", ", names)}."""

    let private readSet
        (expansion: int)
        (classes: int)
        (openFile: string -> struct (string * Stream))
        (imagesName: string)
        (labelsName: string)
        =
        let readFile name rank =
            let struct (file, stream) = openFile name
            use stream = stream
            struct (file, Idx.readWithin expansion file stream rank)

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
    /// <param name="expansion">The most bytes that each byte of a gzipped file may become, at least 1.</param>
    /// <param name="classes">How many classes there are: labels must be below.</param>
    /// <param name="openFile">From one of the names to a name for messages and the file's bytes (seekable).</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">A file is damaged, or the files do not belong together.</exception>
    let readWithin (expansion: int) (classes: int) (openFile: string -> struct (string * Stream)) : DataSets =
        let training, trainingShape, _ = readSet expansion classes openFile fileNames[0] fileNames[1]

        let validation, validationShape, file = readSet expansion classes openFile fileNames[2] fileNames[3]

        if trainingShape <> validationShape then
            let shape sizes = sizes |> List.map string |> String.concat " × "
            raise (DataFormatException(file, 8L, $"images of {shape validationShape}, but those trained on have {shape trainingShape}."))

        { Training = training; Validation = validation; Classes = classes }

    /// <summary>Reads the four files within the usual expansion; see <c>readWithin</c>.</summary>
    let read (classes: int) (openFile: string -> struct (string * Stream)) : DataSets = readWithin Growing.DefaultExpansion classes openFile

    /// <summary>Computes the SHA-256 of sets of examples, in hexadecimal digits: sizes, features and labels, set after set.</summary>
    let checksum (sets: DataSet list) : string =
        use sha256 = IncrementalHash.CreateHash HashAlgorithmName.SHA256

        for set in sets do
            sha256.AppendData(BitConverter.GetBytes set.Width)
            sha256.AppendData(BitConverter.GetBytes set.Count)
            sha256.AppendData set.Features
            sha256.AppendData set.Labels

        Convert.ToHexStringLower(sha256.GetHashAndReset())

    /// <summary>
    /// Reads the four files from a folder. Each may be plain or gzipped, and its name may have a dot in place of the last hyphen but one,
    /// as in <c>train-images.idx3-ubyte</c>.
    /// </summary>
    /// <param name="expansion">The most bytes that each byte of a gzipped file may become, at least 1.</param>
    /// <param name="classes">How many classes there are: labels must be below.</param>
    /// <param name="folder">The folder.</param>
    /// <exception cref="T:System.IO.DirectoryNotFoundException">There is no such folder, or it is a file.</exception>
    /// <exception cref="T:System.IO.FileNotFoundException">A file is missing; the message lists the files in the folder.</exception>
    /// <exception cref="T:System.IO.IOException">The folder or a file cannot be read.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">A file is damaged, or the files do not belong together.</exception>
    let readFolderWithin (expansion: int) (classes: int) (folder: string) : DataSets =
        let present = InputFile.namesIn folder

        readWithin expansion classes (fun name ->
            let names = [ name; name.Replace("-idx", ".idx") ]

            match
                [ for name in names do
                      name
                      name + ".gz" ]
                |> List.tryFind (fun name -> List.contains name present)
            with
            | Some found ->
                let path = Path.Combine(folder, found)
                struct (path, InputFile.openRead path)
            | None ->
                let wanted = String.Join(" or ", names)

                raise (
                    FileNotFoundException(
                        $"The folder '{folder}' has no {wanted}, plain or with .gz. {listed present}",
                        Path.Combine(folder, name)
                    )
                ))

    /// <summary>Reads the four files from a folder within the usual expansion; see <c>readFolderWithin</c>.</summary>
    let readFolder (classes: int) (folder: string) : DataSets = readFolderWithin Growing.DefaultExpansion classes folder
