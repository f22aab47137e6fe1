namespace CuteDl.Core.Optimizers

/// <summary>The shape of a change between two values.</summary>
[<RequireQualifiedAccess>]
type Anneal =
    /// <summary>Half a cosine wave: slow at both ends.</summary>
    | Cosine
    /// <summary>A straight line.</summary>
    | Linear

/// <summary>The values of a piecewise schedule between two given steps.</summary>
[<RequireQualifiedAccess>]
type Interpolation =
    /// <summary>A value stays until the next given step.</summary>
    | Constant
    /// <summary>The value changes continuously between two given steps.</summary>
    | Anneal of Anneal

/// <summary>The change of the peaks of a cyclic schedule.</summary>
[<RequireQualifiedAccess>]
type CyclicMode =
    /// <summary>All peaks are equal.</summary>
    | Triangular
    /// <summary>The height above the base halves at each cycle.</summary>
    | Triangular2
    /// <summary>The height above the base is multiplied by γ at each step; γ in (0, 1].</summary>
    | ExponentialRange of gamma: float

/// <summary>
/// A value for each step t = 0, 1, 2, ... It is a function of t alone, so that a run can resume at any step. Values, ends, peaks, bases and
/// starts are at least 0 and finite. Step counts are whole and at least 1, unless stated otherwise, or shares of the run.
/// </summary>
/// <remarks>
/// The constructors check nothing; <c>Schedule.validated</c> does. Two schedules are equal if all their numbers, and the names of schedules of
/// one's own, are equal.
/// </remarks>
[<RequireQualifiedAccess; NoComparison>]
type Schedule =
    /// <summary>v at every step.</summary>
    | Constant of value: float
    /// <summary>v · factor^⌊t / every⌋; factor in (0, ∞).</summary>
    | Step of value: float * every: StepCount * factor: float
    /// <summary>v · factor^n, where n milestones are at most t; milestones ascending, factor in (0, ∞).</summary>
    | MultiStep of value: float * milestones: StepCount list * factor: float
    /// <summary>v · factor^(t / every); factor in (0, ∞).</summary>
    | Exponential of value: float * factor: float * every: StepCount
    /// <summary>v / (1 + rate · t)^power; rate and power at least 0.</summary>
    | InverseTime of value: float * rate: float * power: float
    /// <summary>A straight line from v at step 0 to the end at <c>steps</c>; constant from there.</summary>
    | Linear of value: float * steps: StepCount * endValue: float
    /// <summary>end + (v − end) · (1 − t / steps)^power; the end from <c>steps</c> on. Power in (0, ∞).</summary>
    | Polynomial of value: float * steps: StepCount * endValue: float * power: float
    /// <summary>
    /// end + (v − end) · (1 + cos(π t / steps)) / 2; the end from <c>steps</c> on, as in Optax and Keras. In PyTorch the wave continues and
    /// rises again.
    /// </summary>
    | Cosine of value: float * steps: StepCount * endValue: float
    /// <summary>
    /// Repeats the cosine. Cycle i = 0, 1, ... has steps · growth^i steps and starts at end + (v − end) · peakFactor^i;
    /// peakFactor in (0, 1].
    /// </summary>
    | WarmRestarts of value: float * steps: StepCount * endValue: float * growth: int64 * peakFactor: float
    /// <summary>
    /// From peak / divFactor to the peak at step pctStart · steps − 1, then to peak / divFactor / finalDivFactor at step steps − 1;
    /// constant from there. The peak can be between two steps. pctStart in [0, 1], the others in (0, ∞).
    /// </summary>
    | OneCycle of peak: float * steps: StepCount * pctStart: float * divFactor: float * finalDivFactor: float * anneal: Anneal
    /// <summary>Repeats straight lines from the base to max in <c>up</c> steps and back in <c>down</c> steps.</summary>
    | Cyclic of baseValue: float * max: float * up: StepCount * down: StepCount * mode: CyclicMode
    /// <summary>
    /// A straight line from the start at step 0 to v at <c>warmup</c>, v for <c>stable</c> steps, then a straight line to the end in
    /// <c>decay</c> steps; constant from there. Warmup and stable are at least 0.
    /// </summary>
    | Wsd of value: float * warmup: StepCount * stable: StepCount * decay: StepCount * endValue: float * start: float
    /// <summary>
    /// A straight line from 0 at step 0 to v at <c>warmup</c>, then a straight line to 0 at <c>steps</c>; 0 from there. Warmup is at least
    /// 0 and smaller than steps.
    /// </summary>
    | LinearToZero of value: float * steps: StepCount * warmup: StepCount
    /// <summary>
    /// A straight line from 0 at step 0 to v at <c>warmup</c>, then v / √(1 + (t − warmup) / timescale).
    /// </summary>
    | InverseSqrt of value: float * warmup: StepCount * timescale: StepCount
    /// <summary>end + (v − end) · (1 − p) / (½ + ½ (1 − p)) where p = t / steps; the end from <c>steps</c> on.</summary>
    | Rex of value: float * steps: StepCount * endValue: float
    /// <summary>scale · modelSize^−½ · min(n^−½, n · warmup^−1½) where n = t + 1.</summary>
    | Noam of scale: float * modelSize: int64 * warmup: StepCount
    /// <summary>v from step 0 on, and each further value from its step on; steps ascending.</summary>
    | Piecewise of value: float * values: (StepCount * float) list * interpolation: Interpolation
    /// <summary>
    /// A straight line from the start at step 0 to the first value of the schedule, then the schedule, counted from the end of the line. With
    /// 0 steps, the schedule itself.
    /// </summary>
    | Warmup of steps: StepCount * schedule: Schedule * start: float
    /// <summary>Each schedule until the step at which the next starts, counted from its own start; steps ascending.</summary>
    | Join of first: Schedule * next: (StepCount * Schedule) list
    /// <summary>The product of schedules at the same step.</summary>
    | Product of first: Schedule * others: Schedule list
    /// <summary>A schedule of one's own. Its values can be any numbers that the scheduled argument allows.</summary>
    | Own of schedule: OwnSchedule

    /// The text form as a syntax node.
    member internal schedule.Node: Node =
        let write kind first repeated named = ScheduleArguments.write kind first repeated named
        let number = Term.Number
        let whole (value: int64) = Term.Number(float value)
        let count (value: StepCount) = value.Term
        let word name = Term.Call(name, [])
        let part (schedule: Schedule) = schedule.Node.Term

        let anneal =
            function
            | Anneal.Cosine -> word "cosine"
            | Anneal.Linear -> word "linear"

        match schedule with
        | Constant value -> { At = 0; Term = number value }
        | Step(value, every, factor) -> write Schedules.step [ number value ] [] [ count every; number factor ]
        | MultiStep(value, milestones, factor) -> write Schedules.multiStep [ number value ] (List.map count milestones) [ number factor ]
        | Exponential(value, factor, every) -> write Schedules.exponential [ number value ] [] [ number factor; count every ]
        | InverseTime(value, rate, power) -> write Schedules.inverseTime [ number value ] [] [ number rate; number power ]
        | Linear(value, steps, endValue) -> write Schedules.linear [ number value ] [] [ count steps; number endValue ]
        | Polynomial(value, steps, endValue, power) ->
            write Schedules.polynomial [ number value ] [] [ count steps; number endValue; number power ]
        | Cosine(value, steps, endValue) -> write Schedules.cosine [ number value ] [] [ count steps; number endValue ]
        | WarmRestarts(value, steps, endValue, growth, peakFactor) ->
            [ count steps; number endValue; whole growth; number peakFactor ]
            |> write Schedules.warmRestarts [ number value ] []
        | OneCycle(peak, steps, pctStart, divFactor, finalDivFactor, shape) ->
            [ count steps; number pctStart; number divFactor; number finalDivFactor; anneal shape ]
            |> write Schedules.oneCycle [ number peak ] []
        | Cyclic(baseValue, max, up, down, mode) ->
            let mode, gamma =
                match mode with
                | CyclicMode.Triangular -> "triangular", 1.0
                | CyclicMode.Triangular2 -> "triangular2", 1.0
                | CyclicMode.ExponentialRange gamma -> "exp_range", gamma

            write Schedules.cyclic [ number baseValue ] [] [ number max; count up; count down; word mode; number gamma ]
        | Wsd(value, warmup, stable, decay, endValue, start) ->
            [ count warmup; count stable; count decay; number endValue; number start ]
            |> write Schedules.wsd [ number value ] []
        | LinearToZero(value, steps, warmup) -> write Schedules.linearToZero [ number value ] [] [ count steps; count warmup ]
        | InverseSqrt(value, warmup, timescale) -> write Schedules.inverseSqrt [ number value ] [] [ count warmup; count timescale ]
        | Rex(value, steps, endValue) -> write Schedules.rex [ number value ] [] [ count steps; number endValue ]
        | Noam(scale, modelSize, warmup) -> write Schedules.noam [ number scale ] [] [ whole modelSize; count warmup ]
        | Piecewise(value, values, interpolation) ->
            let interpolation =
                match interpolation with
                | Interpolation.Constant -> word "constant"
                | Interpolation.Anneal shape -> anneal shape

            write
                Schedules.piecewise
                [ number value ]
                [ for step, value in values do
                      count step
                      number value ]
                [ interpolation ]
        | Warmup(steps, schedule, start) -> write Schedules.warmup [ count steps; part schedule ] [] [ number start ]
        | Join(first, next) ->
            write
                Schedules.join
                [ part first ]
                [ for step, schedule in next do
                      count step
                      part schedule ]
                []
        | Product(first, others) -> write Schedules.product [ part first ] (List.map part others) []
        | Own own -> { At = 0; Term = word own.Name }

    /// <summary>Returns the text form, <c>cosine(0.1, steps=50, end=0.001)</c>, without arguments that have their defaults.</summary>
    override schedule.ToString() = Syntax.print schedule.Node
