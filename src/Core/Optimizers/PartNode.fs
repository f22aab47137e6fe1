namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers

/// A part at its place in an optimizer: what it remembers, and how far it is in the step at hand.
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
    // The part itself, or one of those that it is made of.
    let select (part: IPart) =
        match part with
        | :? ICompositeRule as composite -> composite.Parts[componentIndex]
        | _ -> part

    let part = select (if scheduled.IsEmpty then whole else Scheduled.within whole scheduled)

    let preparing =
        match part with
        | :? IPreparingRule as rule -> ValueSome rule
        | _ -> ValueNone

    let observing =
        match part with
        | :? IObservingRule as rule -> ValueSome rule
        | _ -> ValueNone

    let ownMemory =
        match preparing with
        | ValueSome rule -> Seq.toList (rule.Memory tensors.Length)
        | ValueNone -> []

    let plateaus =
        [ for argument, setting in scheduled do
              match setting with
              | Setting.Plateau plateau -> argument, plateau
              | Setting.Schedule _ -> () ]

    // All are 0 at first: a loss counts as best once there was any.
    let plateauNumbers = [ "losses"; "best"; "waited"; "cooldown"; "reductions" ]

    // Of the parts of a composite the first one observes losses for all.
    let observesLosses = componentIndex = 0

    let memoryNames =
        ownMemory
        @ [ if observesLosses then
                for argument, _ in plateaus do
                    for number in plateauNumbers -> $"{argument.Name}.{number}" ]

    let placeOfPlateau (start: int) (index: int) = start + index * plateauNumbers.Length

    let readPlateau (memory: float array) (at: int) : PlateauState =
        if memory[at] = 0.0 then
            Plateau.initial
        else
            { Best = memory[at + 1]
              Waited = int64 memory[at + 2]
              CooldownLeft = int64 memory[at + 3]
              Reductions = int64 memory[at + 4] }

    let gate =
        match part with
        | :? IGate as gate -> ValueSome gate
        | _ -> ValueNone

    let current =
        if scheduled.IsEmpty then
            ValueNone
        else
            ValueSome(ScheduledPart(whole, select, [| for argument, _ in scheduled -> argument |]))

    // Where each of its tensors begins among its own elements.
    let starts = Array.scan (+) 0 lengths

    // One sum and one number for each tensor that is not frozen; without sums and numbers, if the part does not look.
    let decisionOver (count: int) =
        match observing, preparing with
        | ValueSome rule, _ -> Decision(rule.Sums, rule.Numbers, count)
        | _, ValueSome rule -> Decision(0, rule.Numbers, count)
        | _ -> Decision(0, 0, count)

    member _.Path = path
    member _.Kind = kind
    member _.Tensors = tensors
    member val SlotNames = Seq.toList part.Slots
    member val SlotCount = part.Slots.Count
    member _.MemoryNames = memoryNames
    member _.Length = Array.last starts
    member _.Start(indexAmongTensors: int) = starts[indexAmongTensors]
    member _.First = part

    /// How many numbers are the part's own; those of plateaus follow.
    member _.OwnMemoryCount = ownMemory.Length

    /// True if something in the state belongs to single tensors: slots, or a number for each tensor.
    member val KeepsByTensor =
        part.Slots.Count > 0
        || (match preparing with
            | ValueSome rule -> (rule.Memory 1).Count <> (rule.Memory 2).Count
            | ValueNone -> false)

    /// Leaves frozen tensors out of what the part looks at and decides. Their place in the state stays.
    member node.Activate(isActive: int -> bool) : unit =
        node.ActiveCount <- tensors |> Array.filter isActive |> Array.length
        node.Decision <- decisionOver node.ActiveCount

    /// The number of tensors that take steps.
    member val ActiveCount = tensors.Length with get, set

    /// Gives it a place for its numbers; how many there are.
    member node.PlaceMemory(start: int, previous: PartNode voption) : int =
        node.MemoryBase <- start

        node.PlateauBase <-
            match previous with
            | ValueSome first when not observesLosses -> first.PlateauBase
            | _ -> start + ownMemory.Length

        memoryNames.Length

    /// The name of a slot or a number in the whole optimizer.
    member _.Name(name: string) = if path = "" then name else $"{path}.{name}"

    // Places in the state, given when all parts are known.
    member val SlotBase = 0 with get, set
    member val Stride = 0 with get, set
    member val MemoryBase = 0 with get, set
    member val PlateauBase = 0 with get, set
    member val Index = 0 with get, set

    // In the step at hand.
    member val Part: IPart = part with get, set
    member node.NeedsParametersNow: bool = node.Part.NeedsParameters
    member val Rule: IRule | null = null with get, set
    member val Preparing: IPreparingRule | null = null with get, set
    member val Observing: IObservingRule | null = null with get, set
    member val Step = 0L with get, set
    member val HasBegun = false with get, set
    /// Whether any of its tensors came to it: it may have begun, and a gate in front of it that looks first was then closed.
    member val IsReached = false with get, set
    member val IsOpen = true with get, set
    member val IsDecided = false with get, set
    member val Observed = 0 with get, set

    /// What it has seen and decided.
    member val Decision = decisionOver tensors.Length with get, set

    /// Whether it looks at each block before its law runs over it, for the next step.
    member val Looks =
        match observing with
        | ValueSome rule -> not rule.Waits
        | ValueNone -> false

    /// Takes a validation loss into the plateaus' numbers.
    member node.Observe(memory: float array, loss: float) : unit =
        for i, (_, plateau) in List.indexed (if observesLosses then plateaus else []) do
            let at = placeOfPlateau node.PlateauBase i
            let next = Plateau.observe plateau (readPlateau memory at) loss
            memory[at] <- memory[at] + 1.0
            memory[at + 1] <- next.Best
            memory[at + 2] <- float next.Waited
            memory[at + 3] <- float next.CooldownLeft
            memory[at + 4] <- float next.Reductions

    /// Whether it may throw when it decides.
    member node.MayThrow =
        match gate with
        | ValueSome gate when node.HasBegun -> gate.MayThrow node.Decision
        | _ -> false

    /// Takes the hyper-parameters of a step, counted from 1.
    member node.Begin(step: int64, memory: float array) : unit =
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
                        Plateau.valueAfter plateau memory[at + 4]

                if not (argument.Allows value) then
                    raise (
                        ArgumentOutOfRangeException(
                            argument.Name,
                            value,
                            $"{argument.Name} of {kind.Name} follows {setting}, which gives this at step {step - 1L}; {argument.Allowed} is allowed."
                        )
                    )

                current.Set(index, value)
                index <- index + 1

            if current.Problem <> "" then
                raise (ArgumentException($"{kind.Name}, by its schedules at step {step - 1L}: {current.Problem}", kind.Name))

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

        node.Observing <-
            (match node.Part with
             | :? IObservingRule as rule -> rule
             | _ -> null
            : IObservingRule | null)
