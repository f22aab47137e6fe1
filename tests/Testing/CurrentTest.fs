/// Tells a running test its full name, because Expecto does not.
module internal CuteDl.Testing.CurrentTest

open System.Threading
open Expecto

let private current = AsyncLocal<string list | null>()

/// Returns the parts of the running test's name, outermost first.
let name () : string list =
    match current.Value with
    | null -> []
    | parts -> parts

let private withName (parts: string list) (code: TestCode) : TestCode =
    match code with
    | Sync run ->
        Sync(fun () ->
            current.Value <- parts
            run ())
    | SyncWithCancel run ->
        SyncWithCancel(fun token ->
            current.Value <- parts
            run token)
    | Async run ->
        Async(
            async {
                current.Value <- parts
                do! run
            }
        )
    | AsyncFsCheck(testConfig, stressConfig, run) ->
        AsyncFsCheck(
            testConfig,
            stressConfig,
            fun config ->
                async {
                    current.Value <- parts
                    do! run config
                }
        )

/// Returns tests that know their names while they run.
let named (test: Test) : Test =
    let rec visit outer test =
        match test with
        | TestCase(code, state) -> TestCase(withName (List.rev outer) code, state)
        | TestList(tests, state) -> TestList(tests |> List.map (visit outer), state)
        | TestLabel(label, test, state) -> TestLabel(label, visit (label :: outer) test, state)
        | Test.Sequenced(method, test) -> Test.Sequenced(method, visit outer test)

    visit [] test
