module CuteDl.Repository.Tests.Program

open Expecto
open CuteDl.Testing

let private tests = testList "repository" [ MessagesTests.tests ]

[<EntryPoint>]
let main args = Runner.main tests args
