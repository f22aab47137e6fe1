namespace CuteDl.Core.Data

open System
open System.IO
open CuteDl.Core.Optimizers

/// <summary>Reads data sets from files in MNIST's format.</summary>
module MnistFormat =
    /// <summary>The names of the four files, without the optional .gz: training images and labels, test images and labels.</summary>
    let fileNames =
        [ "train-images-idx3-ubyte"
          "train-labels-idx1-ubyte"
          "t10k-images-idx3-ubyte"
          "t10k-labels-idx1-ubyte" ]

    let private listed (names: string list) : string =
        match names with
        | [] -> "It has no files."
        | _ -> $"Its files are {names |> Seq.map Quotation.shorten |> Quotation.list}."

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
            raise (
                DataFormatException(
                    labelsFile,
                    4L,
                    $"The file has {labels.Cells.Length} labels, but {imagesFile} has {count} images. The numbers must be equal."
                )
            )

        match labels.Cells |> Array.tryFindIndex (fun label -> int label >= classes) with
        | Some index ->
            raise (
                DataFormatException(
                    labelsFile,
                    8L + int64 index,
                    $"The label is {labels.Cells[index]}. It must be from 0 to {classes - 1}."
                )
            )
        | None -> ()

        let shape =
            match images.Dimensions with
            | [ _; height; width ] -> TensorShape.Planes(1, height, width)
            | _ -> TensorShape.Flat(images.Cells.Length / count)

        let set =
            DataSet(shape, Features.Bytes images.Cells, Targets.Labels(Array.map int labels.Cells, classes))

        set, images.Dimensions.Tail, imagesFile

    /// <summary>Reads the four files: a training and a test set.</summary>
    /// <param name="expansion">The largest number of decompressed bytes per byte of a gzipped file, at least 1.</param>
    /// <param name="classes">The number of classes. Labels must be below it.</param>
    /// <param name="openFile">Opens one of the files: returns its name for messages, and its bytes as a seekable stream.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">A file is damaged, or the files do not fit each other.</exception>
    let readWithin (expansion: int) (classes: int) (openFile: string -> struct (string * Stream)) : DataParts =
        let training, trainingShape, _ = readSet expansion classes openFile fileNames[0] fileNames[1]

        let test, testShape, file = readSet expansion classes openFile fileNames[2] fileNames[3]

        if trainingShape <> testShape then
            let shape sizes = sizes |> List.map string |> String.concat " × "

            raise (
                DataFormatException(
                    file,
                    8L,
                    $"The images have {shape testShape} pixels, but the training images have {shape trainingShape}. The shapes must be equal."
                )
            )

        DataParts.create training (Some test)

    /// <summary>Reads the four files with the default limit of expansion; see <c>readWithin</c>.</summary>
    let read (classes: int) (openFile: string -> struct (string * Stream)) : DataParts =
        readWithin Growing.DefaultExpansion classes openFile

    /// <summary>
    /// Reads the four files from a folder. Each can be uncompressed or gzipped. Its name can also be written with a dot before <c>idx</c>,
    /// as in <c>train-images.idx3-ubyte</c>.
    /// </summary>
    /// <param name="expansion">The largest number of decompressed bytes per byte of a gzipped file, at least 1.</param>
    /// <param name="classes">The number of classes. Labels must be below it.</param>
    /// <param name="folder">The folder.</param>
    /// <exception cref="T:System.IO.DirectoryNotFoundException">The folder does not exist, or it is a file.</exception>
    /// <exception cref="T:System.IO.FileNotFoundException">A file is missing; the message lists the files in the folder.</exception>
    /// <exception cref="T:System.IO.IOException">The folder or a file cannot be read.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">A file is damaged, or the files do not fit each other.</exception>
    let readFolderWithin (expansion: int) (classes: int) (folder: string) : DataParts =
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
                        $"The folder '{folder}' has no file {wanted}, plain or gzipped (.gz). {listed present}",
                        Path.Combine(folder, name)
                    )
                ))

    /// <summary>Reads the four files from a folder with the default limit of expansion; see <c>readFolderWithin</c>.</summary>
    let readFolder (classes: int) (folder: string) : DataParts = readFolderWithin Growing.DefaultExpansion classes folder
