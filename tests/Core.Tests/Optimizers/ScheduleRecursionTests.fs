/// Closed forms of schedules against recursions: what frameworks compute step by step.
module CuteDl.Core.Tests.ScheduleRecursionTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Optimizers.RunLength
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.ScheduleSamples

/// Close, where values are of such a size.
let private close (size: float) (actual: float array) (expected: float array) (what: obj) =
    Array.iteri2 (fun t a b -> Close.within (1e-12 * size) a b $"{what} at step {t}") actual expected

/// Each value from the one before: the state starts at the first and is stepped to t = 1, 2, ...
let private recursive (count: int) (first: 'state) (next: int -> 'state -> 'state) (value: 'state -> float) : float array =
    [| 1 .. count - 1 |] |> Array.scan (fun state t -> next t state) first |> Array.map value

/// The closed form against a recursion of another shape.
let tests =
    let holds name (schedules: Gen<'given>) (make: 'given -> Schedule) (size: 'given -> float) (expected: 'given -> float array) =
        property name schedules (fun given ->
            let schedule = make given
            close (size given) (walk 150 schedule) (expected given) schedule)

    let curves = Gen.zip3 rates steps rates
    let larger (value, _, ending) = max value ending

    /// cos(θ t), by the recursion c_t = 2 cos(θ) c_{t−1} − c_{t−2}.
    let cosines (count: int) (angle: float) =
        recursive
            count
            struct (1.0, cos angle)
            (fun _ struct (last, before) -> struct (2.0 * cos angle * last - before, last))
            (fun struct (last, _) -> last)

    testList
        "schedule recursions"
        [ holds
              "step"
              (Gen.zip3 rates steps factors)
              (fun (value, every, factor) -> Schedule.Step(value, Steps every, factor))
              (fun (value, _, _) -> value)
              (fun (value, every, factor) -> recursive 150 value (fun t v -> if t % int every = 0 then v * factor else v) id)
          holds
              "multi_step"
              (Gen.zip3 rates (ascending 0 5) factors)
              (fun (value, milestones, factor) -> Schedule.MultiStep(value, List.map Steps milestones, factor))
              (fun (value, _, _) -> value)
              (fun (value, milestones, factor) ->
                  recursive 150 value (fun t v -> if List.contains (int64 t) milestones then v * factor else v) id)
          holds
              "exponential"
              (Gen.zip3 rates factors steps)
              (fun (value, factor, every) -> Schedule.Exponential(value, factor, Steps every))
              (fun (value, _, _) -> value)
              (fun (value, factor, every) -> recursive 150 value (fun _ v -> v * Math.Pow(factor, 1.0 / float every)) id)
          holds
              "inverse_time"
              (Gen.zip positiveRates rates)
              (fun (value, rate) -> Schedule.InverseTime(value, rate, 1.0))
              fst
              (fun (value, rate) -> recursive 150 (1.0 / value) (fun _ inverse -> inverse + rate / value) (fun inverse -> 1.0 / inverse))
          holds
              "linear"
              curves
              (fun (value, steps, ending) -> Schedule.Linear(value, Steps steps, ending))
              larger
              (fun (value, steps, ending) ->
                  recursive 150 value (fun t v -> if t <= int steps then v + (ending - value) / float steps else v) id)
          holds
              "polynomial"
              (Gen.zip curves (uniform 0.5 3.0))
              (fun ((value, steps, ending), power) -> Schedule.Polynomial(value, Steps steps, ending, power))
              (fst >> larger)
              (fun ((value, steps, ending), power) ->
                  let share t =
                      if t < int steps then (float (int steps - t) / float (int steps - t + 1)) ** power else 0.0

                  recursive 150 (value - ending) (fun t above -> above * share t) (fun above -> ending + above))
          holds
              "cosine"
              curves
              (fun (value, steps, ending) -> Schedule.Cosine(value, Steps steps, ending))
              larger
              (fun (value, steps, ending) ->
                  cosines 150 (Math.PI / float steps)
                  |> Array.mapi (fun t c -> if t < int steps then ending + (value - ending) * (1.0 + c) / 2.0 else ending))
          property "warm_restarts" warmRestarts (fun schedule ->
              match schedule with
              | Schedule.WarmRestarts(value, Known schedule steps, ending, growth, peakFactor) ->
                  // As PyTorch counts: the step in the cycle, the cycle's length; and the height of its start.
                  let next _ struct (elapsed, length, height) =
                      if elapsed + 1L < length then
                          struct (elapsed + 1L, length, height)
                      else
                          struct (0L, length * growth, height * peakFactor)

                  recursive 150 struct (0L, steps, value - ending) next (fun struct (elapsed, length, height) ->
                      ending + height * (1.0 + cos (Math.PI * float elapsed / float length)) / 2.0)
                  |> fun expected -> close value (walk 150 schedule) expected schedule
              | other -> failtest $"{other}")
          property "cyclic" cyclic (fun schedule ->
              match schedule with
              | Schedule.Cyclic(baseValue, max, Known schedule up, Known schedule down, mode) ->
                  let next t struct (share, height) =
                      let place = (t - 1) % int (up + down)
                      let share = if place < int up then share + 1.0 / float up else share - 1.0 / float down
                      let isNewCycle = t % int (up + down) = 0

                      match mode with
                      | CyclicMode.Triangular2 when isNewCycle -> struct (share, height / 2.0)
                      | CyclicMode.ExponentialRange gamma -> struct (share, height * gamma)
                      | _ -> struct (share, height)

                  recursive 150 struct (0.0, max - baseValue) next (fun struct (share, height) -> baseValue + share * height)
                  |> fun expected -> close max (walk 150 schedule) expected schedule
              | other -> failtest $"{other}")
          property "one_cycle" oneCycle (fun schedule ->
              match schedule with
              | Schedule.OneCycle(peak, Known schedule steps, pctStart, divFactor, finalDivFactor, anneal) ->
                  let top = max 0.0 (pctStart * float steps - 1.0)
                  let values = walk (int steps) schedule

                  // On either way the distance d from its middle goes on as d_t = 2 cos(θ) d_{t−1} − d_{t−2}; a line has θ = 0.
                  let goesOn (first: float) (last: float) (length: float) (t: int) =
                      let angle = if anneal = Anneal.Cosine then Math.PI / length else 0.0
                      let distance t = values[t] - (first + last) / 2.0
                      let expected = 2.0 * cos angle * distance (t - 1) - distance (t - 2)
                      Close.within (1e-12 * (first + last)) (distance t) expected $"{schedule} at step {t}"

                  for t in 2 .. values.Length - 1 do
                      if float t <= top then
                          goesOn (peak / divFactor) peak top t
                      elif float (t - 2) >= top then
                          goesOn peak (peak / divFactor / finalDivFactor) (float steps - 1.0 - top) t
              | other -> failtest $"{other}")
          holds
              "noam"
              (Gen.zip3 rates steps steps)
              (fun (scale, size, warmup) -> Schedule.Noam(scale, size, Steps warmup))
              (fun (scale, _, _) -> scale)
              (fun (scale, modelSize, warmup) ->
                  let slope = scale / sqrt (float modelSize * float warmup ** 3.0)
                  recursive 150 slope (fun t v -> if t < int warmup then v + slope else v * sqrt (float t / float (t + 1))) id)
          property "piecewise" piecewise (fun schedule ->
              match schedule with
              | Schedule.Piecewise(value, values, Interpolation.Constant) ->
                  let given = Map [ for Known schedule step, value in values -> step, value ]

                  sameBits
                      (walk 150 schedule)
                      (recursive 150 value (fun t v -> defaultArg (given.TryFind(int64 t)) v) id)
                      (string schedule)
              | Schedule.Piecewise(value, values, Interpolation.Anneal Anneal.Linear) ->
                  let slopes =
                      [ for (start, first), (step, last) in
                            List.pairwise ((0L, value) :: [ for Known schedule step, value in values -> step, value ]) ->
                            start, step, (last - first) / float (step - start) ]

                  let slopeAt (t: int64) =
                      slopes
                      |> List.tryPick (fun (start, step, slope) -> if t > start && t <= step then Some slope else None)

                  close 10.0 (walk 150 schedule) (recursive 150 value (fun t v -> v + defaultArg (slopeAt (int64 t)) 0.0) id) schedule
              | _ -> ())
          holds
              "warmup"
              (Gen.zip3 steps rates rates)
              (fun (steps, rate, start) -> Schedule.Warmup(Steps steps, Schedule.Constant rate, start))
              (fun (_, rate, start) -> max rate start)
              (fun (steps, rate, start) ->
                  recursive 150 start (fun t v -> if t <= int steps then v + (rate - start) / float steps else v) id) ]
