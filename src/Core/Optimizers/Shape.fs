namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// <summary>Where the value of a hyper-parameter comes from that is not the same at every step.</summary>
[<RequireQualifiedAccess; NoComparison>]
type Setting =
    /// <summary>A function of how many steps the part has taken.</summary>
    | Schedule of Schedule
    /// <summary>Reduced when the validation loss stops falling, which has to be reported to the state.</summary>
    | Plateau of Plateau

    /// <summary>The value before anything has happened.</summary>
    member setting.First =
        match setting with
        | Schedule schedule -> Schedule.at schedule 0L
        | Plateau plateau -> plateau.Value

    /// <summary>The text form.</summary>
    override setting.ToString() =
        match setting with
        | Schedule schedule -> string schedule
        | Plateau plateau -> string plateau

/// What the arguments that follow schedules are set to.
module internal Scheduled =
    /// The values before anything has happened.
    let first (part: IPart) (scheduled: (Argument * Setting) list) : IPart =
        scheduled |> List.fold (fun part (argument, setting) -> argument.Set(part, setting.First)) part

    /// A value well within a range.
    let middle (range: ArgumentRange) : float =
        if Double.IsInfinity range.Upper then range.Lower + 1.0 else (range.Lower + range.Upper) / 2.0

    /// Values well within the ranges: for what the part needs when nothing of it is switched off, such as the slot of a momentum that
    /// begins at 0.
    let within (part: IPart) (scheduled: (Argument * Setting) list) : IPart =
        scheduled |> List.fold (fun part (argument, _) -> argument.Set(part, middle argument.Range)) part

/// What an optimizer is made of.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal Shape =
    /// A rule or a transformation; the part holds the constants, and the settings what is scheduled.
    | Single of kind: RuleKind * part: IPart * scheduled: (Argument * Setting) list
    /// One after another, the Δ of each being the gradient of the next; two or more, none of them a chain.
    | Chain of Optimizer list
    /// Each tensor goes to the first pattern that its name matches.
    | Groups of ParameterGroup list

/// <summary>A pattern of tensors' names, and the optimizer of the tensors that match it.</summary>
and [<NoComparison>] ParameterGroup =
    {
        /// <summary>Such as <c>*.bias</c>: <c>*</c> stands for any characters, <c>?</c> for one.</summary>
        Pattern: string
        /// <summary>True if the group may have no tensor: <c>"*.bias"?: sgd</c> in the text form.</summary>
        IsOptional: bool
        /// <summary>The optimizer.</summary>
        Optimizer: Optimizer
    }

/// <summary>
/// An optimizer: a rule with its hyper-parameters, a transformation, a chain of them, or one for each group of parameters, as a
/// value. Two optimizers are equal if their text forms are.
/// </summary>
and [<Sealed>] Optimizer internal (shape: Shape) =

    static let compositeKind name summary =
        RuleKind(
            name,
            Role.Transformation,
            RuleKind.pageWithout summary "" "" [],
            { new IPart with
                member _.Slots = []
                member _.NeedsParameters = false },
            []
        )

    static let chainKind = compositeKind "chain" "one part after another"
    static let groupsKind = compositeKind "groups" "a part for each group of parameters"

    static let textOf (kind: RuleKind) (part: IPart) (scheduled: (Argument * Setting) list) =
        let arguments =
            [ for argument in kind.Arguments do
                  // What a transformation is all about needs no name.
                  let isObvious = kind.Role = Role.Transformation && argument.Name = kind.Arguments.Head.Name

                  let prefix = if isObvious then "" else argument.Name + "="

                  match scheduled |> List.tryFind (fun (other, _) -> other.Name = argument.Name) with
                  | Some(_, setting) -> $"{prefix}{setting}"
                  | None ->
                      let value = argument.Get part

                      if not (argument.IsTechnical && value.Equals argument.Default) then
                          $"{prefix}{argument.Write value}" ]

        let list = String.Join(", ", arguments)
        $"{kind.Name}({list})"

    do
        match shape with
        | Shape.Single(kind, part, scheduled) ->
            for argument in kind.Arguments do
                let value = argument.Get part

                if not (argument.Allows value) then
                    raise (argument.OutOfRange(kind.Name, value))

            match Scheduled.first part scheduled with
            | :? ICheckedPart as part when part.Problem <> "" -> raise (ArgumentException($"{kind.Name}: {part.Problem}", kind.Name))
            | _ -> ()
        | _ -> ()

    let text =
        match shape with
        | Shape.Single(kind, part, scheduled) -> textOf kind part scheduled
        | Shape.Chain parts -> String.Join(" | ", parts)
        | Shape.Groups groups ->
            let entries =
                [ for group in groups do
                      let colon = if group.IsOptional then "?:" else ":"
                      $"{Syntax.quote group.Pattern}{colon} {group.Optimizer}" ]

            "{ " + String.Join(", ", entries) + " }"

    member internal _.Shape: Shape = shape

    /// <summary>The kind of rule: its name, page and arguments. Chains and groups have kinds of their own, without arguments.</summary>
    member _.Kind =
        match shape with
        | Shape.Single(kind, _, _) -> kind
        | Shape.Chain _ -> chainKind
        | Shape.Groups _ -> groupsKind

    /// <summary>The names of its state's slots, as long as it is a single rule; a state knows all of its own.</summary>
    member _.SlotNames: string list =
        match shape with
        | Shape.Single(_, part, scheduled) -> Seq.toList (Scheduled.within part scheduled).Slots
        | _ -> []

    /// <summary>The parts of a chain in their order; the optimizer itself, if it is none.</summary>
    member optimizer.Parts: IReadOnlyList<Optimizer> =
        match shape with
        | Shape.Chain parts -> parts
        | _ -> [ optimizer ]

    /// <summary>The groups in their order; empty if it is not made of groups.</summary>
    member _.Groups: IReadOnlyList<ParameterGroup> =
        match shape with
        | Shape.Groups groups -> groups
        | Shape.Single _
        | Shape.Chain _ -> []

    /// <summary>The rule itself, for running it over elements of one's own.</summary>
    /// <exception cref="T:System.InvalidOperationException">It is a chain, made of groups, or not element by element.</exception>
    member _.Rule: IRule =
        match shape with
        | Shape.Single(_, (:? IRule as rule), _) -> rule
        | _ -> raise (InvalidOperationException $"{text} is not one rule that works element by element.")

    /// <summary>The hyper-parameters' values by the names of their arguments, in the order of the text form; those of step 0, where scheduled.</summary>
    member _.Values: IReadOnlyList<KeyValuePair<string, float>> =
        match shape with
        | Shape.Single(kind, part, scheduled) ->
            Array.AsReadOnly
                [| for argument in kind.Arguments ->
                       match scheduled |> List.tryFind (fun (other, _) -> other.Name = argument.Name) with
                       | Some(_, setting) -> KeyValuePair(argument.Name, setting.First)
                       | None -> KeyValuePair(argument.Name, argument.Get part) |]
        | _ -> Array.AsReadOnly [||]

    /// <summary>What changes with the steps or with the validation loss, by the names of the arguments.</summary>
    member _.Settings: IReadOnlyList<KeyValuePair<string, Setting>> =
        match shape with
        | Shape.Single(_, _, scheduled) -> [ for argument, setting in scheduled -> KeyValuePair(argument.Name, setting) ]
        | _ -> []

    /// <summary>The text form, <c>adam(lr=0.0001, beta1=0.9, beta2=0.99)</c>.</summary>
    override _.ToString() = text

    override _.Equals(other: obj | null) =
        match other with
        | :? Optimizer as other -> other.ToString() = text
        | _ -> false

    override _.GetHashCode() = text.GetHashCode StringComparison.Ordinal

/// The rules and transformations that an optimizer is made of, wherever they stand in it.
module internal Singles =
    /// All of them, in their order.
    let rec list (optimizer: Optimizer) : (RuleKind * IPart * (Argument * Setting) list) list =
        match optimizer.Shape with
        | Shape.Single(kind, part, scheduled) -> [ kind, part, scheduled ]
        | Shape.Chain parts -> List.collect list parts
        | Shape.Groups groups -> groups |> List.collect (_.Optimizer >> list)

    /// The same optimizer with others in their places.
    let rec map (change: RuleKind * IPart * (Argument * Setting) list -> Shape) (optimizer: Optimizer) : Optimizer =
        match optimizer.Shape with
        | Shape.Single(kind, part, scheduled) -> Optimizer(change (kind, part, scheduled))
        | Shape.Chain parts -> Optimizer(Shape.Chain(List.map (map change) parts))
        | Shape.Groups groups -> Optimizer(Shape.Groups [ for group in groups -> { group with Optimizer = map change group.Optimizer } ])
