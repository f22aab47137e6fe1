/// The same seed gives the same bits: from run to run, for any number of threads, and for any width of vectors.
module CuteDl.Core.Tests.DeterminismTests

open System
open System.Diagnostics
open System.IO
open Expecto

let private here = lazy (Fingerprint.compute 1)

/// The fingerprint that this program computes under a setting of the runtime.
let private under (setting: string * string) =
    let program = Path.Combine(AppContext.BaseDirectory, "Core.Tests.dll")
    let start = ProcessStartInfo("dotnet", [ program; Fingerprint.argument ], RedirectStandardOutput = true)
    start.Environment[fst setting] <- snd setting

    match Process.Start start with
    | null -> failtest "the program could not be started"
    | started ->
        use running = started
        let output = running.StandardOutput.ReadToEnd()
        running.WaitForExit()
        Expect.equal running.ExitCode 0 output
        UInt64.Parse output

let tests =
    testList
        "the same bits"
        [ testCase "from run to run, and for one thread and two" (fun () ->
              Expect.equal (Fingerprint.compute 2) here.Value "two threads"
              Expect.equal (Fingerprint.compute 1) here.Value "once more")
          for setting in
              [ "DOTNET_EnableAVX512", "0"
                "DOTNET_EnableAVX2", "0"
                "DOTNET_EnableHWIntrinsic", "0"
                "DOTNET_TieredCompilation", "0" ] do
              testCase $"with {fst setting}={snd setting}" (fun () -> Expect.equal (under setting) here.Value "fingerprint") ]
