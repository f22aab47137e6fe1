/// <summary>
/// Opens files and folders that a user names. Messages say why it failed: nothing there, a folder, a file, or a missing permission.
/// </summary>
module CuteDl.Core.Data.InputFile

open System
open System.IO

/// <summary>Opens a file for reading.</summary>
/// <exception cref="T:System.IO.FileNotFoundException">The file does not exist, or it is a folder.</exception>
/// <exception cref="T:System.IO.IOException">The file cannot be read. The message names it.</exception>
let openRead (path: string) : FileStream =
    try
        File.OpenRead path
    with
    | :? FileNotFoundException
    | :? DirectoryNotFoundException -> raise (FileNotFoundException($"The file '{path}' does not exist.", path))
    | :? UnauthorizedAccessException when Directory.Exists path ->
        raise (FileNotFoundException($"'{path}' is a folder. Name a file.", path))
    | :? UnauthorizedAccessException as error -> raise (IOException($"The file '{path}' cannot be read: permission is denied.", error))
    | :? IOException as error -> raise (IOException($"The file '{path}' cannot be read: {error.Message}", error))

/// <summary>Reads the whole text of a file; see <c>openRead</c>.</summary>
let readText (path: string) : string =
    use reader = new StreamReader(openRead path)
    reader.ReadToEnd()

/// <summary>Lists the names of the files in a folder, in ordinal order.</summary>
/// <exception cref="T:System.IO.DirectoryNotFoundException">The folder does not exist, or it is a file.</exception>
/// <exception cref="T:System.IO.IOException">The folder cannot be read. The message names it.</exception>
let namesIn (folder: string) : string list =
    try
        [ for path in Directory.EnumerateFiles folder -> string (Path.GetFileName path) ]
        |> List.sortWith (fun first second -> String.CompareOrdinal(first, second))
    with
    | :? DirectoryNotFoundException when not (File.Exists folder) ->
        raise (DirectoryNotFoundException $"The folder '{folder}' does not exist.")
    | :? UnauthorizedAccessException as error -> raise (IOException($"The folder '{folder}' cannot be read: permission is denied.", error))
    | :? IOException when File.Exists folder -> raise (DirectoryNotFoundException $"'{folder}' is a file. Name a folder.")
    | :? IOException as error -> raise (IOException($"The folder '{folder}' cannot be read: {error.Message}", error))
