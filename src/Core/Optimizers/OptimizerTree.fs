namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.IO.Enumeration
open CuteDl.Core.Optimizers

/// <summary>The source of a hyper-parameter that changes during training.</summary>
[<RequireQualifiedAccess; NoComparison>]
type Setting =
    /// <summary>A function of the number of steps that the part has taken.</summary>
    | Schedule of Schedule
    /// <summary>A value that is reduced when the validation loss stops falling. The losses must be reported to the state.</summary>
    | Plateau of Plateau

    /// <summary>The value at the first step. With shares of the run, it is that of a long run.</summary>
    member setting.First =
        match setting with
        | Schedule schedule -> Schedule.first schedule
        | Plateau plateau -> plateau.Value

    /// <summary>Returns the text form.</summary>
    override setting.ToString() =
        match setting with
        | Schedule schedule -> string schedule
        | Plateau plateau -> string plateau

/// Sets the arguments that follow schedules.
module internal Scheduled =
    /// Returns the setting of a hyper-parameter; None if it is constant.
    let settingOf (argument: Argument) (scheduled: (Argument * Setting) list) : Setting option =
        scheduled
        |> List.tryPick (fun (other, setting) -> if other.Name = argument.Name then Some setting else None)

    /// Puts hyper-parameters into the order of the text form.
    let inOrder (kind: RuleKind) (scheduled: (Argument * Setting) list) : (Argument * Setting) list =
        [ for argument in kind.Arguments do
              match settingOf argument scheduled with
              | Some setting -> argument, setting
              | None -> () ]

    /// Sets the values of the first step.
    let first (part: IPart) (scheduled: (Argument * Setting) list) : IPart =
        scheduled |> List.fold (fun part (argument, setting) -> argument.Set(part, setting.First)) part

    /// A value in the interior of a range.
    let middle (range: ArgumentRange) : float =
        if Double.IsInfinity range.Upper then range.Lower + 1.0 else (range.Lower + range.Upper) / 2.0

    /// Sets values in the interior of the ranges. They show what the part can need later, for example the slot of a momentum that starts at
    /// 0.
    let within (part: IPart) (scheduled: (Argument * Setting) list) : IPart =
        scheduled |> List.fold (fun part (argument, _) -> argument.Set(part, middle argument.Range)) part

/// The tree of an optimizer.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal OptimizerTree =
    /// A rule or a transformation. The part holds the constants, and the settings the scheduled arguments.
    | Single of kind: RuleKind * part: IPart * scheduled: (Argument * Setting) list
    /// Two or more parts. The Δ of each is the gradient of the next. None of them is a chain.
    | Chain of Optimizer list
    /// Each tensor belongs to the first group whose pattern matches its name.
    | Groups of ParameterGroup list

/// <summary>A pattern of tensor names, and the optimizer of the tensors that match it.</summary>
and [<NoComparison>] ParameterGroup =
    {
        /// <summary>The pattern, such as <c>*.bias</c>: <c>*</c> matches any characters, and <c>?</c> one.</summary>
        Pattern: string
        /// <summary>True if the group may match no tensor: <c>"*.bias"?: sgd</c> in the text form.</summary>
        IsOptional: bool
        /// <summary>The optimizer.</summary>
        Optimizer: Optimizer
    }

    /// True if a pattern matches the name of a tensor.
    static member internal Matches(pattern: string, name: string) : bool =
        if name = "" then
            // The only tensor of a layout without names.
            pattern |> Seq.forall (fun character -> character = '*')
        else
            FileSystemName.MatchesSimpleExpression(pattern, name, false)

/// <summary>
/// An optimizer: a rule with its hyper-parameters, a transformation, a chain, or an optimizer for each group of parameters. Optimizers are
/// immutable. They are equal if their text forms and the kinds of their parts are equal. Two schedules of one's own in an optimizer need
/// different names.
/// </summary>
and [<Sealed>] Optimizer internal (tree: OptimizerTree) =

    static let compositeKind name summary =
        let part =
            { new IPart with
                member _.Slots = []
                member _.NeedsParameters = false }

        let description =
            { RuleDescription.Own name with Summary = summary; Role = Role.Transformation ChainPlace.Anywhere }

        RuleKind(part.GetType(), description, false, (fun () -> { Defaults = part; Arguments = [] }))

    static let chainKind = compositeKind "chain" "several parts in a row"
    static let groupsKind = compositeKind "groups" "an optimizer for each group of parameters"

    static let textOf (kind: RuleKind) (part: IPart) (scheduled: (Argument * Setting) list) =
        let arguments =
            [ for argument in kind.Arguments do
                  // The first argument of a transformation needs no name.
                  let isObvious = not kind.IsRule && argument.Name = kind.Arguments.Head.Name

                  let prefix = if isObvious then "" else argument.Name + "="

                  match Scheduled.settingOf argument scheduled with
                  // As everywhere in text forms, a word after a name has no brackets.
                  | Some(Setting.Schedule(Schedule.Own own)) when prefix <> "" -> $"{prefix}{own}"
                  | Some setting -> $"{prefix}{setting}"
                  | None ->
                      let value = argument.Get part

                      if not (argument.IsTechnical && value.Equals argument.Default) then
                          $"{prefix}{argument.Write value}" ]

        let list = String.Join(", ", arguments)
        $"{kind.Name}({list})"

    do
        match tree with
        | OptimizerTree.Single(kind, part, scheduled) ->
            for argument in kind.Arguments do
                let value = argument.Get part

                if not (argument.Allows value) then
                    raise (argument.OutOfRange(kind.Name, value))

            match Scheduled.first part scheduled with
            | :? ICheckedPart as part when part.Problem <> "" -> raise (ArgumentException($"{kind.Name}: {part.Problem}", kind.Name))
            | _ -> ()
        | OptimizerTree.Chain _
        | OptimizerTree.Groups _ -> ()

    let ownSchedules =
        match tree with
        | OptimizerTree.Single(_, _, scheduled) ->
            [ for _, setting in scheduled do
                  match setting with
                  | Setting.Schedule schedule -> yield! RunLength.ownSchedules schedule
                  | Setting.Plateau _ -> () ]
        | OptimizerTree.Chain parts ->
            [ for part in parts do
                  yield! part.OwnSchedules ]
        | OptimizerTree.Groups groups ->
            [ for group in groups do
                  yield! group.Optimizer.OwnSchedules ]
        |> OwnSchedules.distinct

    let text =
        match tree with
        | OptimizerTree.Single(kind, part, scheduled) -> textOf kind part scheduled
        | OptimizerTree.Chain parts -> String.Join(" | ", parts)
        | OptimizerTree.Groups groups ->
            let entries =
                [ for group in groups do
                      let colon = if group.IsOptional then "?:" else ":"
                      $"{Syntax.quote group.Pattern}{colon} {group.Optimizer}" ]

            "{ " + String.Join(", ", entries) + " }"

    member internal _.Tree: OptimizerTree = tree

    /// <summary>The kind of rule: its name, documentation and arguments. Chains and groups have their own kinds, without arguments.</summary>
    member _.Kind =
        match tree with
        | OptimizerTree.Single(kind, _, _) -> kind
        | OptimizerTree.Chain _ -> chainKind
        | OptimizerTree.Groups _ -> groupsKind

    /// All rules and transformations in order, with their scheduled arguments.
    member internal _.Singles: (RuleKind * IPart * (Argument * Setting) list) list =
        match tree with
        | OptimizerTree.Single(kind, part, scheduled) -> [ kind, part, scheduled ]
        | OptimizerTree.Chain parts -> parts |> List.collect _.Singles
        | OptimizerTree.Groups groups -> groups |> List.collect _.Optimizer.Singles

    /// <summary>The kinds of all rules and transformations, in order.</summary>
    member optimizer.Kinds: RuleKind list = [ for kind, _, _ in optimizer.Singles -> kind ]

    /// <summary>
    /// The names of its rules of one's own, each with what tells it apart from others of the name: the type of the record and the names of its
    /// arguments. A state, a checkpoint and a study continue with the same rules only.
    /// </summary>
    member optimizer.OwnRules: (string * string) list =
        [ for kind in optimizer.Kinds do
              match OwnRules.identity kind with
              | "" -> ()
              | identity -> kind.Name, identity ]
        |> List.distinct

    /// <summary>The schedules of one's own that its hyper-parameters follow, each once.</summary>
    member _.OwnSchedules: OwnSchedule list = ownSchedules

    /// <summary>The names of the slots of a single rule; empty otherwise. A state lists all of its slots.</summary>
    member _.SlotNames: string list =
        match tree with
        | OptimizerTree.Single(_, part, scheduled) -> Seq.toList (Scheduled.within part scheduled).Slots
        | _ -> []

    /// <summary>The parts of a chain in order; the optimizer itself if it is not a chain.</summary>
    member optimizer.Parts: IReadOnlyList<Optimizer> =
        match tree with
        | OptimizerTree.Chain parts -> parts
        | _ -> [ optimizer ]

    /// <summary>The groups in order; empty if the optimizer has no groups.</summary>
    member _.Groups: IReadOnlyList<ParameterGroup> =
        match tree with
        | OptimizerTree.Groups groups -> groups
        | OptimizerTree.Single _
        | OptimizerTree.Chain _ -> []

    /// <summary>The rule, for running it over elements of another type.</summary>
    /// <exception cref="T:System.InvalidOperationException">The optimizer is a chain, has groups, or does not work element by element.</exception>
    member _.Rule: IRule =
        match tree with
        | OptimizerTree.Single(_, (:? IRule as rule), _) -> rule
        | _ ->
            raise (
                InvalidOperationException
                    $"{Quotation.shorten text} is not a single rule that works element by element. Use Optimizer.step or Optimizer.stepInPlace."
            )

    /// <summary>The values of the hyper-parameters by name, in the order of the text form. Scheduled ones have their first value.</summary>
    member _.Values: IReadOnlyList<KeyValuePair<string, float>> =
        match tree with
        | OptimizerTree.Single(kind, part, scheduled) ->
            Array.AsReadOnly
                [| for argument in kind.Arguments ->
                       match Scheduled.settingOf argument scheduled with
                       | Some setting -> KeyValuePair(argument.Name, setting.First)
                       | None -> KeyValuePair(argument.Name, argument.Get part) |]
        | _ -> Array.AsReadOnly [||]

    /// <summary>The schedules and plateaus of the hyper-parameters, by name.</summary>
    member _.Settings: IReadOnlyList<KeyValuePair<string, Setting>> =
        match tree with
        | OptimizerTree.Single(_, _, scheduled) -> [ for argument, setting in scheduled -> KeyValuePair(argument.Name, setting) ]
        | _ -> []

    /// <summary>Returns the text form, <c>adam(lr=0.0001, beta1=0.9, beta2=0.99)</c>.</summary>
    override _.ToString() = text

    override optimizer.Equals(other: obj | null) =
        match other with
        | :? Optimizer as other ->
            // The text form has all arguments. A rule that does not describe itself has none, so its record decides.
            let areEqual (kind: RuleKind, part: IPart, _) (otherKind: RuleKind, otherPart: IPart, _) =
                obj.ReferenceEquals(kind, otherKind)
                || kind.Record = otherKind.Record && not kind.IsDescribed && part.Equals otherPart

            other.ToString() = text && List.forall2 areEqual optimizer.Singles other.Singles
        | _ -> false

    override _.GetHashCode() = text.GetHashCode StringComparison.Ordinal

/// The names of parts, such as <c>2.adam</c> in a chain and <c>*.bias</c> in groups.
module internal PartPath =
    let private join (path: string) (name: string) : string = if path = "" then name else $"{path}.{name}"

    /// Returns the path of a part of a chain. Its index starts at 0.
    let ofPart (path: string) (index: int) (part: Optimizer) : string =
        match part.Tree with
        | OptimizerTree.Single(kind, _, _) -> join path $"{index + 1}.{kind.Name}"
        | OptimizerTree.Chain _
        | OptimizerTree.Groups _ -> join path $"{index + 1}"

    /// Returns the path of a group.
    let ofGroup (path: string) (pattern: string) : string = join path pattern

    /// Returns the name of a value of a part, such as <c>2.adam.lr</c>.
    let ofValue (path: string) (name: string) : string = join path name

/// Replaces the rules and transformations of an optimizer, at any depth.
module internal Singles =
    let rec map (change: RuleKind * IPart * (Argument * Setting) list -> OptimizerTree) (optimizer: Optimizer) : Optimizer =
        match optimizer.Tree with
        | OptimizerTree.Single(kind, part, scheduled) -> Optimizer(change (kind, part, scheduled))
        | OptimizerTree.Chain parts -> Optimizer(OptimizerTree.Chain(List.map (map change) parts))
        | OptimizerTree.Groups groups ->
            Optimizer(OptimizerTree.Groups [ for group in groups -> { group with Optimizer = map change group.Optimizer } ])
