/// Names and checks that both runners share.
module internal CuteDl.Testing.Selection

open Expecto

/// Returns the name for results, filters and messages. It is unique within a program.
let fullName (test: FlatTest) = test.fullName "."

let private sample names =
    let shown = names |> List.truncate 5 |> List.map (sprintf "'%s'") |> String.concat ", "
    if List.length names > 5 then $"{shown} and {List.length names - 5} more" else shown

/// Returns the reason why the tests cannot run, if any.
let problem (tests: FlatTest list) =
    let names = tests |> List.map fullName
    let duplicates = names |> List.countBy id |> List.filter (fun (_, count) -> count > 1) |> List.map fst

    if List.isEmpty tests then
        Some "The program has no tests."
    elif names |> List.exists ((=) "") then
        Some "A test has no name."
    elif not (List.isEmpty duplicates) then
        Some $"Test names must be unique. These are given more than once: {sample duplicates}."
    else
        None
