/// The text form of schedules, both ways, and the table that it follows from.
module CuteDl.Core.Tests.ScheduleTextTests

open System
open Expecto
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

let private roundTrip =
    testList
        "parse (print schedule) = schedule"
        [ for name, schedules in ScheduleSamples.byKind do
              property name schedules (fun schedule ->
                  let again = Schedule.parse (string schedule)
                  Expect.equal again schedule "by value"
                  Expect.equal (string again) (string schedule) "by text"
                  Expect.equal (Schedule.validated schedule) schedule "valid") ]

let private prints (text: string) (canonical: string) (schedule: Schedule) =
    testCase $"'{text}' prints as '{canonical}'" (fun () ->
        let parsed = Schedule.parse text
        Expect.equal parsed schedule "the value"
        Expect.equal (string parsed) canonical "the text form")

let private canonical =
    let cosine = Schedule.Cosine(0.1, Steps 50L, 0.0)

    testList
        "canonical form"
        [ prints "0.1" "0.1" (Schedule.Constant 0.1)
          prints "constant(.1)" "0.1" (Schedule.Constant 0.1)
          prints "step(0.1,every=10,factor=0.5)" "step(0.1, every=10, factor=0.5)" (Schedule.Step(0.1, Steps 10L, 0.5))
          prints "step(0.1, factor=0.5, every=10)" "step(0.1, every=10, factor=0.5)" (Schedule.Step(0.1, Steps 10L, 0.5))
          prints
              "multi_step(1, 5, 20, factor=0.1)"
              "multi_step(1, 5, 20, factor=0.1)"
              (Schedule.MultiStep(1.0, [ Steps 5L; Steps 20L ], 0.1))
          prints "multi_step(1, factor=0.1)" "multi_step(1, factor=0.1)" (Schedule.MultiStep(1.0, [], 0.1))
          prints "exponential(1, factor=0.9, every=1)" "exponential(1, factor=0.9)" (Schedule.Exponential(1.0, 0.9, Steps 1L))
          prints "exponential(1, factor=2, every=3)" "exponential(1, factor=2, every=3)" (Schedule.Exponential(1.0, 2.0, Steps 3L))
          prints "inverse_time(1, rate=1, power=0.5)" "inverse_time(1, rate=1, power=0.5)" (Schedule.InverseTime(1.0, 1.0, 0.5))
          prints "linear(0.2, steps=15, end=1)" "linear(0.2, steps=15, end=1)" (Schedule.Linear(0.2, Steps 15L, 1.0))
          prints "polynomial(1, steps=4, power=2)" "polynomial(1, steps=4, power=2)" (Schedule.Polynomial(1.0, Steps 4L, 0.0, 2.0))
          prints "cosine(0.1, steps=50, end=0)" "cosine(0.1, steps=50)" cosine
          prints
              "warm_restarts(1, steps=7, growth=2, end=0.1)"
              "warm_restarts(1, steps=7, end=0.1, growth=2)"
              (Schedule.WarmRestarts(1.0, Steps 7L, 0.1, 2L, 1.0))
          prints "cosine(0.1, steps=100%)" "cosine(0.1)" (Schedule.Cosine(0.1, Percent 100.0, 0.0))
          prints "cosine(0.1, steps = 12.50 %)" "cosine(0.1, steps=12.5%)" (Schedule.Cosine(0.1, Percent 12.5, 0.0))
          prints "linear_to_zero(1, warmup=0)" "linear_to_zero(1)" (Schedule.LinearToZero(1.0, Percent 100.0, Steps 0L))
          prints "linear_to_zero(1, warmup=0%)" "linear_to_zero(1, warmup=0%)" (Schedule.LinearToZero(1.0, Percent 100.0, Percent 0.0))
          prints
              "cyclic(0, max=1, up=5%)"
              "cyclic(0, max=1, up=5%)"
              (Schedule.Cyclic(0.0, 1.0, Percent 5.0, Percent 5.0, CyclicMode.Triangular))
          prints
              "join(1, 100, 2, 50%, cosine(1))"
              "join(1, 100, 2, 50%, cosine(1))"
              (Schedule.Join(
                  Schedule.Constant 1.0,
                  [ Steps 100L, Schedule.Constant 2.0; Percent 50.0, Schedule.Cosine(1.0, Percent 100.0, 0.0) ]
              ))
          prints
              "one_cycle(0.01, steps=2000)"
              "one_cycle(0.01, steps=2000)"
              (Schedule.OneCycle(0.01, Steps 2000L, 0.3, 25.0, 1e4, Anneal.Cosine))
          prints
              "one_cycle(1, steps=9, anneal=linear(), pct_start=0.5)"
              "one_cycle(1, steps=9, pct_start=0.5, anneal=linear)"
              (Schedule.OneCycle(1.0, Steps 9L, 0.5, 25.0, 1e4, Anneal.Linear))
          prints
              "cyclic(0, max=1, up=8, down=8)"
              "cyclic(0, max=1, up=8)"
              (Schedule.Cyclic(0.0, 1.0, Steps 8L, Steps 8L, CyclicMode.Triangular))
          prints
              "cyclic(0, max=1, up=8, down=2, mode=triangular2, gamma=1)"
              "cyclic(0, max=1, up=8, down=2, mode=triangular2)"
              (Schedule.Cyclic(0.0, 1.0, Steps 8L, Steps 2L, CyclicMode.Triangular2))
          prints
              "cyclic(0, max=1, up=8, mode=exp_range, gamma=0.99)"
              "cyclic(0, max=1, up=8, mode=exp_range, gamma=0.99)"
              (Schedule.Cyclic(0.0, 1.0, Steps 8L, Steps 8L, CyclicMode.ExponentialRange 0.99))
          prints "noam(1, model_size=512, warmup=4000)" "noam(1, model_size=512, warmup=4000)" (Schedule.Noam(1.0, 512L, Steps 4000L))
          prints
              "piecewise(1, 5, 0.5, 9, 0.1)"
              "piecewise(1, 5, 0.5, 9, 0.1)"
              (Schedule.Piecewise(1.0, [ Steps 5L, 0.5; Steps 9L, 0.1 ], Interpolation.Constant))
          prints
              "piecewise(0, 5, 1, interpolation=linear)"
              "piecewise(0, 5, 1, interpolation=linear)"
              (Schedule.Piecewise(0.0, [ Steps 5L, 1.0 ], Interpolation.Anneal Anneal.Linear))
          prints "warmup(100, cosine(0.1, steps=50))" "warmup(100, cosine(0.1, steps=50))" (Schedule.Warmup(Steps 100L, cosine, 0.0))
          prints "warmup(9, 0.1, start=0.01)" "warmup(9, 0.1, start=0.01)" (Schedule.Warmup(Steps 9L, Schedule.Constant 0.1, 0.01))
          prints
              "join(0.1, 100, cosine(0.1, steps=50), 150, 0.001)"
              "join(0.1, 100, cosine(0.1, steps=50), 150, 0.001)"
              (Schedule.Join(Schedule.Constant 0.1, [ Steps 100L, cosine; Steps 150L, Schedule.Constant 0.001 ]))
          prints
              "product(0.1, warmup(9, 1))"
              "product(0.1, warmup(9, 1))"
              (Schedule.Product(Schedule.Constant 0.1, [ Schedule.Warmup(Steps 9L, Schedule.Constant 1.0, 0.0) ]))
          prints
              "step(1, every=1e15, factor=1)"
              "step(1, every=1000000000000000, factor=1)"
              (Schedule.Step(1.0, Steps 1_000_000_000_000_000L, 1.0)) ]

/// The place counted from 0, and what the message must say.
let private refused (text: string) (position: int) (parts: string list) =
    testCase $"'{text}' is refused at character {position + 1}" (fun () ->
        try
            failtest $"it was read as {Schedule.parse text}"
        with :? ExpressionException as error ->
            Expect.equal error.Position position error.Message
            Expect.equal error.Text text "the text given"

            for part in parts do
                Expect.stringContains error.Problem part "what is wrong, and what is allowed")

let private errors =
    testList
        "errors"
        [ refused "cosin(1, steps=2)" 0 [ "No schedule is named 'cosin'. Did you mean cosine?" ]
          refused "warmup(5, onecycle(1, steps=2))" 10 [ "'onecycle'"; "Did you mean one_cycle?" ]
          refused "fast" 0 [ "No schedule is named 'fast'" ]
          refused "-0.1" 0 [ "not -0.1"; "[0, ∞)" ]
          refused "inf" 0 [ "not inf"; "[0, ∞)" ]
          refused "NaN" 0 [ "No schedule is named 'NaN'" ]
          refused "true" 0 [ "true is not a schedule" ]
          refused "\"cosine\"" 0 [ "is not a schedule" ]
          refused "0.1 | 0.2" 0 [ "a chain is not a schedule" ]
          refused "{ \"*\": 0.1 }" 0 [ "groups is not a schedule" ]
          refused "cosine" 0 [ "value of cosine is missing"; "cosine(value, steps=100%, end=0)" ]
          refused "step(0.1, factor=2)" 0 [ "every of step is missing"; "step(value, every=..., factor=...)" ]
          refused "cosine(0.1, 50)" 12 [ "An argument's name is missing. Write "; "cosine(value, steps=100%, end=0)" ]
          refused "cosine(value=0.1, steps=50)" 0 [ "value of cosine is missing" ]
          refused "cosine(0.1, stops=50)" 12 [ "cosine has no argument 'stops'. Did you mean steps?" ]
          refused "cosine(-0.1, steps=50)" 7 [ "value of cosine must be in [0, ∞), not -0.1." ]
          refused
              "cosine(0.1, steps=0)"
              18
              [ "steps of cosine must be a whole number of at least 1, or a share of the run such as 10%, not 0." ]
          refused "cosine(0.1, steps=1.5)" 18 [ "not 1.5"; "whole number" ]
          refused "cosine(0.1, steps=inf)" 18 [ "not inf"; "whole number" ]
          refused "cosine(0.1, steps=9007199254740992)" 18 [ "whole number" ]
          refused "cosine(0.1, steps=many)" 18 [ "'many' is not a number"; "whole number" ]
          refused "cosine(linear(1, steps=2), steps=3)" 7 [ "'linear(...)' is not a number" ]
          refused "cosine(1, steps=2 | 3)" 16 [ "a chain is not a number" ]
          refused "step(1, every=2, factor=0)" 24 [ "not 0"; "(0, ∞)" ]
          refused "constant()" 0 [ "value of constant is missing"; "constant(value)" ]
          refused "constant(1, end=2)" 12 [ "constant has no argument 'end'. Write constant(value)." ]
          refused "multi_step(1, 5, 5, factor=0.1)" 17 [ "milestone = 5 follows milestone = 5" ]
          refused "multi_step(1, 5, 4, factor=0.1)" 17 [ "milestone = 4 follows milestone = 5"; "greater" ]
          refused "multi_step(1, 0, factor=0.1)" 14 [ "not 0"; "at least 1" ]
          refused "one_cycle(1, steps=9, pct_start=1.1)" 32 [ "not 1.1"; "[0, 1]" ]
          refused "one_cycle(1, steps=9, anneal=linea)" 29 [ "anneal of one_cycle cannot be 'linea'"; "Did you mean linear?" ]
          refused "one_cycle(1, steps=9, anneal=3)" 29 [ "anneal of one_cycle must be cosine or linear, not 3" ]
          refused "cyclic(0, max=1, up=8, gamma=0.9)" 29 [ "gamma is given, but mode is triangular." ]
          refused "cyclic(0, max=1, up=8, mode=exp_range, gamma=1.1)" 45 [ "not 1.1"; "(0, 1]" ]
          refused "linear_to_zero(1, steps=5, warmup=5)" 34 [ "is 5, but steps is 5" ]
          refused "inverse_sqrt(1, warmup=0)" 23 [ "not 0"; "at least 1" ]
          refused "piecewise(1, 5)" 0 [ "value of piecewise is missing"; "piecewise(value, step, value, ..., interpolation=constant)" ]
          refused "piecewise(1, 5, 1, 5, 2)" 19 [ "step = 5 follows step = 5" ]
          refused "warmup(100)" 0 [ "schedule of warmup is missing"; "warmup(steps, schedule, start=0)" ]
          refused "warmup(-1, 0.1)" 7 [ "not -1"; "at least 0" ]
          refused "warmup(9, step(0.1, factor=2))" 10 [ "every of step is missing" ]
          refused "warmup(9, -2)" 10 [ "not -2" ]
          refused "cosine(1, steps=0%)" 16 [ "steps of cosine must be in (0%, 100%], not 0%." ]
          refused "warmup(100.5%, 1)" 7 [ "steps of warmup must be in [0%, 100%], not 100.5%." ]
          refused "warmup(-1%, 1)" 7 [ "not -1%" ]
          refused "cosine(10%)" 7 [ "10% is not a number. value of cosine must be in [0, ∞)." ]
          refused "warm_restarts(1, steps=9, growth=50%)" 33 [ "50% is not a number. growth of warm_restarts must be a whole number" ]
          refused "10%" 0 [ "10% is not a schedule" ]
          refused "multi_step(1, 50%, 20%, factor=0.1)" 19 [ "milestone = 20% follows milestone = 50%" ]
          refused "linear_to_zero(1, warmup=100%)" 25 [ "The warmup of linear_to_zero is 100%, but steps is 100%." ]
          refused "join(1, 2)" 0 [ "schedule of join is missing"; "join(schedule, step, schedule, ...)" ]
          refused "join(1, 2, 3, 2, 3)" 14 [ "step = 2 follows step = 2" ]
          refused "join(1, cosine(1, steps=2), 3)" 8 [ "'cosine(...)' is not a number" ]
          refused "product()" 0 [ "schedule of product is missing"; "product(schedule, schedule, ...)" ]
          refused "product(1, fast)" 11 [ "No schedule is named 'fast'" ]
          refused "plateau(0.1)" 0 [ "plateau follows the validation loss" ]
          refused "warmup(9, plateau(0.1))" 10 [ "plateau follows the validation loss" ]
          refused "cosine(0.1, steps=5" 19 [ "Expected ')'" ] ]

let private invalid (schedule: Schedule) (parts: string list) =
    testCase $"{schedule} made in code is refused" (fun () ->
        try
            Schedule.validated schedule |> ignore
            failtest "nothing was thrown"
        with :? ArgumentOutOfRangeException as error ->
            for part in parts do
                Expect.stringContains error.Message part "what was given, and what is allowed"

            let names =
                [ for kind in Schedules.all do
                      for argument in kind.Arguments do
                          if argument.Form <> ArgumentForm.Schedule then
                              argument.Name ]

            Expect.contains names (string error.ParamName) "the argument")

let private validation =
    testList
        "validation"
        [ invalid (Schedule.Constant -1.0) [ "not -1"; "[0, ∞)" ]
          invalid (Schedule.Constant nan) [ "not NaN"; "[0, ∞)" ]
          invalid (Schedule.Linear(1.0, Steps 0L, 0.0)) [ "not 0"; "at least 1" ]
          invalid (Schedule.Linear(1.0, Steps(Int64.MaxValue), 0.0)) [ "whole number" ]
          invalid
              (Schedule.Join(Schedule.Constant 1.0, [ Steps 5L, Schedule.Constant 1.0; Steps 5L, Schedule.Constant 2.0 ]))
              [ "step = 5 follows step = 5" ]
          invalid (Schedule.Warmup(Steps 5L, Schedule.Cosine(1.0, Steps 5L, infinity), 0.0)) [ "end of cosine must be in [0, ∞), not inf" ]
          invalid (Schedule.Cyclic(0.0, 1.0, Steps 1L, Steps 1L, CyclicMode.ExponentialRange 2.0)) [ "not 2"; "(0, 1]" ] ]

/// A text with the required arguments only, from the table alone.
let private shortest (kind: ScheduleKind) =
    let sample (argument: ScheduleArgument) =
        match argument.Form with
        | ArgumentForm.Number _
        | ArgumentForm.Schedule -> "0.5"
        | ArgumentForm.Whole _
        | ArgumentForm.Steps _ -> "7"
        | ArgumentForm.Word words -> List.head words

    let arguments =
        [ for argument in kind.Arguments do
              match argument.Place, argument.Default with
              | ArgumentPlace.Named, ArgumentDefault.Required -> argument.Name + "=" + sample argument
              | ArgumentPlace.Named, _ -> ()
              | _ -> sample argument ]

    let list = String.concat ", " arguments
    $"{kind.Name}({list})"

let private table =
    testList
        "the table"
        [ testCase "there is a generator for each kind, in the table's order" (fun () ->
              Expect.equal [ for name, _ in ScheduleSamples.byKind -> name ] [ for kind in Schedules.all -> kind.Name ] "names")
          for kind in Schedules.all do
              testCase $"{kind.Name}: the required arguments are enough, and are all that is printed" (fun () ->
                  let text = if kind = Schedules.constant then "0.5" else shortest kind
                  Expect.equal (string (Schedule.parse (shortest kind))) text "the text form")
          testCase "plateau: the required arguments are enough" (fun () ->
              Expect.equal (string (Plateau.parse (shortest Schedules.plateau))) "plateau(0.5)" "the text form")
          testCase "every entry says what it is, and what its arguments may be" (fun () ->
              for kind in Schedules.plateau :: Schedules.all do
                  for text in [ kind.Name; kind.Summary; kind.Source; kind.Usage ] do
                      Expect.isNotEmpty text kind.Name

                  for argument in kind.Arguments do
                      for text in [ argument.Name; argument.Summary; string argument.Form ] do
                          Expect.isNotEmpty text $"{kind.Name}, {argument.Name}"

                  let named =
                      [ for argument in kind.Arguments do
                            if argument.Place = ArgumentPlace.Named then
                                argument.Name ]

                  Expect.equal named (List.distinct named) $"{kind.Name}: names")
          testCase "forms as lists show them" (fun () ->
              let usages =
                  [ for kind in [ Schedules.multiStep; Schedules.cyclic; Schedules.product; Schedules.plateau ] -> kind.Usage ]

              Expect.equal
                  usages
                  [ "multi_step(value, milestone, ..., factor=...)"
                    "cyclic(base, max=..., up=..., down=up, mode=triangular, gamma=1)"
                    "product(schedule, schedule, ...)"
                    "plateau(value, factor=0.1, patience=10, threshold=0.0001, threshold_mode=relative, cooldown=0, minimum=0)" ]
                  "usages"

              Expect.equal
                  [ for argument in Schedules.oneCycle.Arguments -> string argument.Form ]
                  [ "[0, ∞)"
                    "whole, at least 1, or a share of the run such as 10%"
                    "[0, 1]"
                    "(0, ∞)"
                    "(0, ∞)"
                    "cosine or linear" ]
                  "forms") ]

let tests = testList "schedule texts" [ roundTrip; canonical; errors; validation; table ]
