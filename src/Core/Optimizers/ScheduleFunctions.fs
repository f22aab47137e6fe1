namespace CuteDl.Core.Optimizers

open System

/// <summary>Computes, parses and checks schedules.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Schedule =

    /// <summary>
    /// Returns the value at a step. It depends only on the step. It is finite and at least 0, unless the schedule has one of one's own.
    /// </summary>
    /// <param name="schedule">A valid schedule without shares of the run.</param>
    /// <param name="step">The step t = 0, 1, 2, ...</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The step is negative.</exception>
    /// <exception cref="T:System.ArgumentException">The value depends on the length of the run: see <c>forRun</c>.</exception>
    let at (schedule: Schedule) (step: int64) : float =
        ArgumentOutOfRangeException.ThrowIfNegative(step, nameof step)
        ScheduleValue.valueAt step schedule

    let private anneal (word: string) = if word = "linear" then Anneal.Linear else Anneal.Cosine

    /// Reads pairs of a step and the value or schedule that starts there.
    let private pairs (read: Node -> 'part) (given: ScheduleArguments) : (StepCount * 'part) list =
        [ for together in given.Repeats -> ScheduleArguments.Count together[0], read together[1] ]

    let private cyclicMode (text: string) (given: ScheduleArguments) =
        let gamma = given.Number "gamma"

        match given.Word "mode" with
        | "exp_range" -> CyclicMode.ExponentialRange gamma
        | mode when gamma <> 1.0 ->
            raise (
                ExpressionException(
                    text,
                    given.Node("gamma").At,
                    $"gamma is given, but mode is {mode}. Omit gamma, or use mode=exp_range.",
                    "gamma"
                )
            )
        | "triangular2" -> CyclicMode.Triangular2
        | _ -> CyclicMode.Triangular

    let private linearToZero (text: string) (given: ScheduleArguments) =
        let steps, warmup = given.Count "steps", given.Count "warmup"

        // A number and a share can be compared only in a run.
        let isShorter =
            match warmup, steps with
            | Steps warmup, Steps steps -> warmup < steps
            | Percent warmup, Percent steps -> warmup < steps
            | Steps _, Percent _
            | Percent _, Steps _ -> true

        if not isShorter then
            raise (
                ExpressionException(
                    text,
                    given.Node("warmup").At,
                    $"The warmup of linear_to_zero is {warmup}, but steps is {steps}. Give a warmup smaller than steps.",
                    "warmup"
                )
            )

        Schedule.LinearToZero(given.Number "value", steps, warmup)

    /// Builds each kind of schedule from its arguments. The second function reads the schedules inside it.
    let private makers: (ScheduleKind * (string -> (Node -> Schedule) -> ScheduleArguments -> Schedule)) list =
        [ Schedules.constant, (fun _ _ given -> Schedule.Constant(given.Number "value"))
          Schedules.step, (fun _ _ given -> Schedule.Step(given.Number "value", given.Count "every", given.Number "factor"))
          Schedules.multiStep,
          (fun _ _ given ->
              let milestones = [ for together in given.Repeats -> ScheduleArguments.Count together[0] ]
              Schedule.MultiStep(given.Number "value", milestones, given.Number "factor"))
          Schedules.exponential, (fun _ _ given -> Schedule.Exponential(given.Number "value", given.Number "factor", given.Count "every"))
          Schedules.inverseTime, (fun _ _ given -> Schedule.InverseTime(given.Number "value", given.Number "rate", given.Number "power"))
          Schedules.linear, (fun _ _ given -> Schedule.Linear(given.Number "value", given.Count "steps", given.Number "end"))
          Schedules.polynomial,
          (fun _ _ given -> Schedule.Polynomial(given.Number "value", given.Count "steps", given.Number "end", given.Number "power"))
          Schedules.cosine, (fun _ _ given -> Schedule.Cosine(given.Number "value", given.Count "steps", given.Number "end"))
          Schedules.warmRestarts,
          (fun _ _ given ->
              Schedule.WarmRestarts(
                  given.Number "value",
                  given.Count "steps",
                  given.Number "end",
                  given.Whole "growth",
                  given.Number "peak_factor"
              ))
          Schedules.oneCycle,
          (fun _ _ given ->
              Schedule.OneCycle(
                  given.Number "peak",
                  given.Count "steps",
                  given.Number "pct_start",
                  given.Number "div_factor",
                  given.Number "final_div_factor",
                  anneal (given.Word "anneal")
              ))
          Schedules.cyclic,
          (fun text _ given ->
              Schedule.Cyclic(given.Number "base", given.Number "max", given.Count "up", given.Count "down", cyclicMode text given))
          Schedules.wsd,
          (fun _ _ given ->
              Schedule.Wsd(
                  given.Number "value",
                  given.Count "warmup",
                  given.Count "stable",
                  given.Count "decay",
                  given.Number "end",
                  given.Number "start"
              ))
          Schedules.linearToZero, (fun text _ given -> linearToZero text given)
          Schedules.inverseSqrt,
          (fun _ _ given -> Schedule.InverseSqrt(given.Number "value", given.Count "warmup", given.Count "timescale"))
          Schedules.rex, (fun _ _ given -> Schedule.Rex(given.Number "value", given.Count "steps", given.Number "end"))
          Schedules.noam, (fun _ _ given -> Schedule.Noam(given.Number "scale", given.Whole "model_size", given.Count "warmup"))
          Schedules.piecewise,
          (fun _ _ given ->
              let interpolation =
                  match given.Word "interpolation" with
                  | "constant" -> Interpolation.Constant
                  | shape -> Interpolation.Anneal(anneal shape)

              Schedule.Piecewise(given.Number "value", pairs ScheduleArguments.Number given, interpolation))
          Schedules.warmup, (fun _ part given -> Schedule.Warmup(given.Count "steps", part (given.Node "schedule"), given.Number "start"))
          Schedules.join, (fun _ part given -> Schedule.Join(part (given.Node "schedule"), pairs part given))
          Schedules.product,
          (fun _ part given -> Schedule.Product(part (given.Node "schedule"), [ for together in given.Repeats -> part together[0] ])) ]

    /// <summary>Reads a schedule from a part of a text form. A bare number is a constant.</summary>
    /// <param name="own">The schedules of one's own that the text can name.</param>
    /// <param name="text">The whole text, for messages.</param>
    /// <param name="node">The part.</param>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// The schedule or an argument is unknown, an argument is missing or out of range, or the part is not a schedule.
    /// </exception>
    let rec ofNode (own: OwnSchedule seq) (text: string) (node: Node) : Schedule =
        let fail problem : 'any = raise (ExpressionException(text, node.At, problem))

        let known =
            [ for kind in Schedules.all -> kind.Name
              for schedule in own -> schedule.Name ]

        let make (kind, maker) entries =
            ScheduleArguments.read text kind node.At entries |> maker text (ofNode own text)

        match node.Term with
        | Term.Number _ ->
            let entry = { Name = ValueNone; At = node.At; Value = node }
            let given = ScheduleArguments.read text Schedules.constant node.At [ entry ]
            Schedule.Constant(given.Number "value")
        | Term.Call(name, entries) ->
            match makers |> List.tryFind (fun (kind: ScheduleKind, _) -> kind.IsNamed name), OwnSchedules.tryFind name own with
            | Some maker, _ -> make maker entries
            | None, Some schedule when entries.IsEmpty -> Schedule.Own schedule
            | None, Some schedule -> fail $"{schedule} is a schedule of your own and has no arguments. Write {schedule}."
            | None, None when Schedules.plateau.IsNamed name ->
                fail "plateau follows the validation loss, not the step. It cannot be part of another schedule."
            | None, None ->
                let unregistered = if entries.IsEmpty then " Add a schedule of your own to the registry." else ""
                fail $"No schedule is named {Quotation.quote name}. {Suggestion.describe known name}{unregistered}"
        | _ -> fail $"{Syntax.describe node} is not a schedule. Give a number or a schedule. {Suggestion.describe known String.Empty}"

    /// <summary>Parses a schedule that may be, or contain, schedules of one's own.</summary>
    /// <param name="own">The schedules of one's own that the text can name, such as those of a registry.</param>
    /// <param name="text">The text form.</param>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The text is not a valid schedule.</exception>
    let parseWith (own: OwnSchedule seq) (text: string) : Schedule = ofNode own text (Syntax.parse text)

    /// <summary>Parses a schedule: <c>parse (string schedule) = schedule</c>.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The text is not a valid schedule.</exception>
    let parse (text: string) : Schedule = parseWith [] text

    /// <summary>Creates a schedule of one's own from any function of the step. A registry reads its text form, which is its name.</summary>
    /// <param name="name">The name: small letters, digits and underscores.</param>
    /// <param name="value">Returns the value at a step t = 0, 1, 2, ... It must depend only on the step.</param>
    /// <exception cref="T:System.ArgumentException">The name is not valid, or belongs to a schedule of the library.</exception>
    let own (name: string) (value: int64 -> float) : Schedule = Schedule.Own(OwnSchedule(name, Func<int64, float> value))

    /// <summary>Returns the schedules of one's own in a schedule, each once.</summary>
    /// <exception cref="T:System.ArgumentException">Two of one name have different functions.</exception>
    let ownSchedules (schedule: Schedule) : OwnSchedule list = OwnSchedules.distinct (RunLength.ownSchedules schedule)

    /// <summary>Checks all numbers of a schedule, and returns it.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">
    /// A number is out of range. The exception has the name of the argument in the text form.
    /// </exception>
    /// <exception cref="T:System.ArgumentException">Two schedules of one's own have one name and different functions.</exception>
    let validated (schedule: Schedule) : Schedule =
        // Parsing the text form checks all ranges, so one table of ranges is enough.
        try
            ofNode (ownSchedules schedule) (string schedule) schedule.Node
        with :? ExpressionException as error ->
            raise (
                ArgumentOutOfRangeException(
                    Option.defaultValue (nameof schedule) (Option.ofObj error.ArgumentName),
                    string schedule,
                    error.Problem
                )
            )

    /// <summary>True if a number of steps in the schedule is a share of the run.</summary>
    let dependsOnRun (schedule: Schedule) : bool = RunLength.hasShare schedule

    /// <summary>
    /// Replaces the shares of the run in a schedule by numbers of steps. Each is rounded to the nearest number, halves upwards, and is at least
    /// the smallest number that is allowed. Schedules without shares do not change.
    /// </summary>
    /// <param name="run">The number of steps of the run, from 1 to 2⁵³.</param>
    /// <param name="schedule">The schedule.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number of steps is out of range.</exception>
    /// <exception cref="T:System.ArgumentException">In a run of this length, numbers and shares of the schedule do not fit each other.</exception>
    let forRun (run: int64) (schedule: Schedule) : Schedule =
        RunLength.check run

        if dependsOnRun schedule then
            try
                validated (RunLength.replace run schedule)
            with :? ArgumentOutOfRangeException as error ->
                raise (
                    ArgumentException(
                        $"{Quotation.shorten (string schedule)} is not valid in a run of {run} steps. {Refusal.sentence error}",
                        nameof schedule
                    )
                )
        else
            schedule

    /// Returns the value at the first step. In a schedule with shares, it is that of a run in which no share rounds to 0.
    let internal first (schedule: Schedule) : float =
        ScheduleValue.valueAt 0L (if dependsOnRun schedule then RunLength.replace (1L <<< 40) schedule else schedule)
