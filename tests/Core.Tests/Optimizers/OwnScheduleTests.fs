/// Schedules of one's own: any function of the step.
module CuteDl.Core.Tests.OwnScheduleTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.ScheduleSamples

let private ramp = OwnSchedule("ramp", fun step -> float (step + 1L) / 8.0)
let private wave = OwnSchedule("wave", fun step -> if step % 2L = 0L then 0.5 else 0.25)
let private registry = Registry.Standard.Add(ramp).Add wave

let private messageOf (body: unit -> 'result) : string =
    try
        body () |> ignore
        failtest "nothing was thrown"
    with
    | :? ExpressionException as error -> error.Problem
    | :? ArgumentException as error -> Refusal.sentence error

/// Schedules of every kind with parts, and their parts: of one's own or of the library.
let private schedules: Gen<Schedule> =
    let leaves = Gen.frequency [ 2, Gen.elements [ Schedule.Own ramp; Schedule.Own wave ]; 1, any ]
    Gen.oneof (leaves :: [ for _, schedules in composed leaves -> schedules ])

let private properties =
    testList
        "properties"
        [ property "parse (print schedule) = schedule, with the registry" schedules (fun schedule ->
              let again = Schedule.parseWith registry.Schedules (string schedule)
              Expect.equal again schedule "by value"
              Expect.equal (hash again) (hash schedule) "hash code"
              Expect.equal (string again) (string schedule) "by text"
              Expect.equal (Schedule.validated schedule) schedule "valid"
              sameBits (walk 30 again) (walk 30 schedule) "values")
          property "parse (print optimizer) = optimizer, with the registry" schedules (fun schedule ->
              let optimizer =
                  Expression.parse "l2(0.1) | adam"
                  |> Optimizer.schedule "lr" schedule
                  |> Optimizer.schedule "factor" schedule

              Expect.equal (Expression.parseWith registry (string optimizer)) optimizer (string optimizer)
              Expect.equal optimizer.OwnSchedules (Schedule.ownSchedules schedule) "schedules")
          property
              "two are equal if their names are equal, whatever they do"
              (Gen.two (Gen.elements [ "a"; "b"; "c" ]))
              (fun (first, second) ->
                  let a, b = Schedule.own first float, Schedule.own second (fun _ -> 1.0)
                  Expect.equal (a = b) (first = second) "schedules"
                  let optimizer schedule = Optimizer.schedule "lr" schedule (Expression.parse "adam")
                  Expect.equal (optimizer a = optimizer b) (first = second) "optimizers"
                  Expect.isTrue (first <> second || hash a = hash b) "hash codes")
          property
              "the values are those of the function, also within others"
              (Gen.zip3 schedules steps (Gen.choose (0, 50)))
              (fun (schedule, length, step) ->
                  let t = int64 step
                  Expect.equal (Schedule.at (Schedule.Own ramp) t) (ramp.At t) "alone"

                  Expect.equal
                      (Schedule.at (Schedule.Product(Schedule.Own ramp, [ schedule ])) t)
                      (ramp.At t * Schedule.at schedule t)
                      "in a product"

                  Expect.equal
                      (Schedule.at (Schedule.Warmup(Steps length, Schedule.Own ramp, 0.0)) (length + t))
                      (ramp.At t)
                      "after a warm-up") ]

let private texts =
    let prints (text: string) (canonical: string) =
        testCase $"'{text}' prints as '{canonical}'" (fun () ->
            Expect.equal (string (Expression.parseWith registry text)) canonical "text form")

    let refused (text: string) (problem: string) =
        testCase $"'{text}' is refused" (fun () ->
            Expect.equal (messageOf (fun () -> Expression.parseWith registry text)) problem "message")

    testList
        "texts"
        [ prints "fixed(lr=ramp)" "fixed(lr=ramp)"
          prints "fixed(lr=RAMP())" "fixed(lr=ramp)"
          prints "scale(ramp)" "scale(ramp())"
          prints "fixed(lr=warmup(5, ramp))" "fixed(lr=warmup(5, ramp()))"
          prints "fixed(lr=join(ramp, 5, product(wave, 2)))" "fixed(lr=join(ramp(), 5, product(wave(), 2)))"
          refused "fixed(lr=ramp(5))" "ramp is a schedule of your own and has no arguments. Write ramp."
          refused
              "fixed(lr=romp)"
              "'romp' is neither a number nor a schedule in the registry. lr must be in [0, ∞), or follow a schedule. Add a schedule of your own to the registry."
          refused "fixed(lr=warmup(5, romp))" "No schedule is named 'romp'. Did you mean ramp? Add a schedule of your own to the registry."
          testCase "the standard registry has none" (fun () ->
              Expect.isEmpty Registry.Standard.Schedules "standard"

              Expect.equal
                  (messageOf (fun () -> Expression.parse "fixed(lr=ramp)"))
                  "'ramp' is neither a number nor a schedule in the registry. lr must be in [0, ∞), or follow a schedule. Add a schedule of your own to the registry."
                  "an optimizer"

              Expect.stringEnds (messageOf (fun () -> Schedule.parse "ramp()")) " Add a schedule of your own to the registry." "a schedule") ]

let private names =
    testList
        "names"
        [ for name, problem in
              [ "", "The name '' must start with a small letter and have only small letters, digits and underscores."
                "Ramp", "The name 'Ramp' must start with a small letter and have only small letters, digits and underscores."
                "my-ramp", "The name 'my-ramp' must start with a small letter and have only small letters, digits and underscores."
                "cosine", "The library has a schedule cosine. Give the schedule another name."
                "plateau", "The library has a schedule plateau. Give the schedule another name."
                "inf", "In a text form, inf is a value. Give the schedule another name." ] do
              testCase $"'{name}' is refused" (fun () -> Expect.equal (messageOf (fun () -> Schedule.own name float)) problem "message")
          testCase "a registry refuses a name twice, whatever has it" (fun () ->
              let refuses what (add: unit -> Registry) problem = Expect.equal (messageOf add) problem what

              refuses
                  "the same schedule"
                  (fun () -> registry.Add ramp)
                  "The registry has a schedule ramp already. Give the schedule another name, and add each schedule once."

              refuses
                  "another function"
                  (fun () -> registry.Add(OwnSchedule("ramp", fun _ -> 1.0)))
                  "The registry has a schedule ramp already. Give the schedule another name, and add each schedule once."

              refuses
                  "a rule"
                  (fun () -> registry.Add(OwnSchedule("adam", fun _ -> 1.0)))
                  "The registry has a rule adam already. Give the schedule another name, and add each schedule once."

              refuses
                  "a rule of one's own"
                  (fun () -> (Registry.Standard.Add(OwnSchedule("careful", fun _ -> 1.0))).Add RuleKind<OwnRuleTests.Careful>.Of.Kind)
                  "The registry has a schedule careful already. Give the rule another name."

              Expect.equal [ for schedule in registry.Schedules -> schedule.Name ] [ "ramp"; "wave" ] "in order"
              Expect.equal registry.Kinds.Count Registry.Standard.Kinds.Count "kinds")
          testCase "an optimizer refuses two functions of one name, and takes one function twice" (fun () ->
              let other = Schedule.own "ramp" (fun _ -> 1.0)

              let twoParts first second =
                  Optimizer.chain
                      [ Optimizer.schedule "lr" first (Expression.parse "adam")
                        Optimizer.schedule "factor" second (Expression.parse "scale") ]

              let problem =
                  "Two schedules with different functions are named ramp. Give each its own name, or create the schedule once and use it in both places."

              Expect.equal (messageOf (fun () -> twoParts (Schedule.Own ramp) other)) problem "in a chain"

              Expect.equal
                  (messageOf (fun () -> Schedule.validated (Schedule.Product(other, [ Schedule.Own ramp ]))))
                  problem
                  "in a schedule"

              Expect.equal (twoParts (Schedule.Own ramp) (Schedule.Own ramp)).OwnSchedules [ ramp ] "one function") ]

let private steps =
    testList
        "steps"
        [ testCase "a step takes the value of its step, and what is saved continues" (fun () ->
              let optimizer = Expression.parseWith registry "fixed(lr=ramp)"
              let mutable state = Optimizer.init<float> optimizer 1

              for t in 0L .. 9L do
                  let next, delta = Optimizer.step optimizer state [| 1.0 |]
                  Expect.equal delta [| ramp.At t |] $"step {t}"
                  state <- next)
          for value, text in [ nan, "NaN"; -0.5, "-0.5"; infinity, "inf" ] do
              testCase $"{text} is an error that names argument, schedule and step" (fun () ->
                  let own = Schedule.own "falls_off" (fun step -> if step < 2L then 0.1 else value)
                  let optimizer = Optimizer.schedule "lr" own (Expression.parse "adam")
                  let step state = Optimizer.step optimizer state [| 1.0 |] |> fst
                  let state = Optimizer.init<float> optimizer 1 |> step |> step

                  Expect.equal
                      (messageOf (fun () -> step state))
                      $"lr of adam must be in [0, ∞), but falls_off() gives {text} at step 2. Change the schedule."
                      "alone"

                  let doubled = Optimizer.schedule "lr" (Schedule.Product(own, [ Schedule.Constant 2.0 ])) optimizer

                  Expect.stringContains
                      (messageOf (fun () -> Optimizer.step doubled state [| 1.0 |]))
                      "but product(falls_off(), 2) gives"
                      "in a product")
          testCase "NaN does not stand for the default of another argument" (fun () ->
              let kind, argument =
                  Rules.all
                  |> List.pick (fun kind ->
                      kind.Arguments
                      |> List.tryFind (fun argument -> argument.Follows <> "")
                      |> Option.map (fun a -> kind, a))

              let optimizer =
                  Optimizer.schedule argument.Name (Schedule.own "nothing" (fun _ -> nan)) (Optimizer.ofKind kind)

              Expect.stringContains
                  (messageOf (fun () -> Optimizer.stepAt optimizer (Optimizer.init<float> optimizer 1) [| 1.0 |] [| 1.0 |]))
                  "but nothing() gives NaN at step 0"
                  (string optimizer)) ]

let tests = testList "own schedules" [ properties; texts; names; steps ]
