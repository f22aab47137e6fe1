/// Newer schedules: the rate before each of 60 steps, from the code of their authors or from their formulas.
module CuteDl.Core.Tests.AuthorsScheduleTests

open Expecto
open CuteDl.Core.Optimizers

/// The same schedules in our text form; the base rate is 0.1.
let private schedules: (string * string) list =
    [ "wsd(warmup=10,stable=30,decay=20)", "wsd(0.1, warmup=10, stable=30, decay=20)"
      // A warm-up counted from t + 1 starts at a tenth, and is one step shorter.
      "wsd(warmup=10 from t+1,stable=30,decay=20,min=0.1)", "wsd(0.1, warmup=9, stable=31, decay=20, end=0.01, start=0.01)"
      "linear_to_zero(T=60)", "linear_to_zero(0.1, steps=60)"
      "linear_to_zero(T=60,warmup=6)", "linear_to_zero(0.1, steps=60, warmup=6)"
      "inverse_sqrt(warmup=10)", "inverse_sqrt(0.1, warmup=10)"
      "inverse_sqrt(warmup=10,timescale=25)", "inverse_sqrt(0.1, warmup=10, timescale=25)"
      "noam(d=64,warmup=10)", "noam(0.1, model_size=64, warmup=10)"
      "rex(T=60,min=0)", "rex(0.1, steps=60)" ]

let tests =
    testList
        "schedules of authors"
        [ for name, text in schedules do
              testCase $"{name} agrees to 1e-10 at every step" (fun () ->
                  let schedule = Schedule.parse text
                  let expected = Reference.authors.Value.Schedules[name]
                  Expect.equal expected.Length 60 "steps"

                  expected
                  |> Array.iteri (fun t rate -> Close.relative 1e-10 (Schedule.at schedule (int64 t)) rate $"step {t}"))
          testCase "all of them are compared" (fun () ->
              Expect.equal (schedules |> List.map fst |> set) (set Reference.authors.Value.Schedules.Keys) "names") ]
