module CuteDl.Core.Tests.Program

open Expecto
open CuteDl.Testing

let private tests =
    testList "core" [ testProperty "the order of two addends does not matter" (fun (a: int) b -> a + b = b + a) ]

[<EntryPoint>]
let main args = Runner.main tests args
