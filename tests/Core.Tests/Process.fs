/// The test program in a process of its own, under settings of the runtime.
module CuteDl.Core.Tests.Process

open System
open System.Diagnostics
open System.IO
open Expecto

/// Runs the test program with one argument. Returns its exit code and what it printed.
let run (argument: string) (settings: (string * string) list) : int * string =
    let program = Path.Combine(AppContext.BaseDirectory, "Core.Tests.dll")
    let start = ProcessStartInfo("dotnet", [ program; argument ], RedirectStandardOutput = true)

    for name, value in settings do
        start.Environment[name] <- value

    match Process.Start start with
    | null -> failtest "the program could not be started"
    | started ->
        use running = started
        let output = running.StandardOutput.ReadToEnd()
        running.WaitForExit()
        running.ExitCode, output
