/// The table of folders in CONTRIBUTING.md, compared with the references of the projects.
module CuteDl.Repository.Tests.ArchitectureTests

open System
open System.IO
open System.Text.RegularExpressions
open System.Xml.Linq
open Expecto

/// A row of the table: a folder and the names that its project may reference.
let private table =
    [ for line in (Repository.read "CONTRIBUTING.md").Split '\n' do
          let row = Regex.Match(line, @"^\| `((?:src/\w+)|(?:tools/\w+)|bench)` \|.*\| ([^|]+) \|$")

          if row.Success then
              let names = row.Groups[2].Value

              row.Groups[1].Value,
              (if names = "nothing" then
                   []
               else
                   names.Split(", ", StringSplitOptions.RemoveEmptyEntries) |> Array.toList) ]

let private projects = Repository.files "." [ "proj" ] |> List.map (fun path -> path.Replace("./", ""))

let private folderOf (project: string) = (nonNull (Path.GetDirectoryName project)).Replace('\\', '/')

let private elements (project: string) (kind: string) =
    [ for element in XDocument.Parse(Repository.read project).Descendants(XName.Get kind) do
          match element.Attribute(XName.Get "Include") with
          | null -> ()
          | attribute -> attribute.Value ]

/// The references that a project declares: packages by name, projects by the name of their folder.
let private references (project: string) =
    [ if project.EndsWith(".fsproj", StringComparison.Ordinal) then
          "FSharp.Core"

      yield! elements project "PackageReference"

      for path in elements project "ProjectReference" do
          nonNull (Path.GetFileName(folderOf (path.Replace('\\', '/')))) ]

/// SkiaSharp stands for its native assets, too.
let private isCovered (names: string list) (reference: string) =
    names
    |> List.exists (fun name -> reference = name || reference.StartsWith($"{name}.", StringComparison.Ordinal))

let tests =
    testList
        "architecture"
        [ testCase "every F# file belongs to a project" (fun () ->
              let compiled =
                  [ for project in projects do
                        for path in elements project "Compile" do
                            Path
                                .GetRelativePath(Repository.root, Path.GetFullPath(path, Path.Combine(Repository.root, folderOf project)))
                                .Replace('\\', '/') ]

              let written =
                  [ "src"; "tests"; "tools"; "bench" ]
                  |> List.collect (fun folder -> Repository.files folder [ ".fs" ])

              Expect.equal (List.except compiled written) [] "files that no project compiles")

          testCase "every folder of src and tools, and bench, is in the table" (fun () ->
              let folders =
                  projects
                  |> List.map folderOf
                  |> List.filter (fun folder ->
                      folder.StartsWith("src/", StringComparison.Ordinal)
                      || folder.StartsWith("tools/", StringComparison.Ordinal)
                      || folder = "bench")

              Expect.equal (List.sort (List.map fst table)) (List.sort folders) "the folders")

          for folder, names in table do
              testCase $"{folder} references what the table allows" (fun () ->
                  let project = projects |> List.find (fun project -> folderOf project = folder)
                  let found = references project |> List.filter (fun name -> name <> "FSharp.Core")

                  Expect.equal (found |> List.filter (isCovered names >> not)) [] "references that the table does not name"

                  let unused =
                      names
                      |> List.filter (fun name -> name <> "FSharp.Core" && not (found |> List.exists (isCovered [ name ])))

                  Expect.equal unused [] "names in the table that the project does not reference")

          testCase "of src and bench, only the tool references the laws" (fun () ->
              let users =
                  table
                  |> List.map fst
                  |> List.filter (fun folder ->
                      projects
                      |> List.exists (fun project -> folderOf project = folder && List.contains "Laws" (references project)))

              Expect.equal users [ "src/Cli" ] "users") ]
