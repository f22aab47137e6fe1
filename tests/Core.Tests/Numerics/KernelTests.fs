/// The runtime compiles hot loops with all optimizations before their first call.
module CuteDl.Core.Tests.KernelTests

open System
open System.Reflection
open Expecto
open CuteDl.Core.Networks
open CuteDl.Core.Tests.MachineCode

/// The types whose methods call instructions of x86 processors by name.
let private typesWithX86 () =
    let call, virtualCall = 0x28uy, 0x6Fuy

    [ for t in typeof<Dense>.Assembly.GetTypes() do
          for m in t.GetMethods everything do
              match m.GetMethodBody() with
              | null -> ()
              | body ->
                  let code = nonNull (body.GetILAsByteArray())

                  // Every byte that could be a call, with the four bytes after it as the method. Other bytes name no method.
                  for i in 0 .. code.Length - 5 do
                      if code[i] = call || code[i] = virtualCall then
                          let token = BitConverter.ToInt32(code, i + 1)
                          let ofMethod = if m.IsGenericMethod then m.GetGenericArguments() else [||]

                          let space =
                              try
                                  match m.Module.ResolveMethod(token, t.GetGenericArguments(), ofMethod) with
                                  | null -> null
                                  | called -> (nonNull called.DeclaringType).Namespace
                              with
                              | :? ArgumentException
                              | :? BadImageFormatException -> null

                          if space = "System.Runtime.Intrinsics.X86" then
                              t.Name ]
    |> List.distinct
    |> List.sort

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
          }

          // Registers of 128 bits are those of other processors, too. A prefetch asks first whether the processor has it.
          test "only registers of 256 and 512 bits, and a prefetch, call instructions of x86 processors" {
              Expect.equal (typesWithX86 ()) [ "Register256`1"; "Register512`1"; "SparseRows" ] "types"
          } ]
