namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// Reads an optimizer and its search space from a JSON tree.
[<RequireQualifiedAccess>]
module internal ContenderParser =
    let private expected (argument: Argument) =
        match argument.Form with
        | ValueForm.Number -> $"a number in {argument.Range}"
        | _ -> argument.Allowed

    /// Reads a value of a hyper-parameter: a number, or true or false for a flag.
    let private argumentValue (reading: Reading) (arguments: Argument list) (place: Place) : float =
        let value =
            match place.Tree.Value with
            | JsonValue.Number value -> value
            | JsonValue.Bool value when arguments |> List.forall (fun argument -> argument.Form = ValueForm.Flag) ->
                if value then 1.0 else 0.0
            | _ -> nan

        match arguments |> List.tryFind (fun argument -> Double.IsNaN value || not (argument.Allows value)) with
        | Some argument -> reading.FailValue(place, expected argument)
        | None when Double.IsNaN value -> reading.FailValue(place, "a number")
        | None -> ()

        value

    let private space (reading: Reading) (arguments: Argument list) (place: Place) : Space =
        let range name keys isAllowed allowed make =
            reading
                .Members(place, keys)
                .Required(
                    name,
                    Fixed 0.0,
                    fun place ->
                        match place.Tree.Value with
                        | JsonValue.List [ low; high ] ->
                            if arguments |> List.exists (fun argument -> argument.Form = ValueForm.Flag) then
                                reading.FailValue(place, "{ \"choice\": [true, false] } for a flag")

                            let low = argumentValue reading arguments (place.Item(0, low))
                            let high = argumentValue reading arguments (place.Item(1, high))

                            // Values that are not numbers have been reported already.
                            if not (isAllowed low high) && not (Double.IsNaN low || Double.IsNaN high) then
                                reading.FailValue(place, allowed)

                            make (low, high)
                        | _ ->
                            reading.FailValue(place, allowed)
                            Fixed 0.0
                )

        match place.Tree.Value with
        | JsonValue.Object [ "log_uniform", _ ] ->
            range "log_uniform" StudyKeys.logUniform (fun low high -> 0.0 < low && low < high) "[low, high] with 0 < low < high" LogUniform
        | JsonValue.Object [ "uniform", _ ] ->
            range "uniform" StudyKeys.uniform (fun low high -> low < high) "[low, high] with low < high" Uniform
        | JsonValue.Object [ "choice", _ ] ->
            reading
                .Members(place, StudyKeys.choice)
                .Required(
                    "choice",
                    Choice [ 0.0 ],
                    fun place ->
                        let values = reading.Items(place, "values") |> List.map (argumentValue reading arguments)

                        if List.distinct values |> List.length < values.Length then
                            reading.FailValue(place, "a list of distinct values")

                        Choice values
                )
        | JsonValue.Object [ "fixed", _ ] ->
            reading.Members(place, StudyKeys.fixedValue).Required("fixed", Fixed 0.0, argumentValue reading arguments >> Fixed)
        | JsonValue.Number _
        | JsonValue.Bool _ -> Fixed(argumentValue reading arguments place)
        | JsonValue.Object [ other, tree ] ->
            let known = [ "log_uniform"; "uniform"; "choice"; "fixed" ]

            reading.Fail(
                place.Member(other, tree),
                $"{Quotation.quote other} is not a kind of search space. {Suggestion.describe known other}"
            )

            Fixed 0.0
        | _ ->
            reading.FailValue(place, "a number, or an object with one of log_uniform, uniform, choice, fixed")
            Fixed 0.0

    // The longest text of an optimizer, in characters. Useful texts have a few hundred.
    let private longest = 10_000

    let contender (registry: Registry) (reading: Reading) (place: Place) : Contender =
        let found = reading.Members(place, StudyKeys.optimizer)

        let optimizer =
            found.Required(
                "optimizer",
                None,
                fun place ->
                    try
                        let text = reading.Text place

                        if text.Length > longest then
                            reading.Fail(place, $"The optimizer has {text.Length} characters. Use at most {longest}.")
                            None
                        else
                            Some(Expression.parseWith registry text)
                    with :? ExpressionException as error ->
                        reading.Fail(place, error.Message)
                        None
            )

        let name =
            match found.TryFind "name", optimizer with
            | Some place, _ -> reading.Name place
            | None, Some optimizer when optimizer.Parts.Count = 1 && optimizer.Groups.Count = 0 -> optimizer.Kind.Name
            | None, Some _ ->
                reading.Fail(place, "The key \"name\" is missing. An optimizer of several parts needs one.")
                "?"
            | None, None -> "?"

        let spaceOf (optimizer: Optimizer) (place: Place) =
            match place.Tree.Value with
            | JsonValue.Object members ->
                // Finds duplicate keys.
                reading.Members(place, List.map fst members) |> ignore

                [ for name, tree in members do
                      let place = place.Member(name, tree)

                      match ArgumentNames.tryFind name optimizer with
                      | Ok arguments -> ArgumentNames.shorten name optimizer, space reading arguments place
                      | Error problem ->
                          if not reading.IsFull then
                              reading.Fail(place, problem) ]
            | _ ->
                reading.FailValue(place, "an object whose keys are hyper-parameters")
                []

        { Name = name
          Optimizer = defaultArg optimizer Optimizer.identity
          Space =
            match optimizer with
            | Some optimizer -> found.Optional("space", [], spaceOf optimizer)
            | None -> [] }
