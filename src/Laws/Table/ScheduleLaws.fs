/// Laws about schedules, and about optimizers with schedules.
module internal CuteDl.Laws.ScheduleLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Optimizers.RunLength
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private isNear (expected: float) (came: float) = abs (expected - came) <= 1e-12 * abs expected

let private differs (what: string) (expected: float) (came: float) =
    Some $"expected {what} = {Case.number expected}, got {Case.number came}"

/// The largest value for which the recursion is accurate: far from overflow.
let private largest = 1e300

let private closedForm (schedule: Schedule) : string option =
    let count = int (ScheduleRecursion.interesting schedule)
    let expected = ScheduleRecursion.values schedule |> Seq.truncate count |> Seq.toArray
    let unit = 1e-9 * (expected |> Array.fold (fun top value -> max top (abs value)) 0.0)

    if unit >= largest * 1e-9 then
        None
    else
        expected
        |> Seq.indexed
        |> Seq.tryFind (fun (t, value) -> not (abs (Schedule.at schedule (int64 t) - value) <= unit))
        |> Option.bind (fun (t, value) -> differs $"the value at step {t} (computed step by step)" value (Schedule.at schedule (int64 t)))

let private anyTime (schedule: Schedule) (choice: int) : string option =
    let steps =
        Array.append [| 0L .. ScheduleRecursion.interesting schedule |] [| int64 choice; Int64.MaxValue / 4L |]
        |> Array.distinct

    let values = steps |> Array.map (Schedule.at schedule)
    let own = Schedule.ownSchedules schedule
    let reread = Schedule.parseWith own (string schedule)
    let shuffled = Array.copy steps
    Random(choice).Shuffle shuffled
    let again = shuffled |> Array.map (fun t -> t, Schedule.at reread t) |> Map.ofArray

    firstOf
        [ fun () ->
              Array.zip steps values
              // A schedule of one's own may have any values that its argument allows.
              |> Array.tryFind (fun (_, value) -> own.IsEmpty && not (Double.IsFinite value && value >= 0.0))
              |> Option.map (fun (t, value) -> $"expected a finite value of at least 0 at step {t}, got {Case.number value}")
          fun () ->
              Array.zip steps values
              |> Array.tryFind (fun (t, value) -> again[t] <> value)
              |> Option.bind (fun (t, value) ->
                  differs $"the value at step {t} (after writing and reading, in another order)" value again[t]) ]

/// Returns values at steps that the schedule itself contains.
let rec private marks (schedule: Schedule) : (int64 * float) list =
    match schedule with
    | Schedule.Constant value -> [ 0L, value; 1000000L, value ]
    | Schedule.Step(value, Known schedule every, factor) -> [ 0L, value; every - 1L, value; every, value * factor ]
    | Schedule.MultiStep(value, milestones, factor) ->
        [ for i, Known schedule milestone in List.indexed (List.distinct milestones) do
              milestone - 1L, value * Math.Pow(factor, float i)
          if milestones.IsEmpty then
              0L, value ]
        |> List.distinctBy fst
    | Schedule.Exponential(value, factor, Known schedule every) -> [ 0L, value; every, value * factor ]
    | Schedule.InverseTime(value, rate, power) -> [ 0L, value; 1L, value / Math.Pow(1.0 + rate, power) ]
    | Schedule.Linear(value, Known schedule steps, last)
    | Schedule.Polynomial(value, Known schedule steps, last, _)
    | Schedule.Cosine(value, Known schedule steps, last) ->
        [ 0L, value
          steps, last
          steps + 1000L, last
          if steps % 2L = 0L && not schedule.IsPolynomial then
              steps / 2L, (value + last) / 2.0 ]
    | Schedule.WarmRestarts(value, Known schedule steps, last, growth, peakFactor) ->
        [ 0L, value
          steps, last + (value - last) * peakFactor
          if steps < 1000000L && growth < 1000000L then
              steps + steps * growth, last + (value - last) * peakFactor * peakFactor ]
    | Schedule.OneCycle(peak, Known schedule steps, share, divFactor, finalDivFactor, _) ->
        let start = peak / divFactor
        let top = share * float steps - 1.0

        [ if top > 0.0 then
              0L, start
          if top >= 0.0 && top = Math.Round top then
              int64 top, peak
          if float (steps - 1L) > top then
              steps - 1L, start / finalDivFactor
          steps + 1000L, start / finalDivFactor ]
    | Schedule.Cyclic(baseValue, max, Known schedule up, Known schedule down, mode) ->
        let height =
            match mode with
            | CyclicMode.ExponentialRange gamma -> Math.Pow(gamma, float up)
            | _ -> 1.0

        [ 0L, baseValue; up, baseValue + (max - baseValue) * height; up + down, baseValue ]
    | Schedule.Wsd(value, Known schedule warmup, Known schedule stable, Known schedule decay, last, start) ->
        [ if warmup > 0L then
              0L, start
          warmup, value
          warmup + stable, value
          warmup + stable + decay, last
          warmup + stable + decay + 1000L, last ]
    | Schedule.LinearToZero(value, Known schedule steps, Known schedule warmup) ->
        [ if warmup > 0L then
              0L, 0.0
          warmup, value
          steps, 0.0
          steps + 1000L, 0.0 ]
    | Schedule.InverseSqrt(value, Known schedule warmup, Known schedule timescale) ->
        [ 0L, 0.0
          warmup, value
          warmup + timescale, value / sqrt 2.0
          warmup + 3L * timescale, value / 2.0 ]
    | Schedule.Rex(value, Known schedule steps, last) ->
        [ 0L, value
          if steps % 2L = 0L then
              steps / 2L, last + (value - last) * 2.0 / 3.0
          steps, last
          steps + 1000L, last ]
    | Schedule.Noam(scale, modelSize, Known schedule warmup) -> [ warmup - 1L, scale / sqrt (float modelSize * float warmup) ]
    | Schedule.Piecewise(value, next, _) ->
        [ 0L, value
          for Known schedule step, value in next do
              step, value ]
    | Schedule.Warmup(Known schedule steps, part, start) ->
        [ if steps > 0L then
              0L, start
          steps, Schedule.at part 0L
          steps + 3L, Schedule.at part 3L ]
    | Schedule.Join(first, next) ->
        [ 0L, Schedule.at first 0L
          for Known schedule step, part in next do
              step, Schedule.at part 0L ]
    | Schedule.Product(first, others) -> [ 0L, (first :: others) |> List.fold (fun product part -> product * Schedule.at part 0L) 1.0 ]
    | Schedule.Own _ -> []

let private endpoints (schedule: Schedule) : string option =
    // If two parts start at the same step, the later one counts.
    marks schedule
    |> List.tryFind (fun (t, value) ->
        value < largest
        && not (isNear value (Schedule.at schedule t) || abs (Schedule.at schedule t - value) < 1e-14))
    |> Option.bind (fun (t, value) -> differs $"the value at step {t}" value (Schedule.at schedule t))

/// Returns the steps at which parts join without a jump, and the largest change allowed at each.
let rec private meetings (schedule: Schedule) : (int64 * float) list =
    let steepest (anneal: Anneal) (gap: float) (length: float) = abs gap / length * (if anneal.IsCosine then Math.PI / 2.0 else 1.0)

    match schedule with
    | Schedule.Linear(value, Known schedule steps, last) -> [ steps, steepest Anneal.Linear (value - last) (float steps) ]
    | Schedule.Cosine(value, Known schedule steps, last) -> [ steps, steepest Anneal.Cosine (value - last) (float steps) ]
    | Schedule.Polynomial(value, Known schedule steps, last, power) -> [ steps, abs (value - last) * Math.Pow(1.0 / float steps, power) ]
    // The slope is steepest at the end, where the share falls from 2 / (steps + 1) to 0.
    | Schedule.Rex(value, Known schedule steps, last) -> [ steps, abs (value - last) * 2.0 / float (steps + 1L) ]
    | Schedule.Wsd(value, Known schedule warmup, Known schedule stable, Known schedule decay, last, start) ->
        [ if warmup > 0L then
              warmup, steepest Anneal.Linear (value - start) (float warmup)
          if warmup + stable > 0L then
              warmup + stable, steepest Anneal.Linear (value - start) (float (max 1L warmup))
          warmup + stable + decay, steepest Anneal.Linear (value - last) (float decay) ]
    | Schedule.LinearToZero(value, Known schedule steps, Known schedule warmup) ->
        [ if warmup > 0L then
              warmup, steepest Anneal.Linear value (float warmup)
          steps, steepest Anneal.Linear value (float (steps - warmup)) ]
    | Schedule.InverseSqrt(value, Known schedule warmup, _) -> [ warmup, steepest Anneal.Linear value (float warmup) ]
    | Schedule.OneCycle(peak, Known schedule steps, share, divFactor, finalDivFactor, anneal) ->
        let top = share * float steps - 1.0
        let down = float (steps - 1L) - top
        let start = peak / divFactor

        [ if top >= 1.0 && down >= 1.0 then
              int64 (ceil top), steepest anneal (peak - start) top + steepest anneal (peak - start / finalDivFactor) down ]
    | Schedule.Cyclic(baseValue, max, Known schedule up, Known schedule down, _) ->
        let steepest = abs (max - baseValue) / float (min up down)
        let height = abs (max - baseValue)
        // The height also decreases during the rise.
        [ up, min height (2.0 * steepest); up + down, steepest ]
    | Schedule.Piecewise(value, next, Interpolation.Anneal anneal) ->
        ((0L, value) :: [ for Known schedule step, value in next -> step, value ])
        |> List.pairwise
        |> List.map (fun ((from, value), (until, following)) -> until, steepest anneal (following - value) (float (until - from)))
    | Schedule.Warmup(Known schedule steps, part, start) ->
        [ if steps > 0L then
              steps, steepest Anneal.Linear (Schedule.at part 0L - start) (float steps)
          for t, most in meetings part do
              t + steps, most ]
    | _ -> []

let private joins (schedule: Schedule) : string option =
    let at (schedule: Schedule) t = Schedule.at schedule t
    let steps = [ 0L .. min 40L (ScheduleRecursion.interesting schedule) ]

    let isThat what (wrapped: Schedule) () =
        steps
        |> List.tryFind (fun t -> at wrapped t <> at schedule t)
        |> Option.bind (fun t -> differs $"the value of {what} at step {t}" (at schedule t) (at wrapped t))

    let next () =
        match schedule with
        | Schedule.Join(first, next) ->
            steps
            |> List.tryPick (fun t ->
                let starts = [ for Known schedule step, part in next -> step, part ]
                let from, part = (0L, first) :: starts |> List.findBack (fun (step, _) -> step <= t)

                if at part (t - from) = at schedule t then
                    None
                else
                    differs $"the value at step {t} (inside {part}, which starts at step {from})" (at part (t - from)) (at schedule t))
        | _ -> None

    let jump () =
        meetings schedule
        |> List.tryPick (fun (t, most) ->
            let before, behind = at schedule (t - 1L), at schedule t

            expect (abs (behind - before) <= most * (1.0 + 1e-9) + 1e-12 * abs before) (fun () ->
                $"expected no jump from step {t - 1L} to {t}, got {Case.number before} and {Case.number behind}"))

    firstOf
        [ isThat "a join of one" (Schedule.Join(schedule, []))
          isThat "a product of one" (Schedule.Product(schedule, []))
          isThat "the schedule after a warm-up of 0 steps" (Schedule.Warmup(Steps 0L, schedule, 0.0))
          isThat "the schedule joined with itself after its end" (Schedule.Join(schedule, [ Steps 41L, schedule ]))
          next
          jump ]

let private own (subject: Subject) : Schedule list = [ for pair in Subject.schedules subject -> pair.Value ]

/// A case without steps.
let private noSteps: Gen<Case> = cases (vector 1) (fun _ -> Gen.constant [| 0.0 |]) one (0, 0) one

/// A law about the optimizer's own schedules. One case is enough.
let private ofSchedules name statement (check: Schedule -> Case -> string option) =
    { Law.general "P30" name statement "a schedule is a function of the step" (fun _ -> noSteps) (fun subject case ->
          Subject.schedules subject
          |> List.tryPick (fun pair -> check pair.Value case |> Option.map (fun said -> $"{pair.Key} = {pair.Value}: {said}"))) with
        AppliesTo = "any with a schedule"
        MayBeExempt = false }
    |> Law.unless (fun subject -> if (own subject).IsEmpty then Some "it has no schedule" else None)
    |> Law.costly 1

/// Sets each scheduled argument to its value at the step, unless that changes the slots.
let private at (t: int) (optimizer: Optimizer) : Optimizer =
    optimizer
    |> Subject.mapLeaves (fun leaf ->
        (leaf, Subject.schedulesOf leaf)
        ||> Seq.fold (fun leaf pair ->
            let fixedThere = Optimizer.set pair.Key (Schedule.at pair.Value (int64 (t - 1))) leaf
            if fixedThere.SlotNames = leaf.SlotNames then fixedThere else leaf))

/// Checks that a step with a scheduled argument equals the step with its current value, also in a saved and resumed run.
let private stepwise (optimizer: Optimizer) (case: Case) : string option =
    let cut = case.Choice % (case.Steps + 1)
    let mutable state = Optimizer.initFor<float> optimizer (Layout.OfShapes case.Shapes)
    let mutable parameters = case.Start
    let mutable scheduled = Optimizer.initFor<float> optimizer (Layout.OfShapes case.Shapes)
    let mutable reached = case.Start

    let byHand, came =
        [| for t in 1 .. case.Steps do
               let next, delta = Optimizer.stepAt (at t optimizer) state parameters case.Gradients[t - 1]

               state <- next
               parameters <- Array.map2 (-) parameters delta

               if t - 1 = cut then
                   let read = read<float> optimizer (saved optimizer scheduled reached)
                   scheduled <- read.State
                   reached <- read.Parameters

               let next, own = Optimizer.stepAt optimizer scheduled reached case.Gradients[t - 1]

               scheduled <- next
               reached <- Array.map2 (-) reached own
               delta, own |]
        |> Array.unzip

    same byHand came
    |> Option.map (sprintf "%O with a constant for each step, saved and read after step %d: %s" optimizer cut)

/// Returns the names of the arguments that can follow any schedule, each with its kind.
let private mayFollow (optimizer: Optimizer) : string list =
    [ for leaf in Subject.leaves optimizer do
          for argument in leaf.Kind.Arguments do
              if
                  List.contains argument.Name [ "lr"; "factor"; "deviation"; "weight_decay" ]
                  && argument.Allows 0.0
                  && argument.Allows 1000.0
              then
                  $"{leaf.Kind.Name}.{argument.Name}" ]
    |> List.distinct

let private scheduledSteps =
    { Law.general
          "P30"
          "scheduled steps"
          "a step under any schedule equals the step with the schedule's current value, also after a resume"
          "a schedule is a function of the step"
          (fun subject -> Gen.map2 (fun case schedule -> { case with Schedule = Some schedule }) (usual subject) ScheduleGenerators.any)
          (fun subject case ->
              let names = mayFollow subject.Optimizer
              let schedule = Option.get case.Schedule

              let random () =
                  if names.IsEmpty then
                      None
                  else
                      stepwise (Optimizer.schedule names[case.Choice % names.Length] schedule subject.Optimizer) case

              firstOf
                  [ fun () -> closedForm schedule
                    fun () -> anyTime schedule case.Choice
                    fun () -> endpoints schedule
                    fun () -> joins schedule
                    fun () -> if (own subject).IsEmpty then None else stepwise subject.Optimizer { case with Schedule = None }
                    random ]) with
        MayBeExempt = false }
    |> Law.unless (fun subject ->
        match Subject.kinds subject |> List.tryFind (fun kind -> kind.Has Trait.Gate) with
        | Some kind -> Some $"parts after {kind} count fewer steps"
        | None when (own subject).IsEmpty && (mayFollow subject.Optimizer).IsEmpty ->
            Some "none of its arguments can follow every schedule"
        | None -> None)

let all =
    [ ofSchedules "closed form" "the closed form of a schedule equals its recursion, step by step" (fun schedule _ -> closedForm schedule)
      ofSchedules
          "random access"
          "a schedule has the same values after it is written as text and read back, and in any order of steps; they are finite and at least 0, even at very large steps"
          (fun schedule case -> anyTime schedule case.Choice)
      ofSchedules "endpoints" "a schedule has the given values at the start, the end, the peaks and the milestones" (fun schedule _ ->
          endpoints schedule)
      ofSchedules
          "joins"
          "a join of one schedule equals that schedule; each later schedule counts from its own start; schedules that meet in one value join without a jump"
          (fun schedule _ -> joins schedule)
      scheduledSteps ]
