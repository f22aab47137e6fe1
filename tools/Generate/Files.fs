/// The generated files of the repository.
module CuteDl.Generate.Files

open System
open System.IO
open System.Reflection

let private root =
    Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>()
    |> Seq.find (fun attribute -> attribute.Key = "RepositoryRoot")
    |> fun attribute -> nonNull attribute.Value

/// The paths below the repository's root, each with the content that the file must have.
let all () : (string * string) list =
    [ "src/CSharpApi/Optimizers/Generated/Optimizers.cs", Makers.file ()
      "src/CSharpApi/Optimizers/Generated/Options.cs", OptionsRecords.file ()
      "src/CSharpApi/Optimizers/Generated/ChainMethods.cs", ChainMethods.file ()
      "src/CSharpApi/Training/Generated/LayerMethods.cs", LayerMethods.file ()
      "docs/optimizers.md", OptimizerPage.file ()
      "docs/layers.md", LayerPage.file ()
      "docs/study.schema.json", CuteDl.Studies.StudyJson.schema
      "docs/study-file.md", StudyFilePage.file () ]

let private pathOf (path: string) = Path.Combine(root, path.Replace('/', Path.DirectorySeparatorChar))

/// The paths of files that are missing or have other content.
let stale () : string list =
    [ for path, content in all () do
          let full = pathOf path

          if
              not (File.Exists full)
              || not (String.Equals(File.ReadAllText full, content, StringComparison.Ordinal))
          then
              path ]

/// Writes the stale files. Returns their paths.
let write () : string list =
    let contents = Map(all ())

    [ for path in stale () do
          let full = pathOf path
          Directory.CreateDirectory(nonNull (Path.GetDirectoryName full)) |> ignore
          File.WriteAllText(full, contents[path])
          path ]
