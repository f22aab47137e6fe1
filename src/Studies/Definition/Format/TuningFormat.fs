namespace CuteDl.Studies

/// The format of <c>tuning</c>.
[<RequireQualifiedAccess>]
module internal TuningFormat =
    let private searches = [ Search.Sobol; Search.Halton; Search.Grid ]

    let private searchName (search: Search) =
        match search with
        | Search.Sobol -> "sobol"
        | Search.Halton -> "halton"
        | Search.Grid -> "grid"

    let private searchMeaning (search: Search) =
        match search with
        | Search.Sobol -> "a quasi-random sequence (Sobol 1967) for up to 16 hyper-parameters"
        | Search.Halton -> "a quasi-random sequence (Halton 1960) for up to 16 hyper-parameters"
        | Search.Grid -> "evenly spaced values of at most one range, with all combinations of all choices"

    let private objectiveName (objective: Objective) =
        match objective with
        | TimeToTarget -> "time_to_target"
        | FinalScore -> "final_score"

    let private objectiveMeaning (objective: Objective) =
        match objective with
        | TimeToTarget -> "fewer steps to the target"
        | FinalScore -> "the better last validation"

    let pruning: Shape<Pruning> =
        let median =
            Field.optional "warm_up" "The number of first trials that are never pruned." (Shape.atLeast 1) StudyDefaults.WarmUp id

        let halving = Field.optional "eta" "One of η trials continues." (Shape.atLeast 2) StudyDefaults.Eta id

        Form.choice
            [ Form.word "none" NoPruning
              Fields.shape median
              |> Form.under "median" "The median rule: a trial ends if it is worse than the median of the earlier trials." Median (function
                  | Median warmUp -> Some warmUp
                  | NoPruning
                  | SuccessiveHalving _ -> None)
              Fields.shape halving
              |> Form.under
                  "successive_halving"
                  "Successive halving: after budget/η, budget/η², ... steps, a trial continues if it is among the best 1/η."
                  SuccessiveHalving
                  (function
                   | SuccessiveHalving eta -> Some eta
                   | NoPruning
                   | Median _ -> None) ]

    let private field name = Field.from StudyDefaults.tuning name

    let shape: Shape<Tuning> =
        record<Tuning> {
            let! search =
                field
                    "search"
                    "The method that selects settings from the search space."
                    (Shape.wordWithMeaning searchName searchMeaning searches)
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

            and! pruning = field "pruning" "The early end of unpromising tuning trials." pruning _.Pruning

            and! extensions =
                field
                    "extensions"
                    "The largest number of extensions of a search space whose best setting is at its edge."
                    (Shape.whole 0 10)
                    _.Extensions

            return
                { Search = search
                  Trials = trials
                  Seeds = seeds
                  Objective = objective
                  Pruning = pruning
                  Extensions = extensions }
        }
