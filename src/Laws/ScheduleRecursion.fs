/// Computes schedules as recursions: each value comes from the previous one. The closed forms are compared with them.
module internal CuteDl.Laws.ScheduleRecursion

open System
open CuteDl.Core.Optimizers
open CuteDl.Core.Optimizers.RunLength

let private forever (value: float) = Seq.initInfinite (fun _ -> value)

let private take (count: int64) (values: float seq) = Seq.truncate (int (min count (int64 Int32.MaxValue))) values

/// Returns values from one end to the other, one step apart. The first one is at a given share of the way.
let private way (anneal: Anneal) (first: float, last: float) (elapsed: float) (length: float) (count: int64) : float seq =
    let values =
        match anneal with
        | Anneal.Linear ->
            let slope = (last - first) / length
            Seq.unfold (fun value -> Some(value, value + slope)) (first + slope * elapsed)
        | Anneal.Cosine ->
            // A point that moves along half a circle. Its coordinate gives the cosine without calling it at each step.
            let angle = Math.PI / length
            let turn (x, y) = cos angle * x - sin angle * y, sin angle * x + cos angle * y

            Seq.unfold
                (fun (x, y) -> Some(last + (first - last) * (1.0 + x) / 2.0, turn (x, y)))
                (cos (angle * elapsed), sin (angle * elapsed))

    take count values

let private oneCycle (start: float, peak: float, last: float) (steps: int64) (top: float) (anneal: Anneal) : float seq =
    seq {
        let behind = int64 (floor top) + 1L

        if top = 0.0 then yield peak else yield! way anneal (start, peak) 0.0 top behind

        if steps - 1L > behind then
            yield! way anneal (peak, last) (float behind - top) (float (steps - 1L) - top) (steps - 1L - behind)

        yield! forever last
    }

let private cyclic (baseValue: float, max: float) (up: int64) (down: int64) (mode: CyclicMode) : float seq =
    let perCycle, perStep =
        match mode with
        | CyclicMode.Triangular -> 1.0, 1.0
        | CyclicMode.Triangular2 -> 0.5, 1.0
        | CyclicMode.ExponentialRange gamma -> 1.0, gamma

    let shares =
        Seq.append (way Anneal.Linear (0.0, 1.0) 0.0 (float up) up) (way Anneal.Linear (1.0, 0.0) 0.0 (float down) down)

    seq {
        let mutable height = 1.0

        while true do
            for share in shares do
                yield baseValue + (max - baseValue) * share * height
                height <- height * perStep

            height <- height * perCycle
    }

/// Returns the values at t = 0, 1, 2, ... as an infinite sequence.
let rec values (schedule: Schedule) : float seq =
    match schedule with
    | Schedule.Constant value -> forever value
    | Schedule.Step(value, Known schedule every, factor) ->
        Seq.unfold (fun (value, left) -> Some(value, (if left = 1L then value * factor, every else value, left - 1L))) (value, every)
    | Schedule.MultiStep(value, milestones, factor) ->
        seq {
            let mutable value = value
            let mutable t = 0L

            for Known schedule milestone in milestones do
                while t < milestone do
                    yield value
                    t <- t + 1L

                value <- value * factor

            yield! forever value
        }
    | Schedule.Exponential(value, factor, Known schedule every) ->
        let root = Math.Pow(factor, 1.0 / float every)
        Seq.unfold (fun value -> Some(value, value * root)) value
    | Schedule.InverseTime(value, rate, power) ->
        Seq.unfold (fun (value, time) -> Some(value, (value * Math.Pow(time / (time + rate), power), time + rate))) (value, 1.0)
    | Schedule.Linear(value, Known schedule steps, last) ->
        Seq.append (way Anneal.Linear (value, last) 0.0 (float steps) steps) (forever last)
    | Schedule.Polynomial(value, Known schedule steps, last, power) ->
        seq {
            let mutable height = value - last

            for left in Seq.unfold (fun left -> if left = 0L then None else Some(left, left - 1L)) steps do
                yield last + height
                height <- height * Math.Pow(float (left - 1L) / float left, power)

            yield! forever last
        }
    | Schedule.Cosine(value, Known schedule steps, last) ->
        Seq.append (way Anneal.Cosine (value, last) 0.0 (float steps) steps) (forever last)
    | Schedule.WarmRestarts(value, Known schedule steps, last, growth, peakFactor) ->
        seq {
            let mutable length = steps
            let mutable height = value - last

            while true do
                yield! way Anneal.Cosine (last + height, last) 0.0 (float length) length
                length <- if length > Int64.MaxValue / growth then Int64.MaxValue else length * growth
                height <- height * peakFactor
        }
    | Schedule.OneCycle(peak, Known schedule steps, share, divFactor, finalDivFactor, anneal) ->
        let start = peak / divFactor
        oneCycle (start, peak, start / finalDivFactor) steps (max 0.0 (share * float steps - 1.0)) anneal
    | Schedule.Cyclic(baseValue, max, Known schedule up, Known schedule down, mode) -> cyclic (baseValue, max) up down mode
    | Schedule.Wsd(value, Known schedule warmup, Known schedule stable, Known schedule decay, last, start) ->
        seq {
            yield! way Anneal.Linear (start, value) 0.0 (float warmup) warmup
            yield! take stable (forever value)
            yield! way Anneal.Linear (value, last) 0.0 (float decay) decay
            yield! forever last
        }
    | Schedule.LinearToZero(value, Known schedule steps, Known schedule warmup) ->
        seq {
            yield! way Anneal.Linear (0.0, value) 0.0 (float warmup) warmup
            yield! way Anneal.Linear (value, 0.0) 0.0 (float (steps - warmup)) (steps - warmup)
            yield! forever 0.0
        }
    | Schedule.InverseSqrt(value, Known schedule warmup, Known schedule timescale) ->
        (value, timescale)
        |> Seq.unfold (fun (value, n) -> Some(value, (value * sqrt (float n / float (n + 1L)), n + 1L)))
        |> Seq.append (way Anneal.Linear (0.0, value) 0.0 (float warmup) warmup)
    | Schedule.Rex(value, Known schedule steps, last) ->
        let fall (left: int64) =
            float (left - 1L) / float left * float (steps + left) / float (steps + left - 1L)

        (1.0, steps)
        |> Seq.unfold (fun (share, left) -> if left = 0L then None else Some(last + (value - last) * share, (share * fall left, left - 1L)))
        |> fun values -> Seq.append values (forever last)
    | Schedule.Noam(scale, modelSize, Known schedule warmup) ->
        let first = scale / sqrt (float modelSize) / (float warmup * sqrt (float warmup))

        Seq.unfold
            (fun (value, n) ->
                let next =
                    if n < warmup then value * float (n + 1L) / float n else value * sqrt (float n / float (n + 1L))

                Some(value, (next, n + 1L)))
            (first, 1L)
    | Schedule.Piecewise(value, next, interpolation) ->
        seq {
            let mutable value = value
            let mutable t = 0L

            for Known schedule step, following in next do
                match interpolation with
                | Interpolation.Constant -> yield! take (step - t) (forever value)
                | Interpolation.Anneal anneal -> yield! way anneal (value, following) 0.0 (float (step - t)) (step - t)

                value <- following
                t <- step

            yield! forever value
        }
    | Schedule.Warmup(Known schedule steps, part, start) ->
        Seq.append (way Anneal.Linear (start, Seq.head (values part)) 0.0 (float steps) steps) (values part)
    | Schedule.Join(first, next) ->
        seq {
            let mutable part = first
            let mutable t = 0L

            for Known schedule step, following in next do
                yield! take (step - t) (values part)
                part <- following
                t <- step

            yield! values part
        }
    | Schedule.Product(first, others) -> others |> List.fold (fun product other -> Seq.map2 (*) product (values other)) (values first)
    | Schedule.Own own -> Seq.initInfinite (fun t -> own.At(int64 t))

/// Returns a number of consecutive steps that reaches all parts of the schedule.
let rec interesting (schedule: Schedule) : int64 =
    let few = 5L
    let sum (counts: int64 list) = counts |> List.fold (fun sum count -> min 10000L (sum + min 10000L count)) 0L

    match schedule with
    | Schedule.Constant _
    | Schedule.Own _ -> few
    | Schedule.Step(_, Known schedule every, _)
    | Schedule.Exponential(_, _, Known schedule every) -> sum [ every; every; every; few ]
    | Schedule.MultiStep(_, milestones, _) -> sum [ List.max (0L :: [ for Known schedule milestone in milestones -> milestone ]); few ]
    | Schedule.InverseTime _ -> sum [ few; few; few; few ]
    | Schedule.Linear(_, Known schedule steps, _)
    | Schedule.Polynomial(_, Known schedule steps, _, _)
    | Schedule.Cosine(_, Known schedule steps, _)
    | Schedule.Rex(_, Known schedule steps, _)
    | Schedule.LinearToZero(_, Known schedule steps, _)
    | Schedule.OneCycle(_, Known schedule steps, _, _, _, _) -> sum [ steps; few ]
    | Schedule.WarmRestarts(_, Known schedule steps, _, growth, _) -> sum [ steps; min 100L steps * min 100L growth; few ]
    | Schedule.Cyclic(_, _, Known schedule up, Known schedule down, _) -> sum [ up; down; up; down; few ]
    | Schedule.Wsd(_, Known schedule warmup, Known schedule stable, Known schedule decay, _, _) -> sum [ warmup; stable; decay; few ]
    | Schedule.InverseSqrt(_, Known schedule warmup, Known schedule timescale) -> sum [ warmup; timescale; few ]
    | Schedule.Noam(_, _, Known schedule warmup) -> sum [ warmup; warmup; few ]
    | Schedule.Piecewise(_, next, _) -> sum [ List.max (0L :: [ for Known schedule step, _ in next -> step ]); few ]
    | Schedule.Warmup(Known schedule steps, part, _) -> sum [ steps; interesting part ]
    | Schedule.Join(first, next) -> sum (interesting first :: [ for Known schedule step, part in next -> step + interesting part ])
    | Schedule.Product(first, others) -> sum (List.map interesting (first :: others))
