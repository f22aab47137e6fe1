/// The same seed gives the same bits: from run to run, for any number of threads, and for any width of vectors.
module CuteDl.Core.Tests.DeterminismTests

open System
open Expecto

let private here = lazy (Fingerprint.compute 1 1)

/// The fingerprint that this program computes under a setting of the runtime.
let private under (setting: string * string) =
    let code, output = Process.run Fingerprint.argument [ setting ]
    Expect.equal code 0 output
    UInt64.Parse output

let tests =
    testList
        "the same bits"
        [ testCase "from run to run, and for one training at a time and two" (fun () ->
              Expect.equal (Fingerprint.compute 2 1) here.Value "two trainings"
              Expect.equal (Fingerprint.compute 1 1) here.Value "once more")
          for threads in [ 2; 3 ] do
              testCase $"for one thread and {threads} inside a training" (fun () ->
                  Expect.equal (Fingerprint.compute 1 threads) here.Value $"{threads} threads")
          for setting in
              [ "DOTNET_EnableAVX512", "0"
                "DOTNET_EnableAVX2", "0"
                "DOTNET_EnableHWIntrinsic", "0"
                "DOTNET_TieredCompilation", "0" ] do
              testCase $"with {fst setting}={snd setting}" (fun () -> Expect.equal (under setting) here.Value "fingerprint") ]
