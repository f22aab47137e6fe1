/// What the compiler makes of the hot loops. It does not vary with the load of a machine, unlike times.
module CuteDl.Core.Tests.MachineCodeTests

open System.Runtime.Intrinsics.X86
open Expecto
open CuteDl.Core.Tests.MachineCode

/// The most instructions that an inner loop of a kernel may have: what the compiler made of it when it was last measured. A tile of six rows
/// by two registers needs 20: two loads and six broadcasts for twelve multiply-adds. A tile that also copies needs two stores more. A group of
/// the sparse products has eight multiply-adds.
let private most =
    [ "Reading", 24
      "Copying", 29
      "Tiles:tall", 24
      "forwardGroups", 36
      "gradientGroups", 38
      "AdamUpdate", 33 ]

let private with256 = lazy (compile [ "DOTNET_EnableAVX512", "0" ])

let private methods () = with256.Value |> List.filter (fun method -> method.Name.Contains "Register256")

/// True if a kernel computes rather than copies: its loops count.
let private computes (method: Method) =
    method.Name.Contains "UpdateLoop" || method.Loops |> List.exists (fun loop -> loop.MultiplyAdds > 0)

let private describe (method: Method) = method.Name.Split('(')[0]

// The text of the compiler is that of this family of processors.
let private onX64 name body = if Avx2.IsSupported then testCase name body else ptestCase name body

let tests =
    testList
        "machine code with 256 bits"
        [ onX64 "inner loops have no more instructions than when they were measured" (fun () ->
              for part, instructions in most do
                  let found = methods () |> List.filter _.Name.Contains(part)
                  Expect.isNonEmpty found part

                  for method in found do
                      Expect.isNonEmpty method.Loops $"loops of {describe method}"

                      for loop in method.Loops do
                          Expect.isLessThanOrEqual loop.Instructions instructions $"{describe method}: instructions")

          onX64 "kernels that compute keep all vectors in registers, call nothing in a loop, and check no bounds" (fun () ->
              for method in methods () |> List.filter computes do
                  Expect.isFalse method.HasBoundsChecks $"{describe method}: bounds checks"

                  for loop in method.Loops do
                      Expect.equal (loop.VectorsOnStack, loop.Calls) (0, 0) $"{describe method}: vectors on the stack, and calls") ]
