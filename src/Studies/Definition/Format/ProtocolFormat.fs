namespace CuteDl.Studies

/// The keys of a study that its protocol decides.
[<RequireQualifiedAccess>]
module internal ProtocolFormat =
    let private fair: Fields<Protocol, Protocol> =
        fields<Tuning * Confirmation * Frontier option> {
            let! tuning =
                Field.optional
                    "tuning"
                    "The tuning, with the same budget for every optimizer. Only for the protocol fair."
                    TuningFormat.shape
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
            | Document _ -> invalidOp "The protocol has no tuning.")

    let private document: Fields<Protocol, Protocol> =
        Field.optional
            "seeds"
            "The seeds of each run. Only for the protocol document."
            (Form.seeds StudyDefaults.FirstConfirmationSeed)
            StudyDefaults.seeds
            (function
             | Document seeds -> seeds
             | Fair _ -> invalidOp "A fair protocol has several lists of seeds.")
        |> Fields.map Document

    let fields: Fields<Protocol, Protocol> =
        Fields.tagged
            (fun words -> Field.optional "protocol" "The protocol." words "fair")
            [ { Word = "fair"
                Meaning = "tuning, then confirmation with fresh seeds"
                Selects =
                  (function
                  | Fair _ -> true
                  | Document _ -> false)
                Fields = fair }
              { Word = "document"
                Meaning = "no tuning, and the source document's stop rules"
                Selects =
                  (function
                  | Document _ -> true
                  | Fair _ -> false)
                Fields = document } ]

    let shape: Shape<Protocol> = Fields.shape fields
