namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers

/// A part within an optimizer: its place in the state, and its progress in the current step.
[<Sealed>]
type internal PartNode
    (
        path: string,
        kind: RuleKind,
        whole: IPart,
        componentIndex: int,
        scheduled: (Argument * Setting) list,
        tensors: int array,
        lengths: int array
    ) =
    // The part itself, or one of its components.
    let select (part: IPart) =
        match part with
        | :? ICompositeRule as composite -> composite.Parts[componentIndex]
        | _ -> part

    let part = select (if scheduled.IsEmpty then whole else Scheduled.within whole scheduled)

    let preparing =
        match part with
        | :? IPreparingRule as rule -> ValueSome rule
        | _ -> ValueNone

    let reducing =
        match part with
        | :? IReducingRule as rule -> ValueSome rule
        | _ -> ValueNone

    let ownMemory =
        match preparing with
        | ValueSome rule -> Seq.toList (rule.Scalars tensors.Length)
        | ValueNone -> []

    let keepsScalarByTensor =
        match preparing with
        | ValueSome rule -> (rule.Scalars 1).Count <> (rule.Scalars 2).Count
        | ValueNone -> false

    let plateaus =
        [ for argument, setting in scheduled do
              match setting with
              | Setting.Plateau plateau -> argument, plateau
              | Setting.Schedule _ -> () ]

    // All are 0 at first. The best loss is valid once a loss was reported.
    let plateauNumbers = [ "losses"; "best"; "waited"; "cooldown"; "reductions" ]

    // The first component of a composite observes losses for all.
    let observesLosses = componentIndex = 0

    let memoryNames =
        ownMemory
        @ [ if observesLosses then
                for argument, _ in plateaus do
                    for number in plateauNumbers -> $"{argument.Name}.{number}" ]

    let placeOfPlateau (start: int) (index: int) = start + index * plateauNumbers.Length

    let readPlateau (scalars: float array) (at: int) : PlateauState =
        if scalars[at] = 0.0 then
            Plateau.initial
        else
            { Best = scalars[at + 1]
              Waited = int64 scalars[at + 2]
              CooldownLeft = int64 scalars[at + 3]
              Reductions = int64 scalars[at + 4] }

    let gate =
        match part with
        | :? IGate as gate -> ValueSome gate
        | _ -> ValueNone

    let current =
        if scheduled.IsEmpty then
            ValueNone
        else
            ValueSome(ScheduledPart(whole, select, [| for argument, _ in scheduled -> argument |]))

    // The start of each tensor among the elements of the part.
    let starts = Array.scan (+) 0 lengths

    // Sums and coefficients for each tensor that is not frozen.
    let decisionOver (count: int) =
        match reducing, preparing with
        | ValueSome rule, _ -> StepDecision(rule.Sums, rule.Coefficients, count)
        | _, ValueSome rule -> StepDecision(0, rule.Coefficients, count)
        | _ -> StepDecision(0, 0, count)

    member _.Path = path
    member _.Kind = kind
    member _.Tensors = tensors
    member val SlotNames = Seq.toList part.Slots
    member val SlotCount = part.Slots.Count
    member _.ScalarNames = memoryNames
    member _.Length = Array.last starts
    member _.Start(indexAmongTensors: int) = starts[indexAmongTensors]
    member _.First = part

    /// The number of the part's own scalars. The scalars of plateaus come after them.
    member _.OwnScalarCount = ownMemory.Length

    /// True if the state has something for single tensors: slots, or a scalar for each tensor.
    member val KeepsByTensor = part.Slots.Count > 0 || keepsScalarByTensor

    /// True if each of its scalars belongs to one tensor, false if they belong to all tensors together.
    member _.KeepsScalarByTensor = keepsScalarByTensor

    /// Excludes frozen tensors from reductions and decisions. The count is the number of remaining tensors. Frozen tensors keep their
    /// place in the state.
    member node.Activate(count: int) : unit =
        node.ActiveCount <- count
        node.Decision <- decisionOver count

    /// The number of tensors that take steps.
    member val ActiveCount = tensors.Length with get, set

    /// Assigns a place in the state to its scalars. Returns their number.
    member node.PlaceMemory(start: int, previous: PartNode voption) : int =
        node.ScalarBase <- start

        node.PlateauBase <-
            match previous with
            | ValueSome first when not observesLosses -> first.PlateauBase
            | _ -> start + ownMemory.Length

        memoryNames.Length

    /// Returns the full name of a slot or scalar.
    member _.Name(name: string) = if path = "" then name else $"{path}.{name}"

    // Places in the state, assigned once all parts are known.
    member val SlotBase = 0 with get, set
    member val Stride = 0 with get, set
    member val ScalarBase = 0 with get, set
    member val PlateauBase = 0 with get, set
    member val Index = 0 with get, set

    // The current step.
    member val Part: IPart = part with get, set
    member node.NeedsParametersNow: bool = node.Part.NeedsParameters
    member val Rule: IRule | null = null with get, set
    member val Preparing: IPreparingRule | null = null with get, set
    member val Reducing: IReducingRule | null = null with get, set
    member val Step = 0L with get, set
    member val HasBegun = false with get, set
    /// True once any of its tensors reached this part. A part can be started and never reached, if a reducing gate before it closes.
    member val IsReached = false with get, set
    member val IsOpen = true with get, set
    member val IsDecided = false with get, set
    member val Reduced = 0 with get, set

    /// Its sums and decisions.
    member val Decision = decisionOver tensors.Length with get, set

    /// True if it reduces each block before its update, for the next step.
    member val Reduces =
        match reducing with
        | ValueSome rule -> not rule.Waits
        | ValueNone -> false

    /// Updates the scalars of the plateaus with a validation loss.
    member node.Observe(scalars: float array, loss: float) : unit =
        for i, (_, plateau) in List.indexed (if observesLosses then plateaus else []) do
            let at = placeOfPlateau node.PlateauBase i
            let next = Plateau.observe plateau (readPlateau scalars at) loss
            scalars[at] <- scalars[at] + 1.0
            scalars[at + 1] <- next.Best
            scalars[at + 2] <- float next.Waited
            scalars[at + 3] <- float next.CooldownLeft
            scalars[at + 4] <- float next.Reductions

    /// True if its decision can throw.
    member node.MayThrow =
        match gate with
        | ValueSome gate when node.HasBegun -> gate.MayThrow node.Decision
        | _ -> false

    /// Sets the hyper-parameters of a step, counted from 1.
    member node.Begin(step: int64, scalars: float array) : unit =
        node.Step <- step

        match current with
        | ValueNone -> ()
        | ValueSome current ->
            current.Begin()
            let mutable index = 0
            let mutable plateausSoFar = 0

            for argument, setting in scheduled do
                let value =
                    match setting with
                    | Setting.Schedule schedule -> Schedule.at schedule (step - 1L)
                    | Setting.Plateau plateau ->
                        let at = placeOfPlateau node.PlateauBase plateausSoFar
                        plateausSoFar <- plateausSoFar + 1
                        Plateau.valueAfter plateau scalars[at + 4]

                if not (argument.Allows value) then
                    raise (
                        ArgumentOutOfRangeException(
                            argument.Name,
                            value,
                            $"{argument.Name} of {kind.Name} must {argument.Must}, but {setting} gives {argument.Write value} at step {step - 1L}. Change the schedule."
                        )
                    )

                current.Set(index, value)
                index <- index + 1

            if current.Problem <> "" then
                raise (
                    ArgumentException(
                        $"The schedules of {kind.Name} contradict each other at step {step - 1L}: {current.Problem}",
                        kind.Name
                    )
                )

            node.Part <- current.Part

        node.Rule <-
            (match node.Part with
             | :? IRule as rule -> rule
             | _ -> null
            : IRule | null)

        node.Preparing <-
            (match node.Part with
             | :? IPreparingRule as rule -> rule
             | _ -> null
            : IPreparingRule | null)

        node.Reducing <-
            (match node.Part with
             | :? IReducingRule as rule -> rule
             | _ -> null
            : IReducingRule | null)
