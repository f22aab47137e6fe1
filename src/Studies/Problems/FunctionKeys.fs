namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// The keys of functions in study files, and their checks.
module internal FunctionKeys =
    [<Literal>]
    let Dimensions = 10

    [<Literal>]
    let Condition = 100.0

    let dimensions (low: int) (otherwise: int) (refine: Shape<int> -> Shape<int>) get =
        Field.optional "dimensions" "The number of parameters." (Shape.whole low 1_000_000 |> refine) otherwise get

    let condition get =
        Field.optional
            "condition"
            "The condition number of the quadratic."
            (Shape.number { ArgumentRange.positive with Lower = 1.0; LowerIncluded = true })
            Condition
            get

    /// Throws an ArgumentOutOfRangeException if no study file can have these numbers.
    let require (fields: Fields<'Numbers, 'Numbers>) (numbers: 'Numbers) : unit =
        match Shape.problems (Fields.shape fields) numbers |> Array.tryHead with
        | None -> ()
        | Some error -> raise (ArgumentOutOfRangeException(error.Path.Substring 2, error.Problem))

    /// Describes a kind: its word and meaning, its keys, and the function of their numbers.
    let kind<'Function, 'Numbers when 'Function :> FunctionProblem>
        (word: string)
        (meaning: string)
        (fields: Fields<'Numbers, 'Numbers>)
        (create: 'Numbers -> 'Function)
        (numbers: 'Function -> 'Numbers)
        : Alternative<IProblem> =
        { Word = word
          Meaning = meaning
          Selects = fun problem -> problem :? 'Function
          Fields =
            fields
            |> Fields.map (fun numbers -> create numbers :> IProblem)
            |> Fields.over (fun (problem: IProblem) ->
                match problem with
                | :? 'Function as found -> numbers found
                | _ -> invalidOp "The function is of another kind.") }
