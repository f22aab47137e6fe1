namespace CuteDl.Studies

open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// The keys of a study that its protocol decides.
[<RequireQualifiedAccess>]
module internal ProtocolFormat =
    let private stopRule: Shape<StopRule> =
        let stagnation =
            record<int * float> {
                let! patience =
                    Field.required
                        "patience"
                        "Ends the run after this many validations without a smaller loss. The first patience validations are ignored."
                        (Shape.atLeast 1)
                        fst

                and! gain =
                    Field.required
                        "min_gain"
                        "Also ends the run if the newest loss is the smallest, but fell by less than this over the newest patience validations."
                        (Shape.number { ArgumentRange.nonNegative with Upper = System.Double.MaxValue })
                        snd

                return patience, gain
            }

        let target =
            record<float * int> {
                let! accuracy =
                    Field.required "accuracy" "The accuracy that validations must exceed." (Shape.number ArgumentRange.fromZeroToOne) fst

                and! hold =
                    Field.required
                        "hold"
                        "Ends the run if this many validations in a row are above accuracy. At least one more validation must come before them."
                        (Shape.atLeast 1)
                        snd

                return accuracy, hold
            }

        Form.choice
            [ stagnation
              |> Form.under "stagnation" "Ends a run that no longer improves." Stagnation (function
                  | Stagnation(patience, gain) -> Some(patience, gain)
                  | StopRule.Target _
                  | EarlyStopping _
                  | ReachedAccuracy _
                  | ReachedLoss _ -> None)
              target
              |> Form.under "target" "Ends a run whose accuracy stays above a target." StopRule.Target (function
                  | StopRule.Target(accuracy, hold) -> Some(accuracy, hold)
                  | Stagnation _
                  | EarlyStopping _
                  | ReachedAccuracy _
                  | ReachedLoss _ -> None)
              Shape.atLeast 1
              |> Form.under "early_stopping" "Ends a run if this many validations came after the smallest loss." EarlyStopping (function
                  | EarlyStopping patience -> Some patience
                  | Stagnation _
                  | StopRule.Target _
                  | ReachedAccuracy _
                  | ReachedLoss _ -> None)
              Shape.number ArgumentRange.aboveZeroToOne
              |> Form.under "reached_accuracy" "Ends a run at the first validation with at least this accuracy." ReachedAccuracy (function
                  | ReachedAccuracy accuracy -> Some accuracy
                  | Stagnation _
                  | StopRule.Target _
                  | EarlyStopping _
                  | ReachedLoss _ -> None)
              Shape.number { ArgumentRange.positive with Upper = System.Double.MaxValue }
              |> Form.under "reached_loss" "Ends a run at the first validation with at most this loss." ReachedLoss (function
                  | ReachedLoss loss -> Some loss
                  | Stagnation _
                  | StopRule.Target _
                  | EarlyStopping _
                  | ReachedAccuracy _ -> None) ]

    let stopRules: Shape<StopRule list> = Shape.items "rules" stopRule |> Shape.orEmpty

    /// The protocols that have a key, as a sentence.
    let private onlyFor (registry: StudyRegistry) (key: ProtocolKey) : string =
        match
            [ for kind in registry.Protocols do
                  if kind.Has key then
                      kind.Name ]
            |> List.rev
        with
        | [] -> "No protocol has it."
        | [ only ] -> $"Only for the protocol {only}."
        | last :: others -> $"""Only for the protocols {System.String.Join(", ", List.rev others)} and {last}."""

    /// The key that sets a part of a protocol.
    let private ofKey (registry: StudyRegistry) (kind: ProtocolKind) (key: ProtocolKey) : Fields<Protocol, Protocol -> Protocol> =
        let field (meaning: string) shape usual get set : Fields<Protocol, Protocol -> Protocol> =
            Field.optional (ProtocolRules.keyName key) $"{meaning} {onlyFor registry key}" shape usual get
            |> Fields.map set

        match key with
        | ProtocolKey.Tuning ->
            let usual = kind.Tuning |> Option.defaultValue StudyDefaults.tuning
            let get (protocol: Protocol) = protocol.Tuning |> Option.defaultValue usual

            field
                "The tuning, with the same budget for every optimizer."
                (TuningFormat.shape registry usual)
                usual
                get
                (fun tuning protocol -> { protocol with Tuning = Some tuning })
        | ProtocolKey.Confirmation ->
            field
                "The comparison of the optimizers."
                (ConfirmationFormat.shape kind.Confirmation kind.Tuning.IsSome)
                kind.Confirmation
                _.Confirmation
                (fun confirmation protocol -> { protocol with Confirmation = confirmation })
        | ProtocolKey.Frontier ->
            field
                "The small-rate frontier: the same learning rates for every optimizer that has one. It finds the smallest that reach the target."
                (FrontierFormat.shape |> Form.orWord "none" Form.isObject "{ \"rates\": ... }")
                kind.Frontier
                _.Frontier
                (fun frontier protocol -> { protocol with Frontier = frontier })
        | ProtocolKey.Seeds ->
            field
                "The seeds of each run."
                (Form.seeds StudyDefaults.FirstConfirmationSeed)
                kind.Confirmation.Seeds
                _.Confirmation.Seeds
                (fun seeds protocol -> { protocol with Confirmation = { protocol.Confirmation with Seeds = seeds } })
        | ProtocolKey.StopRules ->
            field
                "The rules that end a run before its budget of steps is used up, evaluated in this order after each validation."
                stopRules
                kind.StopRules
                _.StopRules
                (fun rules protocol -> { protocol with StopRules = rules })

    let private ofKind (registry: StudyRegistry) (kind: ProtocolKind) : Fields<Protocol, Protocol> =
        (Fields.constant kind.Protocol, kind.Keys)
        ||> List.fold (fun fields key ->
            Fields.both fields (ofKey registry kind key)
            |> Fields.map (fun (protocol, change) -> change protocol))

    /// Refuses an unknown name. The message lists the known names, and tells where protocols of one's own come from.
    let private known (registry: StudyRegistry) (words: Shape<string>) : Shape<string> =
        let names = [ for kind in registry.Protocols -> kind.Name ]

        { words with
            Read =
                fun reading place ->
                    match place.Tree.Value with
                    | JsonValue.Text name when not (List.contains name names) ->
                        reading.Fail(
                            place,
                            $"{Quotation.quote name} is not a protocol of the registry. {Suggestion.describe names name} To use a protocol of your own, read the study in its program, with a registry that has the protocol."
                        )

                        None
                    | _ -> words.Read reading place }

    /// The format of protocols with the kinds of a registry. It prints protocols of other kinds, too.
    let fields (registry: StudyRegistry) : Fields<Protocol, Protocol> =
        let tag words =
            Field.optional "protocol" "The protocol." (known registry words) (Seq.head registry.Protocols).Name

        let alternatives =
            [ for kind in registry.Protocols ->
                  { Word = kind.Name
                    Meaning = kind.Meaning
                    Selects = fun (protocol: Protocol) -> protocol.Kind = kind
                    Fields = ofKind registry kind } ]

        { Fields.tagged tag alternatives with
            Print = fun protocol -> ("protocol", Json.text protocol.Kind.Name) :: (ofKind registry protocol.Kind).Print protocol }

    let shape (registry: StudyRegistry) : Shape<Protocol> = Fields.shape (fields registry)
