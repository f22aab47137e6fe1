/// Shares of the run in schedules, and the numbers of steps that they are in a run.
module CuteDl.Core.Tests.RunLengthTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.ScheduleSamples

let private messageOf (body: unit -> 'result) : string =
    try
        body () |> ignore
        failtest "nothing was thrown"
    with :? ArgumentException as error ->
        Refusal.sentence error

/// Ascending shares in steps of a half, up to 100 %.
let private shares (count: int) : Gen<float list> =
    Gen.listOfLength count (Gen.choose (1, 200 / max 1 count))
    |> Gen.map (List.scan (+) 0 >> List.tail >> List.map (fun halves -> float halves / 2.0))

/// The arguments of a call, each with the entry's index.
let private argumentOf (kind: ScheduleKind) (index: int) (entry: Entry) : ScheduleArgument =
    let firstArguments, repeated = kind.At ArgumentPlace.First, kind.At ArgumentPlace.Repeated

    match entry.Name with
    | ValueSome name -> kind.Arguments |> List.find (fun argument -> argument.Name = name)
    | ValueNone when index < firstArguments.Length -> firstArguments[index]
    | ValueNone -> repeated[(index - firstArguments.Length) % repeated.Length]

/// Replaces the numbers of steps in a text form by shares: in each call, all or none of them.
let rec private withShares (node: Node) : Gen<Node> =
    match node.Term with
    | Term.Call(name, entries) ->
        let kind = Schedules.all |> List.find (fun kind -> kind.Name = name)
        let forms = [ for i, entry in List.indexed entries -> (argumentOf kind i entry).Form ]

        gen {
            let! isShared = Gen.elements [ true; true; false ]
            let! shares = shares entries.Length
            // The warmup of linear_to_zero is the last entry, and must be smaller than its steps.
            let shares = if kind = Schedules.linearToZero then List.rev shares else shares

            let! values =
                List.zip3 entries forms shares
                |> List.map (fun (entry, form, share) ->
                    match form with
                    | ArgumentForm.Steps _ when isShared -> Gen.constant { entry.Value with Term = Term.Percent share }
                    | ArgumentForm.Schedule -> withShares entry.Value
                    | ArgumentForm.Steps _
                    | ArgumentForm.Number _
                    | ArgumentForm.Whole _
                    | ArgumentForm.Word _ -> Gen.constant entry.Value)
                |> Gen.sequenceToList

            return
                { node with
                    Term = Term.Call(name, List.map2 (fun entry value -> { entry with Value = value }) entries values) }
        }
    | Term.Number _
    | Term.Percent _
    | Term.Flag _
    | Term.Text _
    | Term.Chain _
    | Term.Groups _ -> Gen.constant node

let private shared (schedules: Gen<Schedule>) : Gen<Schedule> =
    schedules
    |> Gen.bind (fun schedule -> withShares (Syntax.parse (string schedule)))
    |> Gen.map (Syntax.print >> Schedule.parse)

let private byKind = [ for name, schedules in byKind -> name, shared schedules ]
let private any: Gen<Schedule> = Gen.oneof (List.map snd byKind)
let private runs: Gen<int64> = Gen.oneof [ Gen.choose (1, 30); Gen.choose (1, 3000) ] |> Gen.map int64

let private texts =
    testList
        "parse (print schedule) = schedule"
        [ for name, schedules in byKind do
              property name schedules (fun schedule ->
                  let again = Schedule.parse (string schedule)
                  Expect.equal again schedule "by value"
                  Expect.equal (string again) (string schedule) "by text"
                  Expect.equal (Schedule.validated schedule) schedule "valid") ]

/// The kinds that end with the run by default: those that need nothing but a value.
let private endingWithRun =
    [ for kind in Schedules.all do
          if
              kind.Arguments
              |> List.exists (fun argument -> argument.Default = ArgumentDefault.Value(Term.Percent 100.0))
          then
              kind.Name ]

let private numbers =
    testList
        "in a run"
        [ property "a schedule has no shares, and another run does not change it" (Gen.zip3 any runs runs) (fun (schedule, run, other) ->
              let resolved = Schedule.forRun run schedule
              Expect.isFalse (Schedule.dependsOnRun resolved) $"{resolved}"
              Expect.equal (Schedule.forRun other resolved) resolved "twice"
              walk 5 resolved |> ignore)
          property "a schedule without shares is the same" (Gen.zip ScheduleSamples.any runs) (fun (schedule, run) ->
              Expect.isTrue (obj.ReferenceEquals(Schedule.forRun run schedule, schedule)) $"{schedule}")
          testCase "the kinds that end with the run are these" (fun () ->
              Expect.equal endingWithRun [ "linear"; "polynomial"; "cosine"; "one_cycle"; "linear_to_zero"; "rex" ] "kinds")
          property
              "a schedule without steps is the schedule with the steps of the run, bit for bit"
              (Gen.zip3 (Gen.elements endingWithRun) positiveRates (Gen.choose (1, 200)))
              (fun (name, value, run) ->
                  let ofText text = Schedule.parse text |> Schedule.forRun (int64 run)
                  let value = NumberText.ofFloat value
                  let written = ofText $"{name}({value}, steps={run})"
                  sameBits (walk (run + 20) (ofText $"{name}({value})")) (walk (run + 20) written) name
                  sameBits (walk (run + 20) (ofText $"{name}({value}, steps=100%%)")) (walk (run + 20) written) name)
          property
              "shares are rounded to the nearest step, halves upwards, and are at least 1"
              (Gen.zip (Gen.choose (1, 200)) runs)
              (fun (halves, run) ->
                  let exact = (int64 halves * run + 100L) / 200L

                  Expect.equal
                      (Schedule.forRun run (Schedule.Step(1.0, Percent(float halves / 2.0), 0.5)))
                      (Schedule.Step(1.0, Steps(max 1L exact), 0.5))
                      "steps")
          property
              "lengths of 100 % in all end with the run"
              (Gen.zip (Gen.two (Gen.choose (0, 49))) (Gen.choose (200, 100000)))
              (fun ((warmup, stable), run) ->
                  let decay = 100 - warmup - stable
                  let share percent = Percent(float percent)

                  match Schedule.forRun (int64 run) (Schedule.Wsd(1.0, share warmup, share stable, share decay, 0.0, 0.0)) with
                  | Schedule.Wsd(_, Steps first, Steps second, Steps third, _, _) ->
                      Expect.equal (first + second + third) (int64 run) "in all"

                      for steps, percent in [ first, warmup; second, stable; third, decay ] do
                          Expect.isTrue (abs (100L * steps - int64 percent * int64 run) <= 100L) $"{steps} for {percent} %%"
                  | other -> failtest $"{other}")
          property
              "shares that ascend stay ascending, in the shortest run too"
              (Gen.zip (Gen.choose (1, 6) |> Gen.bind shares) runs)
              (fun (shares, run) ->
                  match Schedule.forRun run (Schedule.MultiStep(1.0, List.map Percent shares, 0.5)) with
                  | Schedule.MultiStep(_, milestones, _) ->
                      let steps = [ for milestone in milestones -> int64 (string milestone) ]
                      Expect.equal steps (List.sort (List.distinct steps)) "ascending"
                      Expect.isGreaterThanOrEqual steps.Head 1L "the first"
                  | other -> failtest $"{other}")
          property
              "a warm-up is of the whole run, and its schedule of the steps that remain"
              (Gen.zip3 any (shares 1) runs)
              (fun (part, share, run) ->
                  let warmup = Schedule.forRun run (Schedule.Warmup(Percent share.Head, part, 0.0))
                  let steps = int64 (Math.Floor(float run * share.Head / 100.0 + 0.5))
                  Expect.equal warmup (Schedule.Warmup(Steps steps, Schedule.forRun (max 1L (run - steps)) part, 0.0)) "in the run")
          property
              "a part of a join has the steps until the next one"
              (Gen.zip (Gen.two any) (Gen.zip steps steps))
              (fun ((a, b), (first, second)) ->
                  Expect.equal
                      (Schedule.forRun (first + second) (Schedule.Join(a, [ Steps first, b ])))
                      (Schedule.Join(Schedule.forRun first a, [ Steps first, Schedule.forRun second b ]))
                      "in the run")
          testCase "the warm-up of linear_to_zero is shorter than its steps in every run" (fun () ->
              for run in 1L .. 20L do
                  match Schedule.forRun run (Schedule.parse "linear_to_zero(1, warmup=99%)") with
                  | Schedule.LinearToZero(_, Steps steps, Steps warmup) -> Expect.isLessThan warmup steps $"{run} steps"
                  | other -> failtest $"{other}")
          testCase "numbers and shares that do not fit each other are an error that names the run" (fun () ->
              Expect.equal
                  (messageOf (fun () -> Schedule.forRun 400L (Schedule.parse "linear_to_zero(1, warmup=500)")))
                  "linear_to_zero(1, warmup=500) is not valid in a run of 400 steps. The warmup of linear_to_zero is 500, but steps is 400. Give a warmup smaller than steps."
                  "warmup"

              Expect.equal
                  (messageOf (fun () -> Schedule.forRun 400L (Schedule.parse "multi_step(1, 300, 50%, factor=0.1)")))
                  "multi_step(1, 300, 50%, factor=0.1) is not valid in a run of 400 steps. milestone = 200 follows milestone = 300. Each must be greater than the one before."
                  "milestones")
          testCase "the length of a run is at least 1" (fun () ->
              Expect.equal
                  (messageOf (fun () -> Optimizer.forRun 0L Optimizer.identity))
                  "The length of a run must be from 1 to 9007199254740992 steps."
                  "message") ]

let private unknown =
    "depends on the length of the run (100%), which is not known here. Give numbers of steps, or call forRun (in C#: ForRun) with the length of the run."

let private optimizers =
    let adam = Expression.parse "adam(lr=cosine(0.1))"

    testList
        "optimizers"
        [ testCase "a step, a state and a check need the length of the run" (fun () ->
              let state = Optimizer.init<float> (Optimizer.forRun 10L adam) 1
              // Its first values need no length.
              let later = Expression.parse "adam(lr=join(1, 5, cosine(0.1)))"

              for name, act in
                  [ "a value", (fun () -> Schedule.at (Schedule.parse "join(1, 5, cosine(0.1))") 7L |> ignore)
                    "a state", (fun () -> Optimizer.init<float> adam 1 |> ignore)
                    "a check", (fun () -> Optimizer.check adam (Layout.Flat 1))
                    "a step", (fun () -> Optimizer.step later state [| 1.0 |] |> ignore)
                    "a step of what was read",
                    (fun () -> Optimizer.step later (State<float>.Zero(later, Layout.Flat 1)) [| 1.0 |] |> ignore)
                    "a step in place", (fun () -> Optimizer.stepInPlace later state (Span [| 1.0 |]) (ReadOnlySpan [| 1.0 |])) ] do
                  Expect.equal (messageOf act) $"cosine(0.1) {unknown}" name)
          testCase "a value before a share needs no length" (fun () ->
              let schedule = Schedule.parse "join(1, 5, cosine(0.1), 50%, 2)"
              Expect.equal (Schedule.at schedule 4L) 1.0 "the first part")
          testCase "the text form and the first values are those of the schedule as written" (fun () ->
              let optimizer =
                  Expression.parse "adam(lr=warmup(10%, cosine(0.1)), eps=linear(0.1, steps=50%, end=0.2))"

              Expect.equal
                  (string optimizer)
                  "adam(lr=warmup(10%, cosine(0.1)), beta1=0.9, beta2=0.99, eps=linear(0.1, steps=50%, end=0.2))"
                  "text"

              Expect.equal (Expression.parse (string optimizer)) optimizer "read"
              Expect.equal [ for value in optimizer.Values -> value.Value ] [ 0.0; 0.9; 0.99; 0.1; 1.0; 0.0 ] "values"

              Expect.equal
                  (string (Optimizer.forRun 300L optimizer))
                  "adam(lr=warmup(30, cosine(0.1, steps=270)), beta1=0.9, beta2=0.99, eps=linear(0.1, steps=150, end=0.2))"
                  "in a run")
          testCase "every part of a chain and of groups has the run" (fun () ->
              Expect.equal
                  (Expression.parse "clip_norm(linear(1)) | { \"b\": sgd(lr=cosine(0.1)), \"*\": fixed }"
                   |> Optimizer.forRun 20L)
                  (Expression.parse "clip_norm(linear(1, steps=20)) | { \"b\": sgd(lr=cosine(0.1, steps=20)), \"*\": fixed }")
                  "in a run")
          testCase "the parts after accumulate have the steps that they take" (fun () ->
              Expect.equal
                  (Expression.parse "clip_norm(linear(1)) | accumulate(4) | adam(lr=cosine(0.1)) | scale(linear(1))"
                   |> Optimizer.forRun 43L)
                  (Expression.parse
                      "clip_norm(linear(1, steps=43)) | accumulate(4) | adam(lr=cosine(0.1, steps=10)) | scale(linear(1, steps=10))")
                  "in a run")
          testCase "accumulate counts inside groups and chains, too" (fun () ->
              for text, expected in
                  [ "{ \"*\": accumulate(4) } | adam(lr=linear(0.001))", "{ \"*\": accumulate(4) } | adam(lr=linear(0.001, steps=250))"
                    "{ \"a\": accumulate(2) | { \"*\": l2(0.1) | accumulate(5) }, \"*\": accumulate(10) } | scale(linear(1))",
                    "{ \"a\": accumulate(2) | { \"*\": l2(0.1) | accumulate(5) }, \"*\": accumulate(10) } | scale(linear(1, steps=100))" ] do
                  Expect.equal (Optimizer.forRun 1000L (Expression.parse text)) (Expression.parse expected) text)
          testCase "the count of steps in a run is that of its schedules" (fun () ->
              let optimizer =
                  Optimizer.forRun 12L (Expression.parse "{ \"*\": accumulate(4) } | adam(lr=linear(1, end=0))")

              let state = Optimizer.init<float> optimizer 1

              for _ in 1..12 do
                  Optimizer.stepInPlace optimizer state (Span [| 0.0 |]) (ReadOnlySpan [| 1.0 |])

              Expect.equal (Optimizer.current optimizer state |> Seq.find (fun (name, _) -> name.EndsWith ".lr") |> snd) 0.0 "the end")
          testCase "shares after groups of different lengths are refused" (fun () ->
              let optimizer =
                  Expression.parse "{ \"a\": accumulate(4), \"*\": identity } | { \"*\": clip_norm(1) } | scale(linear(1))"

              Expect.equal
                  (messageOf (fun () -> Optimizer.forRun 1000L optimizer))
                  ("scale(linear(1)) has a share of the run, but the groups before it take different numbers of steps: 250 and 1000. "
                   + "Use numbers of steps instead of shares, or write the part inside each group.")
                  "message"

              let inside =
                  Expression.parse "{ \"a\": accumulate(4) | scale(linear(1)), \"*\": scale(linear(1)) } | l2(0.1)"

              Expect.equal
                  (Optimizer.forRun 1000L inside)
                  (Expression.parse "{ \"a\": accumulate(4) | scale(linear(1, steps=250)), \"*\": scale(linear(1, steps=1000)) } | l2(0.1)")
                  "inside the groups")
          testCase "an optimizer without shares is the same" (fun () ->
              let optimizer = Expression.parse "adam(lr=cosine(0.1, steps=5)) | ema"
              Expect.isFalse (Optimizer.dependsOnRun optimizer) "depends"
              Expect.isTrue (Optimizer.dependsOnRun adam) "depends"
              Expect.isTrue (obj.ReferenceEquals(Optimizer.forRun 5L optimizer, optimizer)) "same object")
          testCase "a state continues in a longer run" (fun () ->
              let short, long = Optimizer.forRun 2L adam, Optimizer.forRun 4L adam
              let state, _ = Optimizer.step short (Optimizer.init<float> short 1) [| 1.0 |]
              Expect.equal (Map(Optimizer.current short state)["lr"]) (Schedule.at (Schedule.Cosine(0.1, Steps 2L, 0.0)) 1L) "of 2 steps"
              Expect.equal (Map(Optimizer.current long state)["lr"]) (Schedule.at (Schedule.Cosine(0.1, Steps 4L, 0.0)) 1L) "of 4 steps") ]

let tests = testList "shares of the run" [ texts; numbers; optimizers ]
