/// The runtime compiles hot loops with all optimizations before their first call.
module CuteDl.Core.Tests.KernelTests

open System.Reflection
open Expecto
open CuteDl.Core.Tests.MachineCode

let tests =
    testList
        "kernels"
        [ test "the build has set the flag of every kernel" {
              let isMarked (m: MethodInfo) =
                  m.GetMethodImplementationFlags().HasFlag MethodImplAttributes.AggressiveOptimization

              let missing =
                  [ for m in kernels do
                        if not (isMarked m) then
                            $"{(nonNull m.DeclaringType).Name}.{m.Name}" ]

              Expect.isEmpty missing "kernels without the flag"
          }

          // Without a kernel the test above would say nothing.
          test "the loops of products and of updates are kernels" {
              let types = kernels |> List.map (fun m -> (nonNull m.DeclaringType).Name) |> List.distinct
              Expect.containsAll types [ "Tiles"; "SparseProduct"; "UpdateLoop`1" ] "types with kernels"
          } ]
