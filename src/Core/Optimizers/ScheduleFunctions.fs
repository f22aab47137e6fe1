namespace CuteDl.Core.Optimizers

open System

/// <summary>Computes, parses and checks schedules.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Schedule =

    /// <summary>Returns the value at a step. It is finite, at least 0, and depends only on the step.</summary>
    /// <param name="schedule">A valid schedule.</param>
    /// <param name="step">The step t = 0, 1, 2, ...</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The step is negative.</exception>
    let at (schedule: Schedule) (step: int64) : float =
        ArgumentOutOfRangeException.ThrowIfNegative(step, nameof step)
        ScheduleValue.valueAt step schedule

    let private anneal (word: string) = if word = "linear" then Anneal.Linear else Anneal.Cosine

    /// Reads pairs of a step and the value or schedule that starts there.
    let private pairs (read: Node -> 'part) (given: ScheduleArguments) : (int64 * 'part) list =
        [ for together in given.Repeats -> ScheduleArguments.Whole together[0], read together[1] ]

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
        let steps, warmup = given.Whole "steps", given.Whole "warmup"

        if warmup >= steps then
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
          Schedules.step, (fun _ _ given -> Schedule.Step(given.Number "value", given.Whole "every", given.Number "factor"))
          Schedules.multiStep,
          (fun _ _ given ->
              let milestones = [ for together in given.Repeats -> ScheduleArguments.Whole together[0] ]
              Schedule.MultiStep(given.Number "value", milestones, given.Number "factor"))
          Schedules.exponential, (fun _ _ given -> Schedule.Exponential(given.Number "value", given.Number "factor", given.Whole "every"))
          Schedules.inverseTime, (fun _ _ given -> Schedule.InverseTime(given.Number "value", given.Number "rate", given.Number "power"))
          Schedules.linear, (fun _ _ given -> Schedule.Linear(given.Number "value", given.Whole "steps", given.Number "end"))
          Schedules.polynomial,
          (fun _ _ given -> Schedule.Polynomial(given.Number "value", given.Whole "steps", given.Number "end", given.Number "power"))
          Schedules.cosine, (fun _ _ given -> Schedule.Cosine(given.Number "value", given.Whole "steps", given.Number "end"))
          Schedules.warmRestarts,
          (fun _ _ given ->
              Schedule.WarmRestarts(
                  given.Number "value",
                  given.Whole "steps",
                  given.Number "end",
                  given.Whole "growth",
                  given.Number "peak_factor"
              ))
          Schedules.oneCycle,
          (fun _ _ given ->
              Schedule.OneCycle(
                  given.Number "peak",
                  given.Whole "steps",
                  given.Number "pct_start",
                  given.Number "div_factor",
                  given.Number "final_div_factor",
                  anneal (given.Word "anneal")
              ))
          Schedules.cyclic,
          (fun text _ given ->
              Schedule.Cyclic(given.Number "base", given.Number "max", given.Whole "up", given.Whole "down", cyclicMode text given))
          Schedules.wsd,
          (fun _ _ given ->
              Schedule.Wsd(
                  given.Number "value",
                  given.Whole "warmup",
                  given.Whole "stable",
                  given.Whole "decay",
                  given.Number "end",
                  given.Number "start"
              ))
          Schedules.linearToZero, (fun text _ given -> linearToZero text given)
          Schedules.inverseSqrt,
          (fun _ _ given -> Schedule.InverseSqrt(given.Number "value", given.Whole "warmup", given.Whole "timescale"))
          Schedules.rex, (fun _ _ given -> Schedule.Rex(given.Number "value", given.Whole "steps", given.Number "end"))
          Schedules.noam, (fun _ _ given -> Schedule.Noam(given.Number "scale", given.Whole "model_size", given.Whole "warmup"))
          Schedules.piecewise,
          (fun _ _ given ->
              let interpolation =
                  match given.Word "interpolation" with
                  | "constant" -> Interpolation.Constant
                  | shape -> Interpolation.Anneal(anneal shape)

              Schedule.Piecewise(given.Number "value", pairs ScheduleArguments.Number given, interpolation))
          Schedules.warmup, (fun _ part given -> Schedule.Warmup(given.Whole "steps", part (given.Node "schedule"), given.Number "start"))
          Schedules.join, (fun _ part given -> Schedule.Join(part (given.Node "schedule"), pairs part given))
          Schedules.product,
          (fun _ part given -> Schedule.Product(part (given.Node "schedule"), [ for together in given.Repeats -> part together[0] ])) ]

    /// <summary>Reads a schedule from a part of a text form. A bare number is a constant.</summary>
    /// <param name="text">The whole text, for messages.</param>
    /// <param name="node">The part.</param>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// The schedule or an argument is unknown, an argument is missing or out of range, or the part is not a schedule.
    /// </exception>
    let rec ofNode (text: string) (node: Node) : Schedule =
        let fail problem : 'any = raise (ExpressionException(text, node.At, problem))
        let known = [ for kind in Schedules.all -> kind.Name ]
        let make (kind, maker) entries = ScheduleArguments.read text kind node.At entries |> maker text (ofNode text)

        match node.Term with
        | Term.Number _ ->
            let entry = { Name = ValueNone; At = node.At; Value = node }
            let given = ScheduleArguments.read text Schedules.constant node.At [ entry ]
            Schedule.Constant(given.Number "value")
        | Term.Call(name, entries) ->
            match makers |> List.tryFind (fun (kind: ScheduleKind, _) -> kind.IsNamed name) with
            | Some maker -> make maker entries
            | None when Schedules.plateau.IsNamed name ->
                fail "plateau follows the validation loss, not the step. It cannot be part of another schedule."
            | None -> fail $"No schedule is named {Quotation.quote name}. {Suggestion.describe known name}"
        | _ -> fail $"{Syntax.describe node} is not a schedule. Give a number or a schedule. {Suggestion.describe known String.Empty}"

    /// <summary>Parses a schedule: <c>parse (string schedule) = schedule</c>.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The text is not a valid schedule.</exception>
    let parse (text: string) : Schedule = ofNode text (Syntax.parse text)

    /// <summary>Checks all numbers of a schedule, and returns it.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">
    /// A number is out of range. The exception has the name of the argument in the text form.
    /// </exception>
    let validated (schedule: Schedule) : Schedule =
        // Parsing the text form checks all ranges, so one table of ranges is enough.
        try
            ofNode (string schedule) schedule.Node
        with :? ExpressionException as error ->
            raise (
                ArgumentOutOfRangeException(
                    Option.defaultValue (nameof schedule) (Option.ofObj error.ArgumentName),
                    string schedule,
                    error.Problem
                )
            )
