module CuteDl.Laws.Tests.Program

open Expecto
open CuteDl.Testing

let private tests =
    testList "laws" [ KnownTests.tests; MutationTests.tests; ClaimTests.tests; ReportTests.tests ]

[<EntryPoint>]
let main args = Runner.main tests args
