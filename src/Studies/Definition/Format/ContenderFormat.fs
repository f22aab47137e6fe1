namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// The format of the search space of one hyper-parameter.
[<RequireQualifiedAccess>]
module internal SpaceFormat =
    let private isFlag (arguments: Argument list) =
        not arguments.IsEmpty && arguments |> List.forall (fun argument -> argument.Form = ValueForm.Flag)

    /// A value of a hyper-parameter: a number, or true or false for a flag.
    let private value (arguments: Argument list) : Shape<float> =
        let expected (argument: Argument) =
            match argument.Form with
            | ValueForm.Number -> $"a number in {argument.Range}"
            | ValueForm.Whole
            | ValueForm.Flag -> argument.Allowed

        { Read =
            fun reading place ->
                let value =
                    match place.Tree.Value with
                    | JsonValue.Number value -> value
                    | JsonValue.Bool value when isFlag arguments -> if value then 1.0 else 0.0
                    | _ -> nan

                match arguments |> List.tryFind (fun argument -> Double.IsNaN value || not (argument.Allows value)) with
                | Some argument ->
                    reading.FailValue(place, expected argument)
                    None
                | None when Double.IsNaN value ->
                    reading.FailValue(place, "a number")
                    None
                | None -> Some value
          Print = fun value -> if isFlag arguments then Json.bool (value <> 0.0) else Json.number value
          Schema = [ "type", Json.list [ Json.text "number"; Json.text "boolean" ] ]
          Note = "" }

    /// The search space of the hyper-parameters with these arguments.
    let shape (arguments: Argument list) : Shape<Space> =
        let value = value arguments

        let range allowed isAllowed =
            Shape.pair allowed value
            |> Shape.ensure allowed isAllowed
            |> Shape.ensure "{ \"choice\": [true, false] } for a flag" (fun _ -> not (isFlag arguments))

        let isScalar (tree: JsonValue) =
            match tree with
            | JsonValue.Number _
            | JsonValue.Bool _ -> true
            | _ -> false

        Form.choice
            [ range "[low, high] with 0 < low < high" (fun (low, high) -> 0.0 < low && low < high)
              |> Form.under
                  "log_uniform"
                  "A range, sampled uniformly on a logarithmic scale: [low, high] with 0 < low < high."
                  LogUniform
                  (function
                   | LogUniform(low, high) -> Some(low, high)
                   | LogUniformBelowOne _
                   | Uniform _
                   | Choice _
                   | Fixed _ -> None)
              range "[low, high] with low < high < 1" (fun (low, high) -> low < high && high < 1.0)
              |> Form.under
                  "log_uniform_below_one"
                  "A range for decays such as beta2: [low, high] with low < high < 1. The logarithm of 1 - value is sampled uniformly."
                  LogUniformBelowOne
                  (function
                   | LogUniformBelowOne(low, high) -> Some(low, high)
                   | LogUniform _
                   | Uniform _
                   | Choice _
                   | Fixed _ -> None)
              range "[low, high] with low < high" (fun (low, high) -> low < high)
              |> Form.under "uniform" "A range, sampled uniformly: [low, high] with low < high." Uniform (function
                  | Uniform(low, high) -> Some(low, high)
                  | LogUniform _
                  | LogUniformBelowOne _
                  | Choice _
                  | Fixed _ -> None)
              Shape.items "values" value
              |> Shape.distinct "values"
              |> Form.under "choice" "A choice from a list of distinct values." Choice (function
                  | Choice values -> Some values
                  | LogUniform _
                  | LogUniformBelowOne _
                  | Uniform _
                  | Fixed _ -> None)
              value
              |> Form.under "fixed" "A fixed value." Fixed (function
                  | Fixed value -> Some value
                  | LogUniform _
                  | LogUniformBelowOne _
                  | Uniform _
                  | Choice _ -> None)
              value |> Form.make isScalar "a number" Fixed (fun _ -> None) ]

/// The format of an optimizer with its search space.
[<RequireQualifiedAccess>]
module internal ContenderFormat =
    // The longest text of an optimizer, in characters. Useful texts have a few hundred.
    let private longest = 10_000

    let private optimizer (registry: Registry) : Shape<Optimizer> =
        let text =
            Shape.text
            |> Shape.refuse (fun text ->
                if text.Length > longest then
                    Some $"The optimizer has {text.Length} characters. Use at most {longest}."
                else
                    None)

        { Read =
            fun reading place ->
                match text.Read reading place with
                | None -> None
                | Some text ->
                    try
                        Some(Expression.parseWith registry text)
                    with :? ExpressionException as error ->
                        reading.Fail(place, error.Message)
                        None
          Print = string >> Json.text
          Schema = text.Schema
          Note = "" }

    /// The search spaces by hyper-parameter.
    let private spaces (optimizer: Optimizer) : Shape<(string * Space) list> =
        { Read =
            fun reading place ->
                match place.Tree.Value with
                | JsonValue.Object members ->
                    Members(reading, place, members).RefuseRepetitions()

                    let spaces =
                        [ for name, tree in members do
                              if not reading.IsFull then
                                  let place = place.Member(name, tree)

                                  match ArgumentNames.tryFind name optimizer with
                                  | Ok arguments ->
                                      match (SpaceFormat.shape arguments).Read reading place with
                                      | Some space -> ArgumentNames.shorten name optimizer, space
                                      | None -> ()
                                  | Error problem -> reading.Fail(place, problem) ]

                    if spaces.Length = members.Length then Some spaces else None
                | _ ->
                    reading.FailValue(place, "an object whose keys are hyper-parameters")
                    None
          Print =
            fun spaces ->
                Json.record [ for name, space in spaces -> name, (SpaceFormat.shape (Settings.arguments name optimizer)).Print space ]
          Schema = [ "type", Json.text "object"; "additionalProperties", Json.record (SpaceFormat.shape []).Schema ]
          Note = "" }

    let shape (registry: Registry) : Shape<Contender> =
        let nameOf (found: Members) (optimizer: Optimizer) (name: string option) =
            match name with
            | Some name -> Some name
            | None when optimizer.Parts.Count = 1 && optimizer.Groups.Count = 0 -> Some optimizer.Kind.Name
            | None ->
                found.Fail("name", "The key \"name\" is missing. An optimizer of several parts needs one.")
                None

        /// The spaces depend on the optimizer, but have a schema and a place of their own.
        let space: Fields<Contender, Members> =
            let meaning =
                "The search space: a range, a list of choices or a fixed value for each hyper-parameter, such as lr. A name like ema.beta is the hyper-parameter of one kind of rule."

            let shown: Fields<Contender, (string * Space) list> =
                Field.optional "space" meaning (spaces Optimizer.identity) [] _.Space

            { Keys = shown.Keys
              Read = Some
              Print = fun contender -> [ "space", (spaces contender.Optimizer).Print contender.Space ] }

        let named: Fields<Contender, string option> =
            Field.given "name" "The name in results and file names. The default is the name of its rule." Shape.name (fun contender ->
                Some contender.Name)

        let text: Fields<Contender, Optimizer> =
            Field.required
                "optimizer"
                "The text form of the optimizer, such as adam(lr=0.001) or l2(1e-4) | momentum(lr=0.1, decay=0.9)."
                (optimizer registry)
                _.Optimizer

        let label: Fields<Contender, string option> =
            Field.given "label" "The name that readers see: any text. The default is the name." Shape.text (fun contender ->
                if contender.Label = contender.Name then None else Some contender.Label)

        Fields.both named (Fields.both label (Fields.both text space))
        |> Fields.choose (fun found (name, (label, (optimizer, space))) ->
            let name = nameOf found optimizer name

            let space =
                match space.TryFind "space" with
                | Some place -> (spaces optimizer).Read found.Reading place
                | None -> Some []

            Option.map2 (fun name space -> { Name = name; Label = defaultArg label name; Optimizer = optimizer; Space = space }) name space)
        |> Fields.shape
