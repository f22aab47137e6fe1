namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers.RunLength

/// The arithmetic of schedules. It runs at each training step, and allocates nothing.
module internal ScheduleValue =

    /// Multiplies without overflow: the result is limited to the largest finite number, so that its product with 0 is 0 and not NaN. Only a
    /// schedule of one's own can give an infinite factor, which stays an error.
    let private times (a: float) (b: float) =
        if Double.IsFinite a && Double.IsFinite b then min Double.MaxValue (a * b) else nan

    let private power (value: float) (exponent: float) = min Double.MaxValue (Math.Pow(value, exponent))

    /// Interpolates between two values with weights that sum to 1. Both weights are given and the distance is counted from the lower value,
    /// so that few digits are lost near it. At a weight of 1 the value is exact.
    let private mix (first: float, last: float) (ofFirst: float) (ofLast: float) =
        if ofFirst >= 1.0 then first
        elif ofLast >= 1.0 then last
        elif first <= last then min last (first + (last - first) * ofLast)
        else min first (last + (first - last) * ofFirst)

    let private weight (anneal: Anneal) (share: float) =
        match anneal with
        | Anneal.Linear -> share
        | Anneal.Cosine ->
            let sine = Math.Sin(Math.PI / 2.0 * share)
            sine * sine

    /// Interpolates from one value to the other at a given share of the way. Before and after the way, returns the nearer value.
    let private between (anneal: Anneal) (first: float, last: float) (elapsed: float) (length: float) =
        if elapsed >= length then
            last
        elif elapsed <= 0.0 then
            first
        else
            mix (first, last) (weight anneal ((length - elapsed) / length)) (weight anneal (elapsed / length))

    /// Returns the cycle of a step, the step within the cycle, and the length of the cycle.
    let rec private cycle (index: int64) (elapsed: int64) (length: int64) (growth: int64) : struct (int64 * int64 * int64) =
        if growth = 1L then
            struct (elapsed / length, elapsed % length, length)
        elif elapsed < length then
            struct (index, elapsed, length)
        else
            let longer = if length > Int64.MaxValue / growth then Int64.MaxValue else length * growth
            cycle (index + 1L) (elapsed - length) longer growth

    let private oneCycle (start: float, peak: float, last: float) (steps: int64) (pctStart: float) (anneal: Anneal) (t: float) =
        let top = max 0.0 (pctStart * float steps - 1.0)

        if t <= top then
            between anneal (start, peak) t top
        else
            between anneal (peak, last) (t - top) (float (steps - 1L) - top)

    let private cyclic (baseValue: float, max: float) (up: int64) (down: int64) (mode: CyclicMode) (t: int64) =
        let elapsed = t % (up + down)

        let share = if elapsed <= up then float elapsed / float up else float (up + down - elapsed) / float down

        let height =
            match mode with
            | CyclicMode.Triangular -> 1.0
            | CyclicMode.Triangular2 -> Math.Pow(0.5, float (t / (up + down)))
            | CyclicMode.ExponentialRange gamma -> Math.Pow(gamma, float t)

        mix (baseValue, max) (1.0 - share * height) (share * height)

    /// A line from the first value up to the second one.
    let private rising (first: float, last: float) (t: int64) (steps: int64) = between Anneal.Linear (first, last) (float t) (float steps)

    /// Returns the number of ascending steps that are at most t.
    let rec private passed (schedule: Schedule) (t: int64) (count: int) (steps: StepCount list) : int =
        match steps with
        | Known schedule step :: rest when step <= t -> passed schedule t (count + 1) rest
        | _ -> count

    /// Returns the part that contains t, its start, and the next part if there is one. Parts start at ascending steps.
    let rec private around (schedule: Schedule) (t: int64) (start: int64) (part: 'part) (next: (StepCount * 'part) list) =
        match next with
        | (Known schedule step, later) :: rest when step <= t -> around schedule t step later rest
        | (Known schedule step, later) :: _ -> struct (start, part, ValueSome(struct (step, later)))
        | [] -> struct (start, part, ValueNone)

    let rec valueAt (t: int64) (schedule: Schedule) : float =
        match schedule with
        | Schedule.Constant value -> value
        | Schedule.Step(value, Known schedule every, factor) -> times value (power factor (float (t / every)))
        | Schedule.MultiStep(value, milestones, factor) -> times value (power factor (float (passed schedule t 0 milestones)))
        | Schedule.Exponential(value, factor, Known schedule every) -> times value (power factor (float t / float every))
        | Schedule.InverseTime(value, rate, exponent) -> value / Math.Pow(1.0 + rate * float t, exponent)
        | Schedule.Linear(value, Known schedule steps, endValue) -> between Anneal.Linear (value, endValue) (float t) (float steps)
        | Schedule.Polynomial(value, Known schedule steps, endValue, exponent) ->
            let left = Math.Pow(float (max 0L (steps - t)) / float steps, exponent)
            mix (value, endValue) left (1.0 - left)
        | Schedule.Cosine(value, Known schedule steps, endValue) -> between Anneal.Cosine (value, endValue) (float t) (float steps)
        | Schedule.WarmRestarts(value, Known schedule steps, endValue, growth, peakFactor) ->
            let struct (index, elapsed, length) = cycle 0L t steps growth
            let peakShare = Math.Pow(peakFactor, float index)
            let peak = mix (value, endValue) peakShare (1.0 - peakShare)
            between Anneal.Cosine (peak, endValue) (float elapsed) (float length)
        | Schedule.OneCycle(peak, Known schedule steps, pctStart, divFactor, finalDivFactor, anneal) ->
            let start = min Double.MaxValue (peak / divFactor)
            let last = min Double.MaxValue (start / finalDivFactor)
            oneCycle (start, peak, last) steps pctStart anneal (float t)
        | Schedule.Cyclic(baseValue, max, Known schedule up, Known schedule down, mode) -> cyclic (baseValue, max) up down mode t
        | Schedule.Wsd(value, Known schedule warmup, Known schedule stable, Known schedule decay, endValue, start) ->
            if t < warmup then
                rising (start, value) t warmup
            else
                between Anneal.Linear (value, endValue) (float (t - warmup - stable)) (float decay)
        | Schedule.LinearToZero(value, Known schedule steps, Known schedule warmup) ->
            if t < warmup then
                rising (0.0, value) t warmup
            else
                between Anneal.Linear (value, 0.0) (float (t - warmup)) (float (steps - warmup))
        | Schedule.InverseSqrt(value, Known schedule warmup, Known schedule timescale) ->
            if t < warmup then
                rising (0.0, value) t warmup
            else
                value / sqrt (1.0 + float (t - warmup) / float timescale)
        | Schedule.Rex(value, Known schedule steps, endValue) ->
            let left = float (max 0L (steps - t))
            mix (value, endValue) (2.0 * left / (float steps + left)) ((float steps - left) / (float steps + left))
        | Schedule.Noam(scale, modelSize, Known schedule warmup) ->
            let n = float t + 1.0
            scale / sqrt (float modelSize) * min (1.0 / sqrt n) (n / (float warmup * sqrt (float warmup)))
        | Schedule.Piecewise(value, values, interpolation) ->
            match interpolation, around schedule t 0L value values with
            | Interpolation.Anneal anneal, struct (start, value, ValueSome(struct (step, next))) ->
                between anneal (value, next) (float (t - start)) (float (step - start))
            | _, struct (_, value, _) -> value
        | Schedule.Warmup(Known schedule steps, part, start) ->
            if t < steps then
                between Anneal.Linear (start, valueAt 0L part) (float t) (float steps)
            else
                valueAt (t - steps) part
        | Schedule.Join(first, next) ->
            let struct (start, part, _) = around schedule t 0L first next
            valueAt (t - start) part
        | Schedule.Product(first, others) -> productAt t (valueAt t first) others
        | Schedule.Own own -> own.At t

    and private productAt (t: int64) (product: float) (others: Schedule list) : float =
        match others with
        | [] -> product
        | other :: rest -> productAt t (times product (valueAt t other)) rest
