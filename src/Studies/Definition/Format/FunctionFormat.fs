namespace CuteDl.Studies

open CuteDl.Core.Optimizers

/// The keys of a task that is a function to minimize.
[<RequireQualifiedAccess>]
module internal FunctionFormat =
    let private dimensions (low: int) (otherwise: int) (refine: Shape<int> -> Shape<int>) get =
        Field.optional "dimensions" "The number of parameters." (Shape.whole low 1_000_000 |> refine) otherwise get

    let private wrong () = invalidOp "The function is of another kind."

    let private quadratic: Fields<IProblem, IProblem> =
        fields<int * float> {
            let! dimensions = dimensions 1 StudyDefaults.Dimensions id fst

            and! condition =
                Field.optional
                    "condition"
                    "The condition number of the quadratic."
                    (Shape.number { ArgumentRange.positive with Lower = 1.0; LowerIncluded = true })
                    StudyDefaults.Condition
                    snd

            return Quadratic(dimensions, condition) :> IProblem
        }
        |> Fields.over (fun problem ->
            match problem with
            | :? Quadratic as Quadratic(dimensions, condition) -> dimensions, condition
            | _ -> wrong ())

    let private rosenbrock: Fields<IProblem, IProblem> =
        let even =
            Shape.ensure "an even number of dimensions" (fun dimensions -> dimensions % 2 = 0)
            >> Shape.withKeywords [ "multipleOf", Json.number 2.0 ]

        dimensions 2 StudyDefaults.RosenbrockDimensions even (fun (problem: IProblem) ->
            match problem with
            | :? Rosenbrock as Rosenbrock dimensions -> dimensions
            | _ -> wrong ())
        |> Fields.map (fun dimensions -> Rosenbrock dimensions :> IProblem)

    let private logisticRegression: Fields<IProblem, IProblem> =
        fields<int * int> {
            let! dimensions = dimensions 1 StudyDefaults.Dimensions id fst

            and! examples =
                Field.optional
                    "examples"
                    "The number of examples of the logistic regression."
                    (Shape.whole 2 1_000_000)
                    StudyDefaults.Examples
                    snd

            return LogisticRegression(dimensions, examples) :> IProblem
        }
        |> Fields.over (fun problem ->
            match problem with
            | :? LogisticRegression as LogisticRegression(dimensions, examples) -> dimensions, examples
            | _ -> wrong ())

    let fields: Fields<IProblem, IProblem> =
        Fields.tagged
            (fun words -> Field.required "function" "The function." words)
            [ { Word = "quadratic"
                Meaning = "½ Σ λᵢ xᵢ² with λ from 1 to the condition number"
                Selects = (fun problem -> problem :? Quadratic)
                Fields = quadratic }
              { Word = "rosenbrock"
                Meaning = "Σ 100 (x₂ᵢ − x₂ᵢ₋₁²)² + (1 − x₂ᵢ₋₁)², with an even number of parameters"
                Selects = (fun problem -> problem :? Rosenbrock)
                Fields = rosenbrock }
              { Word = "logistic_regression"
                Meaning = "the loss over random examples around two centres"
                Selects = (fun problem -> problem :? LogisticRegression)
                Fields = logisticRegression } ]

    let isFunction (problem: IProblem) = problem :? Quadratic || problem :? Rosenbrock || problem :? LogisticRegression
