/// The tests' own kit: its tiers, and what a failing property says.
module CuteDl.Core.Tests.TestingTests

open System
open Expecto
open FsCheck.FSharp
open CuteDl.Testing

let private coverage (variables: (string * string) list) =
    Tier.read (fun variable -> variables |> List.tryFind (fst >> (=) variable) |> Option.map snd |> Option.defaultValue "")

let private refused (variable: string) (value: string) =
    Expect.throwsC (fun () -> coverage [ variable, value ] |> ignore) (fun error ->
        Expect.stringStarts error.Message $"The environment variable {variable} is '{value}'. It must be " value)

let private run (test: Test) : Exception =
    match Test.toTestCodeList test with
    | [ { test = Sync body } ] ->
        try
            body ()
            failtest "passed"
        with error ->
            error
    | _ -> failtest "one test"

let tests =
    testList
        "testing"
        [ testCase "the quick tier is the usual one, the same in every run" (fun () ->
              Expect.equal (coverage []) { Tier = Tier.Quick; Cases = 100; Seed = 1UL; Case = None } "nothing set"
              Expect.equal (coverage [ Tier.Variable, "long" ]) { coverage [] with Tier = Tier.Long; Cases = 10_000 } "long")
          testCase "cases, seed and case replace the tier's" (fun () ->
              let given =
                  [ Tier.CasesVariable, "500"
                    Tier.SeedVariable, "7"
                    Tier.CaseVariable, "18446744073709551615,3,20" ]

              let case: Tier.Case = { Seed = UInt64.MaxValue; Gamma = 3UL; Size = 20 }
              Expect.equal (coverage given) { Tier = Tier.Quick; Cases = 500; Seed = 7UL; Case = Some case } "read"
              Expect.equal (string case) "18446744073709551615,3,20" "printed")
          testCase "other values are refused with what is allowed" (fun () ->
              refused Tier.Variable "Long"
              refused Tier.CasesVariable "0"
              refused Tier.CasesVariable "1e3"
              refused Tier.SeedVariable "-1"
              refused Tier.CaseVariable "1,2")
          testCase "a share is at least one case" (fun () ->
              let share = Share.OneIn(12, "Each case trains.")
              Expect.equal (List.map share.Of [ 1; 100; 10_000 ]) [ 1; 8; 833 ] "one in twelve"
              Expect.equal (Share.Whole.Of 100) 100 "the whole"
              Expect.throwsT<ArgumentException> (fun () -> Share.OneIn(1, "") |> ignore) "no smaller share")
          testCase "a failing property's message names the case, the reason and the commands that repeat it" (fun () ->
              let share = Share.OneIn(2, "Each case trains.")
              let check value = Expect.isLessThan value 0 "below 0"
              let message = (run (propertyWith share "below 0" (Gen.choose (0, 1000)) check)).Message
              Expect.isMatch message @"^Case 1 of \d+ \(one in 2: Each case trains\.\) fails; after 0 shrinks:\n\d+\n" "case"
              Expect.stringContains message "below 0" "reason"

              Expect.isMatch
                  message
                  @"CUTEDL_TEST_CASE=\d+,\d+,\d+ dotnet run -c Release --project tests/Core\.Tests -- --run '.*property'\\''s message .*'\n"
                  "one case"

              Expect.isMatch message @"CUTEDL_TEST_SEED=\d+ CUTEDL_TEST_CASES=\d+ dotnet run " "all cases") ]
