module CuteDl.Repository.Tests.Program

open Expecto
open CuteDl.Testing

let private tests =
    testList
        "repository"
        [ MessagesTests.tests
          ArchitectureTests.tests
          ApiTests.tests
          GeneratedTests.tests
          GuideTests.tests ]

[<EntryPoint>]
let main args = Runner.main tests args
