/// What both ways of running share: the name of a test, and the rules a set of tests must keep.
module internal CuteDl.Testing.Selection

open Expecto

/// The name that results, filters and messages use; unique within a program.
let fullName (test: FlatTest) = test.fullName "."

let private sample names =
    let shown = names |> List.truncate 5 |> List.map (sprintf "'%s'") |> String.concat ", "
    if List.length names > 5 then $"{shown} and {List.length names - 5} more" else shown

/// Why the tests cannot be run as they are, if so.
let problem (tests: FlatTest list) =
    let names = tests |> List.map fullName
    let duplicates = names |> List.countBy id |> List.filter (fun (_, count) -> count > 1) |> List.map fst

    if List.isEmpty tests then
        Some "The program has no tests."
    elif names |> List.exists ((=) "") then
        Some "A test has no name."
    elif not (List.isEmpty duplicates) then
        Some $"Test names must be unique; given more than once: {sample duplicates}."
    else
        None
