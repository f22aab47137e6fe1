/// Files that tools/Generate writes.
module CuteDl.Repository.Tests.GeneratedTests

open Expecto
open CuteDl.Generate

let tests =
    testCase "generated files are up to date" (fun () ->
        Expect.equal (Files.stale ()) [] "Run `dotnet run --project tools/Generate`, and commit the files.")
