/// Trials and their names.
module CuteDl.Studies.Tests.TrialTests

open Expecto
open CuteDl.Studies

let tests =
    testList
        "trial"
        [ testCase "is named by what it is" (fun () ->
              let trial =
                  { Phase = Phase.Confirmation
                    Task = "mnist"
                    Contender = "adam"
                    Setting = 0
                    Seed = 7
                    Optimizer = "adam()"
                    Values = [||] }

              Expect.equal trial.Id "confirmation/mnist/adam/0/7" "id") ]
