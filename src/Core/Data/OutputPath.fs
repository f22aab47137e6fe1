/// <summary>
/// Files and folders that a user names for output. A file in the place of a folder, and a folder in the place of a file, are errors of the
/// name: <c>DirectoryNotFoundException</c> and <c>FileNotFoundException</c>, as for input.
/// </summary>
module CuteDl.Core.Data.OutputPath

open System
open System.IO

/// The folder itself and all folders above it.
let rec private upwards (folder: string | null) : string list =
    match folder with
    | null -> []
    | folder -> folder :: upwards (Path.GetDirectoryName folder)

/// <summary>Checks that no file is in the place of a folder, or of a folder above it.</summary>
/// <exception cref="T:System.IO.DirectoryNotFoundException">A file is in the place.</exception>
let checkFolder (folder: string) : unit =
    match upwards (Path.GetFullPath folder) |> List.tryFind File.Exists with
    | Some file -> raise (DirectoryNotFoundException $"Cannot make the folder '{folder}': '{file}' is a file. Name a folder.")
    | None -> ()

/// <summary>Makes a folder and those above it, if they do not exist.</summary>
/// <exception cref="T:System.IO.DirectoryNotFoundException">A file is in the place of a folder.</exception>
/// <exception cref="T:System.IO.IOException">The folder cannot be made: the message names it.</exception>
let makeFolder (folder: string) : unit =
    checkFolder folder

    try
        Directory.CreateDirectory folder |> ignore
    with
    | :? IOException
    | :? UnauthorizedAccessException as cause -> raise (IOException($"Cannot make the folder '{folder}': {cause.Message}", cause))

/// The folder of a file.
let private folderOf (file: string) : string = Path.GetDirectoryName(Path.GetFullPath file) |> string

/// <summary>Checks that no folder is in the place of a file, and that its folder exists or can be made.</summary>
/// <exception cref="T:System.IO.FileNotFoundException">A folder is in the place.</exception>
/// <exception cref="T:System.IO.DirectoryNotFoundException">A file is in the place of a folder.</exception>
let checkFile (file: string) : unit =
    if Path.EndsInDirectorySeparator file || Directory.Exists file then
        raise (FileNotFoundException($"'{file}' is a folder. Name a file.", file))

    checkFolder (folderOf file)

/// <summary>Makes the folder of a file, if it does not exist.</summary>
/// <exception cref="T:System.IO.IOException">The folder cannot be made: the message names it.</exception>
let makeFolderOf (file: string) : unit = makeFolder (folderOf file)
