namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers

/// A part within an optimizer, and its place in the state. A plan creates it and never changes it afterwards, so any number of steps can
/// share it.
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

    let ownScalars =
        match preparing with
        | ValueSome rule -> Seq.toList (rule.Scalars tensors.Length)
        | ValueNone -> []

    // The scalars for each tensor, and those for all tensors together.
    let struct (scalarsByTensor, commonScalars) =
        match preparing with
        | ValueSome rule ->
            let ofOne, ofTwo = (rule.Scalars 1).Count, (rule.Scalars 2).Count
            struct (ofTwo - ofOne, 2 * ofOne - ofTwo)
        | ValueNone -> struct (0, 0)

    let keepsScalarByTensor = scalarsByTensor <> 0

    let plateaus =
        [ for argument, setting in scheduled do
              match setting with
              | Setting.Plateau plateau -> argument, plateau
              | Setting.Schedule _ -> () ]

    // The number of plateaus before each hyper-parameter in the list of settings.
    let plateauIndex =
        scheduled
        |> Seq.scan
            (fun count (_, setting) ->
                match setting with
                | Setting.Plateau _ -> count + 1
                | Setting.Schedule _ -> count)
            0
        |> Seq.toArray

    // All are 0 at first. The best loss is valid once a loss was reported.
    let plateauNumbers = [ "losses"; "best"; "waited"; "cooldown"; "reductions" ]

    // The first component of a composite observes losses for all.
    let observesLosses = componentIndex = 0

    let scalarNames =
        ownScalars
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

    // Scalars of a tensor are only known to be its own if there is one for each tensor.
    let isSeparate =
        gate.IsNone
        && commonScalars = 0
        && (scalarsByTensor = 0 || scalarsByTensor = 1)
        && (reducing.IsNone || kind.Has Trait.SeparateTensors)

    let isRate (argument: Argument) = argument.Name = "lr"

    let rate =
        match List.tryFind isRate kind.Arguments with
        | Some argument -> argument.Get whole
        | None -> 1.0

    // The start of each tensor among the elements of the part.
    let starts = Array.scan (+) 0 lengths

    member _.Path = path
    member _.Kind = kind
    member _.Tensors = tensors
    member val SlotNames = Seq.toList part.Slots
    member val SlotCount = part.Slots.Count
    member _.ScalarNames = scalarNames
    member _.Length = Array.last starts
    member _.Start(indexAmongTensors: int) = starts[indexAmongTensors]
    /// The part with the hyper-parameters of the first step.
    member _.First = part
    /// The learning rate without its schedule; 1 if the part has none.
    member _.Rate: float = rate
    /// True for the argument that is the learning rate.
    member _.IsRate(argument: Argument) = isRate argument
    /// The rule whose learning rate the part reads.
    member val RateSource: PartNode voption = ValueNone with get, set
    /// True if a later part compares its step with the gradient that enters this rule.
    member val KeepsGradient = false with get, set
    /// True if the gradient of the rule before the part takes the place of the parameters.
    member val ReadsGradient = part :? IGradientReader
    /// True if a rule is before the part.
    member val FollowsRule = false with get, set
    /// The hyper-parameters that follow schedules.
    member _.Scheduled = scheduled
    /// True for a part that is no component, and for the first component of a composite.
    member _.IsFirstComponent = componentIndex = 0
    /// The part if it can throw or close after other parts have run.
    member _.Gate = gate

    /// The number of the part's own scalars. The scalars of plateaus come after them.
    member _.OwnScalarCount = ownScalars.Length

    /// True if the state has something for single tensors: slots, or a scalar for each tensor.
    member val KeepsByTensor = part.Slots.Count > 0 || keepsScalarByTensor

    /// True if each of its scalars belongs to one tensor, false if they belong to all tensors together.
    member _.KeepsScalarByTensor = keepsScalarByTensor

    /// True if no tensor depends on another one in this part. Each tensor then has its own count of steps.
    member _.IsSeparate = isSeparate

    /// True if some of its tensors can be without a gradient in a step. A part that keeps nothing for a tensor just leaves them out.
    member node.AllowsAbsence = isSeparate || not node.KeepsByTensor

    /// The number of tensors that take steps. Frozen tensors keep their place in the state, and take no part in reductions and decisions.
    member val ActiveCount = tensors.Length with get, set

    /// Creates the decision of a step, over the tensors that take steps.
    member node.NewDecision() : StepDecision =
        match reducing, preparing with
        | ValueSome rule, _ -> StepDecision(rule.Sums, rule.Coefficients, node.ActiveCount, keepsScalarByTensor)
        | _, ValueSome rule -> StepDecision(0, rule.Coefficients, node.ActiveCount, keepsScalarByTensor)
        | _ -> StepDecision(0, 0, node.ActiveCount, false)

    /// Creates the writer of the hyper-parameters that follow schedules; none if all are constant.
    member _.NewScheduledPart() : ScheduledPart voption =
        if scheduled.IsEmpty then
            ValueNone
        else
            ValueSome(ScheduledPart(whole, select, [| for argument, _ in scheduled -> argument |]))

    /// Assigns a place in the state to its scalars. Returns their number.
    member node.PlaceScalars(start: int, previous: PartNode voption) : int =
        node.ScalarBase <- start

        node.PlateauBase <-
            match previous with
            | ValueSome first when not observesLosses -> first.PlateauBase
            | _ -> start + ownScalars.Length

        scalarNames.Length

    /// Returns the full name of a slot or scalar.
    member _.Name(name: string) = PartPath.ofValue path name

    // Places in the state, assigned once all parts are known.
    member val SlotBase = 0 with get, set
    member val Stride = 0 with get, set
    member val ScalarBase = 0 with get, set
    member val PlateauBase = 0 with get, set
    member val Index = 0 with get, set

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

    /// Returns the value of a hyper-parameter that follows a schedule or a plateau, for the step after a number of steps. Its index is that in
    /// <c>Scheduled</c>.
    member node.ValueAt(index: int, setting: Setting, steps: int64, scalars: float array) : float =
        match setting with
        | Setting.Schedule schedule -> Schedule.at schedule steps
        | Setting.Plateau plateau -> Plateau.valueAfter plateau scalars[placeOfPlateau node.PlateauBase plateauIndex[index] + 4]

    /// Returns the value of an argument in the step after a number of steps.
    member node.Current(argument: Argument, steps: int64, scalars: float array) : float =
        match scheduled |> List.tryFindIndex (fun (other, _) -> other.Name = argument.Name) with
        | Some index -> node.ValueAt(index, snd scheduled[index], steps, scalars)
        | None -> argument.Get whole

    /// Returns the hyper-parameters that are wanted of the step after a number of steps, by name.
    member node.Current(isWanted: Argument -> bool, steps: int64, scalars: float array) : (string * float) list =
        [ for argument in kind.Arguments do
              if isWanted argument then
                  node.Name argument.Name, node.Current(argument, steps, scalars) ]
