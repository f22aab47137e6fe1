namespace CuteDl.Core.Optimizers

open System

/// Shares of the run in schedules.
module internal RunLength =

    /// What a schedule itself contains.
    [<Struct; NoComparison>]
    type private Contents = { Counts: StepCount list; Parts: Schedule list; Own: OwnSchedule list }

    let private nothing = { Counts = []; Parts = []; Own = [] }

    let private contents (schedule: Schedule) : Contents =
        match schedule with
        | Schedule.Constant _
        | Schedule.InverseTime _ -> nothing
        | Schedule.Step(_, every, _)
        | Schedule.Exponential(_, _, every) -> { nothing with Counts = [ every ] }
        | Schedule.MultiStep(_, milestones, _) -> { nothing with Counts = milestones }
        | Schedule.Linear(_, steps, _)
        | Schedule.Polynomial(_, steps, _, _)
        | Schedule.Cosine(_, steps, _)
        | Schedule.WarmRestarts(_, steps, _, _, _)
        | Schedule.OneCycle(_, steps, _, _, _, _)
        | Schedule.Rex(_, steps, _)
        | Schedule.Noam(_, _, steps) -> { nothing with Counts = [ steps ] }
        | Schedule.Cyclic(_, _, up, down, _) -> { nothing with Counts = [ up; down ] }
        | Schedule.Wsd(_, warmup, stable, decay, _, _) -> { nothing with Counts = [ warmup; stable; decay ] }
        | Schedule.LinearToZero(_, steps, warmup) -> { nothing with Counts = [ steps; warmup ] }
        | Schedule.InverseSqrt(_, warmup, timescale) -> { nothing with Counts = [ warmup; timescale ] }
        | Schedule.Piecewise(_, values, _) -> { nothing with Counts = List.map fst values }
        | Schedule.Warmup(steps, schedule, _) -> { nothing with Counts = [ steps ]; Parts = [ schedule ] }
        | Schedule.Join(first, next) -> { nothing with Counts = List.map fst next; Parts = first :: List.map snd next }
        | Schedule.Product(first, others) -> { nothing with Parts = first :: others }
        | Schedule.Own own -> { nothing with Own = [ own ] }

    /// Returns the first share of the run in a schedule, and the schedule or inner schedule that contains it.
    let rec tryFindShare (schedule: Schedule) : (Schedule * float) option =
        let contents = contents schedule

        let share (count: StepCount) =
            match count with
            | Steps _ -> None
            | Percent percent -> Some percent

        match List.tryPick share contents.Counts with
        | Some percent -> Some(schedule, percent)
        | None -> List.tryPick tryFindShare contents.Parts

    let hasShare (schedule: Schedule) : bool = (tryFindShare schedule).IsSome

    /// Returns the schedules of one's own in a schedule, in order.
    let rec ownSchedules (schedule: Schedule) : OwnSchedule list =
        let contents = contents schedule
        contents.Own @ List.collect ownSchedules contents.Parts

    /// Throws if a number of steps cannot be the length of a run.
    let check (run: int64) : unit =
        if run < 1L || run > (1L <<< 53) then
            raise (ArgumentOutOfRangeException("steps", run, $"The length of a run must be from 1 to {1L <<< 53} steps."))

    /// The error if a step needs a value that depends on the length of the run.
    let unknown (schedule: Schedule) (percent: float) : exn =
        ArgumentException(
            $"{Quotation.shorten (string schedule)} depends on the length of the run ({NumberText.ofFloat percent}%%), which is not known here. "
            + "Give numbers of steps, or call forRun (in C#: ForRun) with the length of the run.",
            nameof schedule
        )

    /// Returns the number of steps; throws if it is a share of the run.
    let (|Known|) (schedule: Schedule) (count: StepCount) : int64 =
        match count with
        | Steps steps -> steps
        | Percent percent -> raise (unknown schedule percent)

    // Multiplied before the division, so that 50 % of 3 is exactly halfway. Halves are rounded up.
    let private rounded (run: int64) (percent: float) : int64 =
        if percent = 100.0 then
            run
        else
            int64 (Math.Round(float run * percent / 100.0, MidpointRounding.AwayFromZero))

    /// Returns the number of steps of a share, but at least the given number.
    let private whole (run: int64) (least: int64) (count: StepCount) : int64 =
        match count with
        | Steps steps -> steps
        | Percent percent -> max least (rounded run percent)

    let private shareOf (count: StepCount) : float =
        match count with
        | Steps _ -> 0.0
        | Percent percent -> percent

    /// Returns the number of steps of a length that follows shares of the run. Shares are added before they are rounded, so that shares of
    /// 100 % in all end with the run.
    let private following (run: int64) (before: float) (least: int64) (count: StepCount) : StepCount =
        match count with
        | Steps _ -> count
        | Percent percent -> Steps(max least (rounded run (before + percent) - rounded run before))

    /// Returns ascending step numbers. Shares that round to the same step are one step apart.
    let private ascending (run: int64) (counts: StepCount list) : int64 list =
        counts
        |> List.mapFold
            (fun (previous: int64, wasShare: bool) count ->
                let step = whole run 1L count

                match count with
                | Steps _ -> step, (step, false)
                | Percent _ ->
                    let step = if wasShare then max step (previous + 1L) else step
                    step, (step, true))
            (0L, false)
        |> fst

    /// Replaces shares by numbers of steps. The result can be invalid if a schedule has both.
    let rec replace (run: int64) (schedule: Schedule) : Schedule =
        let count (least: int64) (count: StepCount) = Steps(whole run least count)

        match schedule with
        | Schedule.Constant _
        | Schedule.InverseTime _
        | Schedule.Own _ -> schedule
        | Schedule.Step(value, every, factor) -> Schedule.Step(value, count 1L every, factor)
        | Schedule.MultiStep(value, milestones, factor) -> Schedule.MultiStep(value, List.map Steps (ascending run milestones), factor)
        | Schedule.Exponential(value, factor, every) -> Schedule.Exponential(value, factor, count 1L every)
        | Schedule.Linear(value, steps, endValue) -> Schedule.Linear(value, count 1L steps, endValue)
        | Schedule.Polynomial(value, steps, endValue, power) -> Schedule.Polynomial(value, count 1L steps, endValue, power)
        | Schedule.Cosine(value, steps, endValue) -> Schedule.Cosine(value, count 1L steps, endValue)
        | Schedule.WarmRestarts(value, steps, endValue, growth, peakFactor) ->
            Schedule.WarmRestarts(value, count 1L steps, endValue, growth, peakFactor)
        | Schedule.OneCycle(peak, steps, pctStart, divFactor, finalDivFactor, anneal) ->
            Schedule.OneCycle(peak, count 1L steps, pctStart, divFactor, finalDivFactor, anneal)
        | Schedule.Cyclic(baseValue, max, up, down, mode) ->
            Schedule.Cyclic(baseValue, max, following run 0.0 1L up, following run (shareOf up) 1L down, mode)
        | Schedule.Wsd(value, warmup, stable, decay, endValue, start) ->
            Schedule.Wsd(
                value,
                following run 0.0 0L warmup,
                following run (shareOf warmup) 0L stable,
                following run (shareOf warmup + shareOf stable) 1L decay,
                endValue,
                start
            )
        | Schedule.LinearToZero(value, steps, warmup) ->
            let until = whole run 1L steps

            let warmup =
                match steps, warmup with
                // Shares that differ can round to the same step.
                | Percent _, Percent _ -> min (whole run 0L warmup) (until - 1L)
                | _, _ -> whole run 0L warmup

            Schedule.LinearToZero(value, Steps until, Steps warmup)
        | Schedule.InverseSqrt(value, warmup, timescale) -> Schedule.InverseSqrt(value, count 1L warmup, count 1L timescale)
        | Schedule.Rex(value, steps, endValue) -> Schedule.Rex(value, count 1L steps, endValue)
        | Schedule.Noam(scale, modelSize, warmup) -> Schedule.Noam(scale, modelSize, count 1L warmup)
        | Schedule.Piecewise(value, values, interpolation) ->
            let steps = ascending run (List.map fst values)
            Schedule.Piecewise(value, List.map2 (fun step (_, value) -> Steps step, value) steps values, interpolation)
        | Schedule.Warmup(steps, schedule, start) ->
            let steps = whole run 0L steps
            Schedule.Warmup(Steps steps, replace (max 1L (run - steps)) schedule, start)
        | Schedule.Join(first, next) ->
            let starts = ascending run (List.map fst next)
            // Each part has the steps until the next one.
            let lengths = List.map2 (fun start until -> max 1L (until - start)) (0L :: starts) (starts @ [ run ])
            let parts = List.map2 replace lengths (first :: List.map snd next)
            Schedule.Join(parts.Head, List.map2 (fun start part -> Steps start, part) starts parts.Tail)
        | Schedule.Product(first, others) -> Schedule.Product(replace run first, List.map (replace run) others)
