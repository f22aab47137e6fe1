/// Kernels touch nothing beyond their spans, at any width of registers.
module CuteDl.Core.Tests.GuardedMemoryTests

open System
open Expecto
open CuteDl.Testing

let private under (name: string) (settings: (string * string) list) =
    let body () =
        let code, output = Process.run GuardedMemory.argument settings
        Expect.equal (code, Array.last (output.TrimEnd().Split '\n')) (0, "done") $"exit code, and the last line of:\n{output}"

    if OperatingSystem.IsLinux() then
        longTest "runs thousands of shapes in a process of its own" name body
    else
        ptestCase name body

let tests =
    testList
        "guarded memory"
        [ under "with the widest registers" []
          under "with 256 bits" [ "DOTNET_EnableAVX512", "0" ]
          under "with 128 bits" [ "DOTNET_PreferredVectorBitWidth", "128" ]
          under "without vectors" [ "DOTNET_EnableHWIntrinsic", "0" ] ]
