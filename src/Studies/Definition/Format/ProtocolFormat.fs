namespace CuteDl.Studies

open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// The keys of a study that its protocol decides.
[<RequireQualifiedAccess>]
module internal ProtocolFormat =
    let private fair (registry: StudyRegistry) : Fields<Protocol, Protocol> =
        fields<Tuning * Confirmation * Frontier option> {
            let! tuning =
                Field.optional
                    "tuning"
                    "The tuning, with the same budget for every optimizer. Only for the protocol fair."
                    (TuningFormat.shape registry)
                    StudyDefaults.tuning
                    (fun (tuning, _, _) -> tuning)

            and! confirmation =
                Field.optional
                    "confirmation"
                    "The comparison of the tuned settings. Only for the protocol fair."
                    ConfirmationFormat.shape
                    StudyDefaults.confirmation
                    (fun (_, confirmation, _) -> confirmation)

            and! frontier =
                Field.optional
                    "frontier"
                    "The small-rate frontier: the same learning rates for every optimizer that has one. It finds the smallest that reach the target. Only for the protocol fair."
                    (FrontierFormat.shape |> Form.orWord "none" Form.isObject "{ \"rates\": ... }")
                    None
                    (fun (_, _, frontier) -> frontier)

            return Fair(tuning, confirmation, frontier)
        }
        |> Fields.over (function
            | Fair(tuning, confirmation, frontier) -> tuning, confirmation, frontier
            | Document _
            | Runs _ -> invalidOp "The protocol has no tuning.")

    let private seeds (get: 'Record -> int list) : Fields<'Record, int list> =
        Field.optional
            "seeds"
            "The seeds of each run. Only for the protocols document and runs."
            (Form.seeds StudyDefaults.FirstConfirmationSeed)
            StudyDefaults.seeds
            get

    let private document: Fields<Protocol, Protocol> =
        seeds (function
            | Document seeds -> seeds
            | Fair _
            | Runs _ -> invalidOp "The protocol is another one.")
        |> Fields.map Document

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
                  | StopRule.Target _ -> None)
              target
              |> Form.under "target" "Ends a run whose accuracy stays above a target." StopRule.Target (function
                  | StopRule.Target(accuracy, hold) -> Some(accuracy, hold)
                  | Stagnation _ -> None) ]

    let private runs: Fields<Protocol, Protocol> =
        fields<Runs> {
            let! seeds = seeds (fun (runs: Runs) -> runs.Seeds)

            and! rules =
                Field.optional
                    "stop_rules"
                    "The rules that end a run before its budget of steps is used up, evaluated in this order after each validation. Only for the protocol runs."
                    (Shape.items "rules" stopRule |> Shape.orEmpty)
                    []
                    _.StopRules

            return Runs { Seeds = seeds; StopRules = rules }
        }
        |> Fields.over (function
            | Runs runs -> runs
            | Fair _
            | Document _ -> invalidOp "The protocol is another one.")

    /// The format of protocols with the search methods and pruning rules of a registry.
    let fields (registry: StudyRegistry) : Fields<Protocol, Protocol> =
        Fields.tagged
            (fun words -> Field.optional "protocol" "The protocol." words "fair")
            [ { Word = "fair"
                Meaning = "tuning, then confirmation with fresh seeds"
                Selects =
                  (function
                  | Fair _ -> true
                  | Document _
                  | Runs _ -> false)
                Fields = fair registry }
              { Word = "document"
                Meaning = "no tuning, and the source document's stop rules"
                Selects =
                  (function
                  | Document _ -> true
                  | Fair _
                  | Runs _ -> false)
                Fields = document }
              { Word = "runs"
                Meaning = "no tuning and no verdict, with the stop rules of the study"
                Selects =
                  (function
                  | Runs _ -> true
                  | Fair _
                  | Document _ -> false)
                Fields = runs } ]

    let shape (registry: StudyRegistry) : Shape<Protocol> = Fields.shape (fields registry)
