namespace CuteDl.Laws

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// An optimizer that is checked against the laws of a kind.
[<NoComparison; NoEquality>]
type internal Subject =
    {
        Optimizer: Optimizer
        /// The kind whose laws must hold: the optimizer's own kind, or the kind that it claims to be.
        Kind: RuleKind
        Options: LawOptions
        /// True during the search for a case that breaks a law from which the optimizer is exempt.
        Seeks: bool
    }

[<RequireQualifiedAccess>]
module internal Subject =

    /// Returns the rules and transformations of an optimizer.
    let rec leaves (optimizer: Optimizer) : Optimizer list =
        if optimizer.Groups.Count > 0 then
            [ for group in optimizer.Groups do
                  yield! leaves group.Optimizer ]
        elif optimizer.Parts.Count > 1 then
            [ for part in optimizer.Parts do
                  yield! leaves part ]
        else
            [ optimizer ]

    /// Changes each rule and transformation of an optimizer.
    let rec mapLeaves (change: Optimizer -> Optimizer) (optimizer: Optimizer) : Optimizer =
        if optimizer.Groups.Count > 0 then
            Optimizer.groupsOf [ for group in optimizer.Groups -> { group with Optimizer = mapLeaves change group.Optimizer } ]
        elif optimizer.Parts.Count > 1 then
            Optimizer.chain [ for part in optimizer.Parts -> mapLeaves change part ]
        else
            change optimizer

    let isOwn (kind: RuleKind) =
        Rules.known |> List.forall (fun known -> not (obj.ReferenceEquals(known, kind)))

    /// True for a custom rule whose arguments are unknown, because its record does not describe them.
    let isUnknown (kind: RuleKind) = isOwn kind && not kind.IsDescribed

    let isClaim (subject: Subject) = not (obj.ReferenceEquals(subject.Kind, subject.Optimizer.Kind))

    /// True if a part is a custom rule, and the optimizer does not claim to be of a kind.
    let claimsNothing (subject: Subject) = not (isClaim subject) && List.exists isOwn subject.Optimizer.Kinds

    let kinds (subject: Subject) : RuleKind list = if isClaim subject then [ subject.Kind ] else subject.Optimizer.Kinds

    let private same (kind: RuleKind) (other: RuleKind) = obj.ReferenceEquals(kind, other)

    /// True if the subject is, or claims to be, of a kind.
    let isOf (kind: RuleKind) (subject: Subject) = same kind subject.Kind

    /// True if a part is of a kind.
    let has (kind: RuleKind) (subject: Subject) = kinds subject |> List.exists (same kind)

    /// True if a part has a trait.
    let hasTrait (``trait``: Trait) (subject: Subject) = kinds subject |> List.exists _.Has(``trait``)

    /// True if a part works on matrices only, or if the kind that it claims to be does.
    let needsMatrix (subject: Subject) =
        hasTrait Trait.NeedsMatrix subject
        || subject.Optimizer.Kinds |> List.exists _.Has(Trait.NeedsMatrix)

    let isGroups (subject: Subject) =
        leaves subject.Optimizer |> List.length > subject.Optimizer.Parts.Count
        || subject.Optimizer.Groups.Count > 0

    /// Returns the schedules of a part. A plateau without reported losses stays constant, so it does not count.
    let schedulesOf (leaf: Optimizer) : KeyValuePair<string, Schedule> list =
        [ for pair in leaf.Settings do
              match pair.Value with
              | Setting.Schedule schedule -> KeyValuePair(pair.Key, schedule)
              | Setting.Plateau _ -> () ]

    let schedules (subject: Subject) : KeyValuePair<string, Schedule> list =
        [ for leaf in leaves subject.Optimizer do
              yield! schedulesOf leaf ]

    let private tryIn (name: string) (values: (string * float) seq) = values |> Seq.tryFind (fst >> (=) name) |> Option.map snd

    /// Returns the value of an argument of a part, if the part has the argument.
    let valueOf (name: string) (leaf: Optimizer) : float option = tryIn name [ for pair in leaf.Values -> pair.Key, pair.Value ]

    let private argumentOf (kind: RuleKind) (name: string) = kind.Arguments |> List.tryFind (fun argument -> argument.Name = name)

    /// Returns the value of an argument of the kind: from the optimizer if the kind allows its value, from the options, or the default of the
    /// kind.
    let tryValue (name: string) (subject: Subject) : float option =
        let ofKind = argumentOf subject.Kind name

        valueOf name subject.Optimizer
        |> Option.filter (fun value -> ofKind |> Option.forall _.Allows(value))
        |> Option.orElseWith (fun () -> tryIn name subject.Options.Values)
        |> Option.orElseWith (fun () -> ofKind |> Option.map _.Default)

    let value (name: string) (subject: Subject) : float =
        match tryValue name subject with
        | Some value -> value
        | None -> raise (ArgumentException $"{subject.Kind.Name} has no argument '{name}'. Give the name of one of its arguments.")

    let isOn (name: string) (subject: Subject) = value name subject <> 0.0

    /// Changes arguments of the optimizer. Returns None if it does not have them and the options do not define how to change them.
    let tryWith (values: (string * float) list) (subject: Subject) : Optimizer option =
        let change (optimizer: Optimizer option) (name: string, value: float) =
            match optimizer with
            | Some optimizer when argumentOf optimizer.Kind name |> Option.exists _.Allows(value) ->
                Some(Optimizer.set name value optimizer)
            | Some optimizer when values.Length = 1 && obj.ReferenceEquals(optimizer, subject.Optimizer) ->
                subject.Options.Remake |> Option.map (fun remake -> remake name value)
            | _ -> None

        List.fold change (Some subject.Optimizer) values

    /// True if an optimizer uses the parameters.
    let usesParameters (optimizer: Optimizer) : bool = optimizer.Singles |> List.exists (fun (_, part, _) -> part.NeedsParameters)

    /// True if a part has weight decay, or can have it because it is a custom rule.
    let decays (subject: Subject) : bool =
        leaves subject.Optimizer
        |> List.exists (fun leaf ->
            if isUnknown leaf.Kind then
                true
            else
                match leaf.Kind.Arguments |> List.filter _.IsWeightDecay with
                | [] -> isOwn leaf.Kind && usesParameters leaf
                | factors -> factors |> List.exists (fun argument -> valueOf argument.Name leaf <> Some 0.0))

    /// Returns the reason why the optimizer never changes the parameters, if any.
    let standsStill (subject: Subject) : string option =
        leaves subject.Optimizer
        |> List.tryPick (fun leaf ->
            match valueOf "lr" leaf, valueOf "factor" leaf, valueOf "eps" leaf with
            | Some 0.0, _, _ -> Some $"{leaf.Kind.Name} never moves: its learning rate is 0"
            | _, Some 0.0, _ when same leaf.Kind Rules.scale.Kind -> Some "scale never moves: its factor is 0"
            | _, _, Some 0.0 when same leaf.Kind Rules.adadelta.Kind -> Some "adadelta never moves: its ε is 0"
            | _ -> None)

    /// Returns the reason for an exemption from a law, if any.
    let exemption (id: string) (subject: Subject) : string option =
        let given = subject.Options.Exempt |> List.tryFind (fst >> (=) id) |> Option.map snd
        let several = (kinds subject).Length > 1

        given
        |> Option.orElseWith (fun () ->
            kinds subject
            |> List.tryPick (fun kind ->
                kind.Description.Exempt
                |> List.tryFind (fst >> (=) id)
                |> Option.map (fun (_, reason) -> if several then $"{kind.Name}: {reason}" else reason)))
