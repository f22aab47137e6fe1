module CuteDl.TorchSharp.Tests.Program

open Expecto
open CuteDl.Testing

let private tests =
    testList "torchsharp" [ StepTests.tests; FrozenTests.tests; CheckpointTests.tests; SettingTests.tests ]

[<EntryPoint>]
let main args = Runner.main tests args
