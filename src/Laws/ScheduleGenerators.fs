/// Generates random schedules of every kind.
module internal CuteDl.Laws.ScheduleGenerators

open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws.Generators

let private value: Gen<float> =
    Gen.frequency [ 1, Gen.constant 0.0; 1, Gen.constant 1.0; 6, logUniform 1e-3 1.0 ]

let private aboveZero: Gen<float> = logUniform 1e-2 1.0
let private steps: Gen<int64> = Gen.choose (1, 8) |> Gen.map int64
let private anneal: Gen<Anneal> = Gen.elements [ Anneal.Cosine; Anneal.Linear ]

/// Generates pairs of a step and the item that starts there, with ascending steps.
let private later (part: Gen<'part>) : Gen<(StepCount * 'part) list> =
    gen {
        let! count = Gen.choose (0, 3)
        let! gaps = Gen.listOfLength count steps
        let! parts = Gen.listOfLength count part
        return List.zip (gaps |> List.scan (+) 0L |> List.tail |> List.map Steps) parts
    }

/// Generates schedules of a kind. Their parts are of kinds without parts.
let rec private ofKind (depth: int) (kind: ScheduleKind) : Gen<Schedule> =
    let part = if depth > 0 then anyOf (depth - 1) else value |> Gen.map Schedule.Constant

    gen {
        let! first = value
        let! last = value
        let! power = aboveZero
        let! count = steps
        let! other = steps

        match kind.Name with
        | "constant" -> return Schedule.Constant first
        | "step" -> return Schedule.Step(first, Steps count, power)
        | "multi_step" ->
            let! milestones = later (Gen.constant ())
            return Schedule.MultiStep(first, (if milestones.IsEmpty then [ Steps count ] else List.map fst milestones), power)
        | "exponential" -> return Schedule.Exponential(first, power, Steps count)
        | "inverse_time" -> return Schedule.InverseTime(first, last, power)
        | "linear" -> return Schedule.Linear(first, Steps count, last)
        | "polynomial" -> return Schedule.Polynomial(first, Steps count, last, 3.0 * power)
        | "cosine" -> return Schedule.Cosine(first, Steps count, last)
        | "warm_restarts" ->
            let! growth = Gen.choose (1, 3)
            return Schedule.WarmRestarts(first, Steps count, last, int64 growth, power)
        | "one_cycle" ->
            let! share = Gen.elements [ 0.0; 0.25; 0.3; 0.5; 1.0 ]
            let! anneal = anneal
            return Schedule.OneCycle(first, Steps(count + other), share, 10.0 * power, 100.0 * power, anneal)
        | "cyclic" ->
            let! mode =
                Gen.elements [ CyclicMode.Triangular; CyclicMode.Triangular2; CyclicMode.ExponentialRange power ]

            return Schedule.Cyclic(first, last, Steps count, Steps other, mode)
        | "wsd" ->
            let! start = value
            let! decay = steps
            return Schedule.Wsd(first, Steps(count - 1L), Steps(other - 1L), Steps decay, last, start)
        | "linear_to_zero" -> return Schedule.LinearToZero(first, Steps(count + other), Steps(count - 1L))
        | "inverse_sqrt" -> return Schedule.InverseSqrt(first, Steps count, Steps other)
        | "rex" -> return Schedule.Rex(first, Steps count, last)
        | "noam" -> return Schedule.Noam(first, 16L * count, Steps other)
        | "piecewise" ->
            let! values = later value
            let values = if values.IsEmpty then [ Steps count, last ] else values
            let! anneal = anneal
            let! interpolation = Gen.elements [ Interpolation.Constant; Interpolation.Anneal anneal ]
            return Schedule.Piecewise(first, values, interpolation)
        | "warmup" ->
            let! part = part
            return Schedule.Warmup(Steps(count - 1L), part, last)
        | "join" ->
            let! part = part
            let! next = later (if depth > 0 then anyOf (depth - 1) else value |> Gen.map Schedule.Constant)
            return Schedule.Join(part, next)
        | "product" ->
            let! part = part
            let! other = value |> Gen.map Schedule.Constant
            let! one = Gen.elements [ []; [ other ]; [ Schedule.Linear(first, Steps count, last); other ] ]
            return Schedule.Product(part, one)
        // A new kind needs a generator here.
        | name -> return invalidOp $"There is no generator for the schedule '{name}'. Add one."
    }

and private anyOf (depth: int) : Gen<Schedule> = Schedules.all |> List.map (ofKind depth) |> Gen.oneof

/// Generates schedules of any kind, with or without parts.
let any: Gen<Schedule> = anyOf 2
