module CuteDl.Generate.Program

[<EntryPoint>]
let main _ =
    match Files.write () with
    | [] -> printfn "All generated files are up to date."
    | written ->
        for path in written do
            printfn $"Written: {path}"

    0
