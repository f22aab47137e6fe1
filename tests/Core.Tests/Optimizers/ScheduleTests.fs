/// Schedules as functions of the step: P30.
module CuteDl.Core.Tests.ScheduleTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Optimizers.RunLength
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.ScheduleSamples

let private same (actual: Schedule) (expected: Schedule) = sameBits (walk 150 actual) (walk 150 expected) $"{actual}, against {expected}"

let private generatorOf (name: string) : Gen<Schedule> = byKind |> List.find (fst >> (=) name) |> snd

let private endpoints =
    let at = Schedule.at

    testList
        "endpoints, exactly"
        [ for name, make in
              [ "linear", (fun (value, steps, ending) -> Schedule.Linear(value, Steps steps, ending))
                "cosine", (fun (value, steps, ending) -> Schedule.Cosine(value, Steps steps, ending))
                "polynomial", (fun (value, steps, ending) -> Schedule.Polynomial(value, Steps steps, ending, 1.5)) ] do
              property $"{name}: from the value to the end, where it stays" (Gen.zip3 rates steps rates) (fun (value, steps, ending) ->
                  let schedule = make (value, steps, ending)
                  Expect.equal (at schedule 0L) value "step 0"

                  for t in [ steps; steps + 1L; 10L * steps; Int64.MaxValue ] do
                      Expect.equal (at schedule t) ending $"step {t}"

                  Expect.all (walk 100 schedule) (fun v -> v >= min value ending && v <= max value ending) "between")
          testCase "where a + (b − a) is not b" (fun () ->
              let small, large = Math.ScaleB(1.0, -53), Math.BitIncrement 1.0
              Expect.notEqual (small + (large - small)) large "what rounding does to them"
              Expect.equal (at (Schedule.Polynomial(small, Steps 4L, large, 1.0)) 4L) large "end"
              Expect.equal (at (Schedule.Polynomial(large, Steps 4L, small, 1.0)) 0L) large "value")
          property "warm_restarts: each cycle starts at its peak" warmRestarts (fun schedule ->
              match schedule with
              | Schedule.WarmRestarts(value, Known schedule steps, ending, growth, _) ->
                  let schedule = Schedule.WarmRestarts(value, Steps steps, ending, growth, 1.0)

                  let starts =
                      [ 0..8 ] |> List.scan (fun (start, length) _ -> start + length, length * growth) (0L, steps)

                  for start, length in starts do
                      Expect.equal (at schedule start) value $"step {start}"
                      Expect.isTrue (at schedule (start + length - 1L) >= ending) "before the restart"
              | other -> failtest $"{other}")
          property "one_cycle: from the start over the peak to the end, where it stays" oneCycle (fun schedule ->
              match schedule with
              | Schedule.OneCycle(peak, Known schedule steps, pctStart, divFactor, finalDivFactor, _) ->
                  let top = pctStart * float steps - 1.0

                  if top > 0.0 then
                      Expect.equal (at schedule 0L) (peak / divFactor) "start"

                  if top <= 0.0 || top = floor top then
                      Expect.equal (at schedule (int64 (max 0.0 top))) peak "peak"

                  for t in [ (if top <= 0.0 || pctStart = 1.0 then steps else steps - 1L); steps; Int64.MaxValue ] do
                      Expect.equal (at schedule t) (peak / divFactor / finalDivFactor) $"step {t}"
              | other -> failtest $"{other}")
          property "cyclic: base and max in turn" cyclic (fun schedule ->
              match schedule with
              | Schedule.Cyclic(baseValue, max, Known schedule up, Known schedule down, _) ->
                  for k in 0L .. 3L do
                      Expect.equal (at schedule (k * (up + down))) baseValue $"start of cycle {k}"

                      let triangular = Schedule.Cyclic(baseValue, max, Steps up, Steps down, CyclicMode.Triangular)
                      Expect.equal (at triangular (k * (up + down) + up)) max $"peak of cycle {k}"
              | other -> failtest $"{other}")
          property "noam: greatest at the end of the warm-up" (Gen.zip steps steps) (fun (modelSize, warmup) ->
              let schedule = Schedule.Noam(1.0, modelSize, Steps warmup)
              Close.relative 1e-15 (at schedule (warmup - 1L)) (1.0 / sqrt (float modelSize * float warmup)) "peak"
              Expect.all (walk 150 schedule) (fun v -> v <= at schedule (warmup - 1L)) "no greater one")
          property "piecewise: each value at its step" piecewise (fun schedule ->
              match schedule with
              | Schedule.Piecewise(value, values, _) ->
                  for Known schedule step, value in (Steps 0L, value) :: values do
                      Expect.equal (at schedule step) value $"step {step}"

                  let last = List.last (value :: List.map snd values)
                  Expect.equal (at schedule Int64.MaxValue) last "it stays"
              | other -> failtest $"{other}")
          property "warmup: from the start to where the schedule starts" (Gen.zip3 steps any rates) (fun (steps, schedule, start) ->
              let warmup = Schedule.Warmup(Steps steps, schedule, start)
              Expect.equal (at warmup 0L) start "step 0"
              Expect.equal (at warmup steps) (at schedule 0L) "the line's end") ]

/// No step is greater than the steepest part of the curve.
let private continuity =
    let noJump (schedule: Schedule) (largest: float) =
        for before, after in Array.pairwise (walk 150 schedule) do
            Expect.isTrue (abs (after - before) <= largest * (1.0 + 1e-9)) $"{schedule}: from {before} to {after}"

    let steepest anneal (first: float, last: float) (length: float) =
        let line = abs (last - first) / length
        if anneal = Anneal.Cosine then Math.PI / 2.0 * line else line

    testList
        "continuity"
        [ property "one_cycle, over its peak" oneCycle (fun schedule ->
              match schedule with
              | Schedule.OneCycle(peak, Known schedule steps, pctStart, divFactor, finalDivFactor, anneal) ->
                  let top = pctStart * float steps - 1.0
                  let rest = float (steps - 1L) - max 0.0 top
                  let start = peak / divFactor

                  // The ways must have lengths, and the peak a step on either side.
                  if top >= 1.0 && rest >= 1.0 then
                      noJump schedule (max (steepest anneal (start, peak) top) (steepest anneal (peak, start / finalDivFactor) rest))
              | other -> failtest $"{other}")
          property "cyclic, from cycle to cycle" cyclic (fun schedule ->
              match schedule with
              | Schedule.Cyclic(baseValue, max, Known schedule up, Known schedule down, _) ->
                  let line = (max - baseValue) / float (min up down)
                  // The factor of exp_range adds a little to the fall.
                  noJump schedule (line + 0.11 * (max - baseValue))
                  noJump (Schedule.Cyclic(baseValue, max, Steps up, Steps down, CyclicMode.Triangular2)) line
              | other -> failtest $"{other}")
          property "warmup, into the schedule" (Gen.zip3 steps rates rates) (fun (steps, rate, start) ->
              noJump (Schedule.Warmup(Steps steps, Schedule.Constant rate, start)) (steepest Anneal.Linear (start, rate) (float steps)))
          property
              "join, of curves that meet"
              (Gen.zip (Gen.zip3 rates rates rates) (Gen.zip3 steps steps anneals))
              (fun ((a, b, c), (first, second, anneal)) ->
                  let curve = if anneal = Anneal.Cosine then Schedule.Cosine else Schedule.Linear
                  let joined = Schedule.Join(curve (a, Steps first, b), [ Steps first, curve (b, Steps second, c) ])
                  same joined (Schedule.Piecewise(a, [ Steps first, b; Steps(first + second), c ], Interpolation.Anneal anneal))
                  noJump joined (max (steepest anneal (a, b) (float first)) (steepest anneal (b, c) (float second)))) ]

let private monotone =
    let ordered (compare: float -> float -> bool) name (schedules: Gen<Schedule>) =
        property name schedules (fun schedule ->
            for before, after in Array.pairwise (walk 150 schedule) do
                Expect.isTrue (compare after before) $"{schedule}: from {before} to {after}")

    let down = Gen.zip falling steps

    /// Up to the greatest value, then down.
    let oneSummit name schedules =
        property name schedules (fun schedule ->
            let values = walk 150 schedule
            let summit = values |> Array.findIndex ((=) (Array.max values))

            for t, (before, after) in Array.indexed (Array.pairwise values) do
                Expect.isTrue (if t < summit then after >= before else after <= before) $"{schedule} after step {t}")

    testList
        "monotone"
        [ ordered
              (<=)
              "step falls"
              (Gen.zip3 rates steps factors
               |> Gen.map (fun (value, every, factor) -> Schedule.Step(value, Steps every, factor)))
          ordered
              (>=)
              "step with a factor above 1 rises"
              (Gen.zip3 rates steps (uniform 1.0 2.0)
               |> Gen.map (fun (value, every, factor) -> Schedule.Step(value, Steps every, factor)))
          ordered
              (<=)
              "multi_step falls"
              (Gen.zip3 rates (ascending 0 5) factors
               |> Gen.map (fun (value, steps, factor) -> Schedule.MultiStep(value, List.map Steps steps, factor)))
          ordered
              (<=)
              "exponential falls"
              (Gen.zip3 rates factors steps
               |> Gen.map (fun (value, factor, every) -> Schedule.Exponential(value, factor, Steps every)))
          ordered (<=) "inverse_time falls" (generatorOf "inverse_time")
          ordered (<=) "linear falls" (down |> Gen.map (fun ((value, ending), steps) -> Schedule.Linear(value, Steps steps, ending)))
          ordered (>=) "linear rises" (down |> Gen.map (fun ((value, ending), steps) -> Schedule.Linear(ending, Steps steps, value)))
          ordered (<=) "cosine falls" (down |> Gen.map (fun ((value, ending), steps) -> Schedule.Cosine(value, Steps steps, ending)))
          ordered (>=) "cosine rises" (down |> Gen.map (fun ((value, ending), steps) -> Schedule.Cosine(ending, Steps steps, value)))
          ordered
              (<=)
              "polynomial falls"
              (Gen.map2
                  (fun ((value, ending), steps) power -> Schedule.Polynomial(value, Steps steps, ending, power))
                  down
                  (uniform 0.2 4.0))
          ordered (<=) "rex falls" (down |> Gen.map (fun ((value, ending), steps) -> Schedule.Rex(value, Steps steps, ending)))
          oneSummit "linear_to_zero rises to its value and falls" linearToZero
          oneSummit "inverse_sqrt rises to its value and falls" inverseSqrt
          oneSummit "one_cycle rises to its peak and falls" oneCycle
          oneSummit "noam rises to its peak and falls" (generatorOf "noam")
          property "warm_restarts falls in each cycle" warmRestarts (fun schedule ->
              match schedule with
              | Schedule.WarmRestarts(_, Known schedule steps, _, growth, _) ->
                  let starts =
                      [ 0..150 ]
                      |> List.scan (fun (start, length) _ -> start + length, length * growth) (0L, steps)
                      |> List.map fst
                      |> set

                  for t, (before, after) in Array.indexed (Array.pairwise (walk 150 schedule)) do
                      if not (starts.Contains(int64 t + 1L)) then
                          Expect.isTrue (after <= before) $"{schedule} after step {t}"
              | other -> failtest $"{other}") ]

let private identities =
    let one = Schedule.Constant 1.0

    testList
        "identities, bit for bit"
        [ property "a join of one is that one" any (fun schedule -> same (Schedule.Join(schedule, [])) schedule)
          property "a join is its parts, each counting from its own start" (Gen.zip3 any any steps) (fun (first, second, step) ->
              let joined = walk 150 (Schedule.Join(first, [ Steps step, second ]))
              sameBits joined (Array.append (walk (int step) first) (walk (150 - int step) second)) $"{first}, {step}, {second}")
          property "joins are associative" (Gen.zip (Gen.zip3 any any any) (Gen.zip steps steps)) (fun ((a, b, c), (first, second)) ->
              let flat = Schedule.Join(a, [ Steps first, b; Steps(first + second), c ])
              same flat (Schedule.Join(Schedule.Join(a, [ Steps first, b ]), [ Steps(first + second), c ]))
              same flat (Schedule.Join(a, [ Steps first, Schedule.Join(b, [ Steps second, c ]) ])))
          property "a product with 1 is the other factor" any (fun schedule ->
              same (Schedule.Product(schedule, [ one ])) schedule
              same (Schedule.Product(one, [ schedule ])) schedule
              same (Schedule.Product(schedule, [])) schedule)
          property "a product is the factors multiplied, in any order" (Gen.zip any any) (fun (a, b) ->
              let product = Schedule.Product(a, [ b ])
              same product (Schedule.Product(b, [ a ]))
              sameBits (walk 150 product) (Array.map2 (*) (walk 150 a) (walk 150 b)) (string product))
          property "no warm-up is the schedule itself" (Gen.zip any rates) (fun (schedule, start) ->
              same (Schedule.Warmup(Steps 0L, schedule, start)) schedule)
          property "a warm-up is a line joined with the schedule" (Gen.zip3 steps any rates) (fun (steps, schedule, start) ->
              let line = Schedule.Linear(start, Steps steps, Schedule.at schedule 0L)
              same (Schedule.Warmup(Steps steps, schedule, start)) (Schedule.Join(line, [ Steps steps, schedule ])))
          property "linear_to_zero is a line after a warm-up" linearToZero (fun schedule ->
              match schedule with
              | Schedule.LinearToZero(value, Known schedule steps, Known schedule warmup) ->
                  same schedule (Schedule.Warmup(Steps warmup, Schedule.Linear(value, Steps(steps - warmup), 0.0), 0.0))
              | other -> failtest $"{other}")
          property "wsd is a constant and a line after a warm-up" wsd (fun schedule ->
              match schedule with
              | Schedule.Wsd(value, Known schedule warmup, Known schedule stable, Known schedule decay, ending, start) ->
                  let line = Schedule.Linear(value, Steps decay, ending)

                  let behind =
                      if stable = 0L then line else Schedule.Join(Schedule.Constant value, [ Steps stable, line ])

                  same schedule (Schedule.Warmup(Steps warmup, behind, start))
              | other -> failtest $"{other}")
          property "inverse_sqrt is inverse_time after a warm-up, up to rounding" inverseSqrt (fun schedule ->
              match schedule with
              | Schedule.InverseSqrt(value, Known schedule warmup, Known schedule timescale) ->
                  let other = Schedule.Warmup(Steps warmup, Schedule.InverseTime(value, 1.0 / float timescale, 0.5), 0.0)
                  Array.iter2 (fun a b -> Close.relative 1e-14 a b $"{schedule}") (walk 150 schedule) (walk 150 other)
              | other -> failtest $"{other}")
          property "rex is above its line, by a fifth of the fall at most" (Gen.zip falling steps) (fun ((value, ending), steps) ->
              let rex = walk 150 (Schedule.Rex(value, Steps steps, ending))
              let line = walk 150 (Schedule.Linear(value, Steps steps, ending))

              for above, below in Array.zip rex line do
                  Expect.isGreaterThanOrEqual above (below * (1.0 - 1e-14)) "above"
                  Expect.isLessThanOrEqual (above - below) ((value - ending) / 5.0) "by a fifth")
          property "piecewise constants are constants joined" piecewise (fun schedule ->
              match schedule with
              | Schedule.Piecewise(value, values, Interpolation.Constant) ->
                  same schedule (Schedule.Join(Schedule.Constant value, [ for step, value in values -> step, Schedule.Constant value ]))
              | _ -> ())
          property "step at each step is exponential" (Gen.zip rates factors) (fun (value, factor) ->
              same (Schedule.Step(value, Steps 1L, factor)) (Schedule.Exponential(value, factor, Steps 1L)))
          property "step is multi_step with even milestones" (Gen.zip3 rates steps factors) (fun (value, every, factor) ->
              same
                  (Schedule.Step(value, Steps every, factor))
                  (Schedule.MultiStep(value, [ for k in 1L .. 150L -> Steps(k * every) ], factor)))
          property "one cycle of warm_restarts is cosine" (Gen.zip falling steps) (fun ((value, ending), steps) ->
              let restarts = walk (int steps) (Schedule.WarmRestarts(value, Steps steps, ending, 3L, 0.5))
              sameBits restarts (walk (int steps) (Schedule.Cosine(value, Steps steps, ending))) "the first cycle")
          property "what does not change is constant" (Gen.zip rates steps) (fun (value, steps) ->
              for schedule in
                  [ Schedule.Step(value, Steps steps, 1.0)
                    Schedule.Exponential(value, 1.0, Steps steps)
                    Schedule.InverseTime(value, 0.0, 2.0)
                    Schedule.Linear(value, Steps steps, value)
                    Schedule.Cosine(value, Steps steps, value)
                    Schedule.Polynomial(value, Steps steps, value, 0.7)
                    Schedule.WarmRestarts(value, Steps steps, value, 2L, 0.5)
                    Schedule.Cyclic(value, value, Steps steps, Steps 3L, CyclicMode.Triangular2) ] do
                  same schedule (Schedule.Constant value)) ]

let private purity =
    let anyStep =
        Gen.oneof
            [ Gen.choose (0, 200) |> Gen.map int64
              Gen.choose64 (0L, Int64.MaxValue)
              Gen.constant Int64.MaxValue ]

    testList
        "a pure function of the step"
        [ property "any step at once is the same as stepping there" (Gen.zip any (permutation 150)) (fun (schedule, order) ->
              let stepped = walk 150 schedule
              let again = Schedule.parse (string schedule)

              for t in order do
                  sameBits [| Schedule.at again (int64 t) |] [| stepped[t] |] $"{schedule} at step {t}")
          property "finite and not negative at any step" (Gen.zip any anyStep) (fun (schedule, step) ->
              let value = Schedule.at schedule step
              Expect.isTrue (Double.IsFinite value && value >= 0.0) $"{schedule} at step {step} is {value}")
          testCase "what grows without bound stays finite, and times 0 it is 0" (fun () ->
              let growing = Schedule.Exponential(1.0, 10.0, Steps 1L)
              Expect.equal (Schedule.at growing 1000L) Double.MaxValue "grown"
              Expect.equal (Schedule.at (Schedule.Product(growing, [ Schedule.Constant 0.0 ])) 1000L) 0.0 "times 0"
              Expect.equal (Schedule.at (Schedule.Product(growing, [ Schedule.Constant 2.0 ])) 1000L) Double.MaxValue "times 2"
              Expect.equal (Schedule.at (Schedule.Exponential(0.0, 10.0, Steps 1L)) 1000L) 0.0 "from 0")
          testCase "asking for a value allocates nothing" (fun () ->
              let schedules = samples 200 any
              let sum = [| 0.0 |]

              let askAll () =
                  for schedule in schedules do
                      for t in 0L .. 20L do
                          sum[0] <- sum[0] + Schedule.at schedule t

              askAll ()
              let before = GC.GetAllocatedBytesForCurrentThread()
              askAll ()
              Expect.equal (GC.GetAllocatedBytesForCurrentThread() - before) 0L $"bytes, for values that add up to {sum[0]}")
          testCase "a negative step is refused" (fun () ->
              Expect.throwsT<ArgumentOutOfRangeException> (fun () -> Schedule.at (Schedule.Constant 1.0) -1L |> ignore) "step −1")
          property "two with the same numbers are equal, and hash alike" any (fun schedule ->
              let again = Schedule.parse (string schedule)
              Expect.equal again schedule "equal"
              Expect.equal (hash again) (hash schedule) "hash code") ]

let tests = testList "schedules" [ endpoints; continuity; monotone; identities; purity ]
