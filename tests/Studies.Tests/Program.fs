module CuteDl.Studies.Tests.Program

open Expecto
open CuteDl.Testing

let private tests =
    testList
        "studies"
        [ TrialTests.tests
          JournalTests.tests
          SchedulerTests.tests
          SampleTests.tests
          ComparisonTests.tests ]

[<EntryPoint>]
let main args = Runner.main tests args
