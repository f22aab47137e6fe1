/// Schedules within an optimizer.
module internal CuteDl.Laws.ScheduleLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private ofTheStep (name: string, schedule: Schedule) (case: Case) : string option =
    let values = [| for t in 0L .. 40L -> Schedule.at schedule t |]
    let backwards = [| 0L .. 40L |] |> Array.rev |> Array.map (Schedule.at schedule) |> Array.rev
    let far = Schedule.at schedule (int64 case.Choice)
    let whole = int64 (1 + case.Choice % 10)
    let warm = Schedule.Warmup(whole, schedule, 0.0)
    let joined = Schedule.Join(schedule, [])
    let reread = Schedule.parse (string schedule)
    let differs what (expected: float) (came: float) = $"{name}: {what} = {Case.number expected} expected, {Case.number came} came"

    firstOf
        [ fun () -> expect (values = backwards) (fun () -> $"{name}: the same values in whatever order expected")
          fun () ->
              values
              |> Array.append [| far |]
              |> Array.tryFind (fun value -> not (Double.IsFinite value && value >= 0.0))
              |> Option.map (fun value -> $"{name}: finite values of at least 0 expected, {Case.number value} came")
          fun () ->
              expect (Schedule.at warm whole = values[0]) (fun () -> differs "the end of a warm-up" values[0] (Schedule.at warm whole))
          fun () -> expect (Schedule.at warm 0L = 0.0) (fun () -> differs "the start of a warm-up" 0.0 (Schedule.at warm 0L))
          fun () ->
              let came = Schedule.at warm (whole + 3L)
              expect (came = values[3]) (fun () -> differs "behind a warm-up" values[3] came)
          fun () ->
              [ 0L .. 40L ]
              |> List.tryFind (fun t -> Schedule.at joined t <> values[int t])
              |> Option.map (fun t -> differs $"a join of one at {t}" values[int t] (Schedule.at joined t))
          fun () -> expect (reread = schedule) (fun () -> $"{name}: {schedule} expected when read again, {reread} came") ]

/// The step t of a scheduled rate is the step with that rate.
let private stepwise (subject: Subject) (case: Case) : string option =
    let at (t: int) =
        subject.Optimizer
        |> Subject.mapLeaves (fun leaf ->
            match Subject.schedulesOf leaf |> Seq.tryFind (fun pair -> pair.Key = "lr") with
            | Some pair -> Optimizer.set "lr" (Schedule.at pair.Value (int64 (t - 1))) leaf
            | None -> leaf)

    let mutable state = Optimizer.initFor<float> subject.Optimizer (Layout.OfShapes case.Shapes)
    let mutable parameters = case.Start

    let byHand =
        [| for t in 1 .. case.Steps do
               let struct (next, delta) =
                   Optimizer.stepAt (at t) state (ReadOnlySpan parameters) (ReadOnlySpan case.Gradients[t - 1])

               state <- next
               parameters <- Array.map2 (-) parameters delta
               delta |]

    same byHand (deltas subject.Optimizer case)
    |> Option.map (sprintf "by constant rates, one for each step: %s")

/// Parts behind these count fewer steps than there are.
let private rests = [ "accumulate"; "freeze"; "skip_non_finite" ]

let private schedules =
    { Law.general
          "P30"
          "schedules"
          "values are pure functions of the step, joined where they should; a scheduled step is the step with that value"
          "a schedule is a function"
          usual
          (fun subject case ->
              firstOf
                  [ for pair in Subject.schedules subject do
                        fun () -> ofTheStep (pair.Key, pair.Value) case
                    if not (rests |> List.exists (fun name -> Subject.has name subject)) then
                        fun () -> stepwise subject case ]) with
        MayBeExempt = false }
    |> Law.unless (fun subject -> if (Subject.schedules subject).IsEmpty then Some "it has no schedule" else None)

let all = [ schedules ]
