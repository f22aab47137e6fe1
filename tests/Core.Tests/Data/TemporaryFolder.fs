/// A folder for one test's files.
module CuteDl.Core.Tests.TemporaryFolder

open System.IO
open Expecto

/// A test in an empty folder, which is removed afterwards.
let testInFolder (name: string) (check: string -> unit) : Test =
    testCase name (fun () ->
        let folder = Directory.CreateTempSubdirectory "cutedl-"

        try
            check folder.FullName
        finally
            folder.Delete true)

let filesIn (folder: string) : string list =
    [ for path in Directory.EnumerateFileSystemEntries folder -> string (Path.GetFileName path) ]
    |> List.sort
