/// The files of the repository, as the tests read them.
module CuteDl.Repository.Tests.Repository

open System
open System.IO
open System.Reflection

/// The repository's root folder, with a separator at its end; the build writes it into the assembly.
let root =
    Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>()
    |> Seq.find (fun attribute -> attribute.Key = "RepositoryRoot")
    |> fun attribute -> nonNull attribute.Value

let private built = [| "bin"; "obj"; "artifacts" |]

/// The files below a folder that are written by hand and have one of the endings, by relative path in ordinal order.
let files (folder: string) (endings: string list) : string list =
    Directory.EnumerateFiles(Path.Combine(root, folder), "*", SearchOption.AllDirectories)
    |> Seq.map (fun path -> Path.GetRelativePath(root, path).Replace('\\', '/'))
    |> Seq.filter (fun path -> List.exists (fun (ending: string) -> path.EndsWith(ending, StringComparison.Ordinal)) endings)
    |> Seq.filter (fun path -> not (path.Split '/' |> Array.exists (fun part -> Array.contains part built)))
    |> Seq.sortWith (fun a b -> String.CompareOrdinal(a, b))
    |> Seq.toList

let read (path: string) = File.ReadAllText(Path.Combine(root, path))
