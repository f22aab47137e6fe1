namespace CuteDl.Studies

open System

/// The format of <c>tuning</c>.
[<RequireQualifiedAccess>]
module internal TuningFormat =
    let private searchMeaning (search: Search) =
        match search with
        | Search.Sobol -> "a quasi-random sequence (Sobol 1967) for up to 16 hyper-parameters"
        | Search.Halton -> "a quasi-random sequence (Halton 1960) for up to 16 hyper-parameters"
        | Search.Grid -> "evenly spaced values of at most one range, with all combinations of all choices"
        | Search.Sampler _ -> "a method of one's own"

    let private objectiveName (objective: Objective) =
        match objective with
        | TimeToTarget -> "time_to_target"
        | FinalScore -> "final_score"

    let private objectiveMeaning (objective: Objective) =
        match objective with
        | TimeToTarget -> "fewer steps to the target"
        | FinalScore -> "the better last validation"

    /// A pruning rule of one's own, by its name in the registry.
    let private ownPruning (registry: StudyRegistry) : Form<Pruning> =
        let find (name: string) = registry.PruningRules |> Seq.tryFind (fun rule -> rule.Name = name)

        let tryText (value: JsonValue) =
            match value with
            | JsonValue.Text name -> find name
            | _ -> None

        { Accepts = tryText >> Option.isSome
          Example = String.Join(", ", registry.PruningRules |> Seq.map (fun rule -> $"\"{rule.Name}\""))
          Key = None
          Read = fun _ place -> tryText place.Tree.Value |> Option.map PruningRule
          Print =
            function
            | PruningRule rule -> Some(Json.text rule.Name)
            | NoPruning
            | Median _
            | SuccessiveHalving _ -> None
          Schema =
            if registry.PruningRules.Count = 0 then
                []
            else
                [ "enum", Json.list [ for rule in registry.PruningRules -> Json.text rule.Name ] ]
          Note = "" }

    /// The format of pruning with the rules of a registry.
    let pruning (registry: StudyRegistry) : Shape<Pruning> =
        let median =
            Field.optional "warm_up" "The number of first trials that are never pruned." (Shape.atLeast 1) StudyDefaults.WarmUp id

        let halving = Field.optional "eta" "One of η trials continues." (Shape.atLeast 2) StudyDefaults.Eta id

        Form.choice
            [ Form.word PruningNames.None NoPruning
              Fields.shape median
              |> Form.under
                  PruningNames.Median
                  "The median rule: a trial ends if it is worse than the median of the earlier trials."
                  Median
                  (function
                   | Median warmUp -> Some warmUp
                   | NoPruning
                   | SuccessiveHalving _
                   | PruningRule _ -> None)
              Fields.shape halving
              |> Form.under
                  PruningNames.SuccessiveHalving
                  "Successive halving: after budget/η, budget/η², ... steps, a trial continues if it is among the best 1/η."
                  SuccessiveHalving
                  (function
                   | SuccessiveHalving eta -> Some eta
                   | NoPruning
                   | Median _
                   | PruningRule _ -> None)
              ownPruning registry ]

    /// The format of tunings with the search methods and pruning rules of a registry.
    let shape (registry: StudyRegistry) (usual: Tuning) : Shape<Tuning> =
        let field name = Field.from usual name

        record<Tuning> {
            let! search =
                field
                    "search"
                    "The method that selects settings from the search space."
                    (Shape.wordWithMeaning string searchMeaning (Search.BuiltIn @ [ for sampler in registry.Samplers -> Sampler sampler ]))
                    _.Search

            and! trials = field "trials" "The number of settings for each optimizer." (Shape.whole 1 10_000) _.Trials

            and! seeds =
                field
                    "seeds"
                    "The seeds of the tuning trials. The first seed also scrambles the sequence of settings."
                    (Form.seeds StudyDefaults.FirstTuningSeed)
                    _.Seeds

            and! objective =
                field
                    "objective"
                    "The ranking of settings."
                    (Shape.wordWithMeaning objectiveName objectiveMeaning [ TimeToTarget; FinalScore ])
                    _.Objective

            and! pruning = field "pruning" "The early end of unpromising tuning trials." (pruning registry) _.Pruning

            and! extensions =
                field
                    "extensions"
                    "The largest number of extensions of a search space whose best setting is at its edge."
                    (Shape.whole 0 10)
                    _.Extensions

            // Not printed by default, so that the texts of older studies stay as they are.
            and! nested =
                Field.brief
                    "nested"
                    "True to repeat the tuning for each confirmation seed, with other tuning seeds and another scrambling of the search. The trials of a confirmation seed use the settings that its tuning selected. Error rates and intervals then include the luck of tuning. The number of tuning trials is multiplied by the number of confirmation seeds."
                    Shape.flag
                    usual.Nested
                    _.Nested

            return
                { Search = search
                  Trials = trials
                  Seeds = seeds
                  Objective = objective
                  Pruning = pruning
                  Extensions = extensions
                  Nested = nested }
        }

    /// The format of tunings with the methods of one of them.
    let shapeOf (tuning: Tuning) : Shape<Tuning> =
        shape (StudyRegistry.withTuning tuning StudyRegistry.Standard) StudyDefaults.tuning
