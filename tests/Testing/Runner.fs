/// The entry point of every test program.
[<RequireQualifiedAccess>]
module CuteDl.Testing.Runner

open Expecto

/// The exit code of the platform if no test ran.
[<Literal>]
let private NoTestRan = 8

/// True if `dotnet test` or a test explorer started the program. Users do not type these options.
let private isForPlatform (args: string array) =
    args |> Array.exists (fun argument -> argument = "--server" || argument = "--internal-msbuild-node")

let private runOnCommandLine (test: Test) args =
    let mutable ran = ValueNone

    let count (summary: Impl.TestRunSummary) = ran <- ValueSome(summary.results.Length - summary.ignored.Length)

    let exitCode = runTestsWithCLIArgs [ Append_Summary_Handler(SummaryHandler count) ] args test

    match ran with
    | ValueSome 0 when exitCode = 0 ->
        eprintfn "No test ran."
        NoTestRan
    | _ -> exitCode

/// <summary>Runs the tests. Returns the exit code of the program: 0 if at least one test ran and none failed.</summary>
/// <param name="test">All tests of the program. Their full names must be unique.</param>
/// <param name="args">The program's arguments: Expecto's (see <c>--help</c>), or the platform's under <c>dotnet test</c>.</param>
[<CompiledName("Main")>]
let main (test: Test) (args: string array) =
    match Selection.problem (Test.toTestCodeList test) with
    | Some problem ->
        eprintfn "%s" problem
        1
    | None when isForPlatform args -> (TestingPlatform.run (CurrentTest.named test) args).GetAwaiter().GetResult()
    | None -> runOnCommandLine (CurrentTest.named test) args
