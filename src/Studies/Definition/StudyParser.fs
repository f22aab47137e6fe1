namespace CuteDl.Studies

open System
open System.Globalization
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// From a tree of JSON to a study.
[<RequireQualifiedAccess>]
module internal StudyParser =
    let private most = Int32.MaxValue

    // Tasks

    let private source (reading: Reading) (place: Place) : ImageSource * int option =
        match place.Tree.Value with
        | JsonValue.Text "mnist" -> Mnist, Some StudyKeys.mnistImages
        | JsonValue.Object _ ->
            let found = reading.Members(place, StudyKeys.folder)
            let path = found.Required("folder", "?", reading.Text)

            let classes =
                found.Optional("classes", StudyKeys.mnistClasses, (fun place -> reading.Int(place, 2, 256)))

            let images = found.Optional("training_images", None, (fun place -> Some(reading.Int(place, 1, most))))
            Folder(path, classes), images
        | _ ->
            reading.FailValue(place, "\"mnist\", or { \"folder\": ..., \"classes\": ... },")
            Mnist, None

    let private split (reading: Reading) (images: int option) (place: Place) : Split =
        match place.Tree.Value with
        | JsonValue.Text word when word = StudyKeys.TestAsValidation -> TestAsValidation
        | JsonValue.Object _ ->
            let found = reading.Members(place, StudyKeys.holdOut)
            let largest = (defaultArg images most) - 1

            let validation =
                found.Optional("validation", min 5000 largest, (fun place -> reading.Int(place, 1, largest)))

            HoldOut(validation, found.Optional("seed", 0, (fun place -> reading.Int(place, Int32.MinValue, most))))
        | _ ->
            reading.FailValue(place, $"{{ \"validation\": ..., \"seed\": ... }}, or \"{StudyKeys.TestAsValidation}\",")
            TestAsValidation

    let private initialization (reading: Reading) (place: Place) : Initialization =
        match place.Tree.Value with
        | JsonValue.Text "he" -> He
        | JsonValue.Text "glorot" -> Glorot
        | JsonValue.Text text when text.StartsWith("normal(", StringComparison.Ordinal) && text.EndsWith ')' ->
            let inner = text.Substring(7, text.Length - 8)

            match Double.TryParse(inner, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, deviation when deviation > 0.0 && Double.IsFinite deviation -> Normal deviation
            | _ ->
                reading.FailValue(place, "normal() of a standard deviation above 0")
                He
        | _ ->
            reading.FailValue(place, "\"he\", \"glorot\" or \"normal(0.01)\"")
            He

    let private layer (reading: Reading) (place: Place) : Layer =
        let isDropout =
            match place.Tree.Value with
            | JsonValue.Object members -> members |> List.exists (fst >> (=) "dropout")
            | _ -> false

        if isDropout then
            let found = reading.Members(place, StudyKeys.dropout)
            Dropout(found.Required("dropout", 0.0, (fun place -> reading.Number(place, Range.belowOne))))
        else
            let found = reading.Members(place, StudyKeys.dense)
            let units = found.Required("dense", 1, (fun place -> reading.Int(place, 1, most)))
            Dense(units, found.Optional("activation", ReLU, (fun place -> reading.Word(place, StudyKeys.activations))))

    let private layers (reading: Reading) (found: Members) (classes: int) : Layer list =
        let word name otherwise =
            found.Optional(name, otherwise, (fun place -> reading.Word(place, StudyKeys.activations)))

        match found.TryFind "layers" with
        | None ->
            let hidden =
                found.Optional(
                    "hidden",
                    [ 128 ],
                    fun place ->
                        match place.Tree.Value with
                        | JsonValue.List [] -> []
                        | _ -> reading.Items(place, "units of hidden layers") |> List.map (fun item -> reading.Int(item, 1, most))
                )

            let dropout = found.Optional("dropout", 0.0, (fun place -> reading.Number(place, Range.belowOne)))
            StudyKeys.layers hidden (word "activation" ReLU) dropout (word "output" Linear) classes
        | Some place ->
            for name in [ "hidden"; "activation"; "dropout"; "output" ] do
                match found.TryFind name with
                | Some other -> reading.Fail(other, $"\"layers\" says all of the layers: \"{name}\" beside it is not allowed.")
                | None -> ()

            let layers = reading.Items(place, "layers") |> List.map (layer reading)

            match List.tryLast layers with
            | Some(Dense(units, _)) when units = classes -> ()
            | _ -> reading.Fail(place, $"the last layer must be dense, with a unit for each of the {classes} classes.")

            layers

    let private target (reading: Reading) (allowsAccuracy: bool) (place: Place) : Target =
        let has name =
            match place.Tree.Value with
            | JsonValue.Object members -> members |> List.exists (fst >> (=) name)
            | _ -> false

        if has "accuracy" && not allowsAccuracy then
            reading.FailValue(place, "for a function without classes { \"loss\": ... }")
            Target.Loss 1.0
        elif has "loss" || not allowsAccuracy then
            let found = reading.Members(place, StudyKeys.lossTarget)
            Target.Loss(found.Required("loss", 1.0, (fun place -> reading.Number(place, Range.positive))))
        else
            let found = reading.Members(place, StudyKeys.accuracyTarget)
            Accuracy(found.Required("accuracy", 1.0, (fun place -> reading.Number(place, Range.aboveZeroToOne))))

    let private largestCount = 1L <<< 53

    let private task (reading: Reading) (place: Place) : StudyTask =
        let isFunction =
            match place.Tree.Value with
            | JsonValue.Object members -> members |> List.exists (fst >> (=) "function")
            | _ -> false

        let found =
            reading.Members(place, (if isFunction then StudyKeys.functionTask else StudyKeys.imagesTask))

        let name = found.Required("name", "?", reading.Name)
        let whole low high = fun place -> reading.Int(place, low, high)

        let precision =
            found.Optional("precision", Precision.Single, (fun place -> reading.Word(place, StudyKeys.precisions)))

        let problem, epoch, allowsAccuracy =
            if isFunction then
                let dimensions low otherwise = found.Optional("dimensions", otherwise, whole low 1_000_000)

                let refuse name =
                    match found.TryFind name with
                    | Some place -> reading.Fail(place, "this function has no such number.")
                    | None -> ()

                let kind =
                    found.Required(
                        "function",
                        "quadratic",
                        (fun place -> reading.Word(place, [ for name in StudyKeys.functions -> name, name ]))
                    )

                match kind with
                | "rosenbrock" ->
                    refuse "condition"
                    refuse "examples"
                    let dimensions = dimensions 2 2

                    if dimensions % 2 <> 0 then
                        reading.FailValue((found.TryFind "dimensions").Value, "an even number of dimensions")

                    Function(Rosenbrock dimensions), None, false
                | "logistic_regression" ->
                    refuse "condition"
                    let examples = found.Optional("examples", 200, whole 2 1_000_000)
                    Function(LogisticRegression(dimensions 1 10, examples)), None, true
                | _ ->
                    refuse "examples"

                    let condition =
                        found.Optional(
                            "condition",
                            100.0,
                            (fun place -> reading.Number(place, { Range.positive with Lower = 1.0; LowerIncluded = true }))
                        )

                    Function(Quadratic(dimensions 1 10, condition)), None, false
            else
                let source, images = found.Optional("data", (Mnist, Some StudyKeys.mnistImages), source reading)
                let split = found.Optional("split", HoldOut(5000, 0), split reading images)

                let classes =
                    match source with
                    | Folder(_, classes) -> classes
                    | _ -> StudyKeys.mnistClasses

                let batch = found.Optional("batch", 64, whole 1 1_000_000)

                let trained =
                    match split, images with
                    | HoldOut(validation, _), Some images -> Some(images - validation)
                    | TestAsValidation, images -> images
                    | _ -> None

                let images =
                    { Source = source
                      Split = split
                      Layers = layers reading found classes
                      Loss = found.Optional("loss", SoftmaxCrossEntropy, (fun place -> reading.Word(place, StudyKeys.losses)))
                      Initialization = found.Optional("initial_weights", He, initialization reading)
                      Batch = batch
                      Order = found.Optional("order", Shuffled, (fun place -> reading.Word(place, StudyKeys.orders))) }

                Images images, trained |> Option.map (fun images -> max 1 (Batches.count (max 1 images) batch)), true

        let steps =
            match found.TryFind "steps", (if isFunction then None else found.TryFind "epochs"), epoch with
            | Some steps, Some epochs, _ ->
                reading.Fail(epochs, "\"steps\" says how long a trial is: \"epochs\" beside it is not allowed.")
                reading.Whole(steps, 1L, largestCount)
            | Some steps, None, _ -> reading.Whole(steps, 1L, largestCount)
            | None, Some epochs, Some epoch -> reading.Whole(epochs, 1L, 1_000_000L) * int64 epoch
            | None, Some epochs, None ->
                reading.Fail(epochs, "how many steps an epoch has is not known: give \"steps\", or the folder's \"training_images\".")
                1L
            | None, None, Some epoch -> 10L * int64 epoch
            | None, None, None when isFunction -> 1000L
            | None, None, None ->
                reading.Fail(place, "the key \"steps\" is missing: how many steps an epoch has is not known.")
                1L

        let largest = int (min steps (int64 most))

        { Name = name
          Problem = problem
          Precision = precision
          Steps = steps
          ValidateEvery = found.Optional("validate_every", min 100 largest, whole 1 largest)
          Target = found.Required("target", Accuracy 1.0, target reading allowsAccuracy) }

    // Optimizers

    /// A value of a hyper-parameter: a number, or true or false for a flag.
    let private argumentValue (reading: Reading) (arguments: Argument list) (place: Place) : float =
        let value =
            match place.Tree.Value with
            | JsonValue.Number value -> value
            | JsonValue.Bool value when arguments |> List.forall (fun argument -> argument.Form = ValueForm.Flag) ->
                if value then 1.0 else 0.0
            | _ -> nan

        match arguments |> List.tryFind (fun argument -> Double.IsNaN value || not (argument.Allows value)) with
        | Some argument -> reading.FailValue(place, argument.Allowed)
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
                                reading.FailValue(place, "a choice of true and false")

                            let low = argumentValue reading arguments (place.Item(0, low))
                            let high = argumentValue reading arguments (place.Item(1, high))

                            // What is no number has been said already.
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
                            reading.FailValue(place, "a list of values that all differ")

                        Choice values
                )
        | JsonValue.Object [ "fixed", _ ] ->
            reading.Members(place, StudyKeys.fixedValue).Required("fixed", Fixed 0.0, argumentValue reading arguments >> Fixed)
        | JsonValue.Number _
        | JsonValue.Bool _ -> Fixed(argumentValue reading arguments place)
        | JsonValue.Object [ other, tree ] ->
            let known = [ "log_uniform"; "uniform"; "choice"; "fixed" ]
            reading.Fail(place.Member(other, tree), $"no such space is known; {Suggestion.describe known other}")
            Fixed 0.0
        | _ ->
            reading.FailValue(place, "a number, or an object with one of log_uniform, uniform, choice, fixed,")
            Fixed 0.0

    let private contender (reading: Reading) (place: Place) : Contender =
        let found = reading.Members(place, StudyKeys.optimizer)

        let optimizer =
            found.Required(
                "optimizer",
                None,
                fun place ->
                    try
                        Some(Expression.parse (reading.Text place))
                    with :? ExpressionException as error ->
                        reading.Fail(place, error.Message)
                        None
            )

        let name =
            match found.TryFind "name", optimizer with
            | Some place, _ -> reading.Name place
            | None, Some optimizer when optimizer.Parts.Count = 1 && optimizer.Groups.Count = 0 -> optimizer.Kind.Name
            | None, Some _ ->
                reading.Fail(place, "an optimizer of several parts needs a \"name\".")
                "?"
            | None, None -> "?"

        let spaceOf (optimizer: Optimizer) (place: Place) =
            match place.Tree.Value with
            | JsonValue.Object members ->
                reading.Members(place, Settings.argumentNames optimizer) |> ignore

                [ for name, tree in members do
                      match Settings.arguments name optimizer with
                      | [] -> ()
                      | arguments -> name, space reading arguments (place.Member(name, tree)) ]
            | _ ->
                reading.FailValue(place, "an object with the names of hyper-parameters")
                []

        { Name = name
          Optimizer = defaultArg optimizer Optimizer.identity
          Space =
            match optimizer with
            | Some optimizer -> found.Optional("space", [], spaceOf optimizer)
            | None -> [] }

    // Protocols

    let private pruning (reading: Reading) (place: Place) : Pruning =
        match place.Tree.Value with
        | JsonValue.Text word when word = StudyKeys.None' -> NoPruning
        | JsonValue.Object [ "median", inner ] ->
            let found = reading.Members(place.Member("median", inner), StudyKeys.warmUp)
            Median(found.Optional("warm_up", 4, (fun place -> reading.Int(place, 1, most))))
        | JsonValue.Object [ "successive_halving", inner ] ->
            let found = reading.Members(place.Member("successive_halving", inner), StudyKeys.eta)
            SuccessiveHalving(found.Optional("eta", 3, (fun place -> reading.Int(place, 2, most))))
        | _ ->
            reading.FailValue(place, "\"none\", { \"median\": { \"warm_up\": 4 } } or { \"successive_halving\": { \"eta\": 3 } }")
            NoPruning

    let private tuning (reading: Reading) (found: Members) : Tuning =
        let first = StudyKeys.firstTuningSeed

        { Search = found.Optional("search", Search.Sobol, (fun place -> reading.Word(place, StudyKeys.searches)))
          Trials = found.Optional("trials", 8, (fun place -> reading.Int(place, 1, 10_000)))
          Seeds = found.Optional("seeds", [ first ], (fun place -> reading.Seeds(place, first)))
          Objective = found.Optional("objective", TimeToTarget, (fun place -> reading.Word(place, StudyKeys.objectives)))
          Pruning = found.Optional("pruning", NoPruning, pruning reading)
          Extensions = found.Optional("extensions", 1, (fun place -> reading.Int(place, 0, 10))) }

    let private looks (reading: Reading) (place: Place) : Looks option =
        match place.Tree.Value with
        | JsonValue.Text word when word = StudyKeys.None' -> None
        | _ ->
            let counts =
                reading.Items(place, "numbers of seeds") |> List.map (fun item -> reading.Int(item, 1, most))

            reading.Ascending(place, counts)
            Some { Seeds = counts }

    let private confirmation (reading: Reading) (found: Members) : Confirmation =
        let first = StudyKeys.firstConfirmationSeed
        let looks = found.Optional("looks", None, looks reading)

        let cap =
            match looks with
            | Some looks when not looks.Seeds.IsEmpty -> List.last looks.Seeds
            | _ -> 10

        let seeds =
            found.Optional("seeds", [ first .. first + cap - 1 ], (fun place -> reading.Seeds(place, first)))

        match looks, found.TryFind "looks" with
        | Some looks, Some place when not looks.Seeds.IsEmpty && List.last looks.Seeds <> seeds.Length ->
            reading.Fail(
                place,
                $"the last look is at {List.last looks.Seeds} seeds, and there are {seeds.Length}: the last look must be at all of them."
            )
        | _ -> ()

        { Seeds = seeds
          Alpha = found.Optional("alpha", 0.05, (fun place -> reading.Number(place, Range.betweenZeroAndOne)))
          EqualWithin = found.Optional("equal_within", 1.05, (fun place -> reading.Number(place, { Range.positive with Lower = 1.0 })))
          Looks = looks
          Defaults = found.Optional("defaults", true, reading.Bool) }

    let private rates (reading: Reading) (place: Place) : float list =
        match place.Tree.Value with
        | JsonValue.Object _ ->
            let found = reading.Members(place, StudyKeys.spread)

            let rate name otherwise =
                found.Optional(name, otherwise, (fun place -> reading.Number(place, Range.positive)))

            let low, high = rate "from" 1e-5, rate "to" 1.0
            let points = found.Optional("points", 8, (fun place -> reading.Int(place, 2, 1000)))
            let rates = if low < high then Settings.logarithmic low high points else []

            if rates.IsEmpty || rates |> List.pairwise |> List.exists (fun (a, b) -> a >= b) then
                reading.FailValue(place, "a \"from\" below the \"to\", with as many different rates between")

            rates
        | _ ->
            let rates = reading.Items(place, "rates") |> List.map (fun item -> reading.Number(item, Range.positive))
            reading.Ascending(place, rates)
            rates

    let private frontier (reading: Reading) (place: Place) : Frontier option =
        match place.Tree.Value with
        | JsonValue.Text word when word = StudyKeys.None' -> None
        | _ ->
            let found = reading.Members(place, StudyKeys.frontier)
            let first = StudyKeys.firstFrontierSeed
            let defaultSeeds = [ first .. first + 2 ]

            Some
                { Rates = found.Optional("rates", Settings.logarithmic 1e-5 1.0 8, rates reading)
                  Seeds = found.Optional("seeds", defaultSeeds, (fun place -> reading.Seeds(place, first))) }

    let private protocol (reading: Reading) (found: Members) : Protocol =
        let word =
            found.Optional("protocol", "fair", (fun place -> reading.Word(place, [ for name in StudyKeys.protocols -> name, name ])))

        let refuse name =
            match found.TryFind name with
            | Some place -> reading.Fail(place, $"the protocol \"{word}\" has no \"{name}\".")
            | None -> ()

        if word = "document" then
            List.iter refuse [ "tuning"; "confirmation"; "frontier" ]
            let first = StudyKeys.firstConfirmationSeed
            Document(found.Optional("seeds", [ first .. first + 9 ], (fun place -> reading.Seeds(place, first))))
        else
            refuse "seeds"

            let members name keys =
                match found.TryFind name with
                | Some place -> reading.Members(place, keys)
                | None -> reading.Members({ Path = ""; Tree = Json.make (JsonValue.Object []) }, keys)

            Fair(
                tuning reading (members "tuning" StudyKeys.tuning),
                confirmation reading (members "confirmation" StudyKeys.confirmation),
                found.Optional("frontier", None, frontier reading)
            )

    let private distinctNames (reading: Reading) (place: Place) (names: string list) (what: string) =
        // Files are named after them, on disks that may not tell cases apart.
        for _, same in names |> List.groupBy _.ToLowerInvariant() do
            if same.Length > 1 then
                reading.Fail(place, $"{same.Length} {what} are named '{same.Head}': different names are allowed, give a \"name\".")

    let private named
        (reading: Reading)
        (found: Members)
        name
        what
        (read: Place -> 'item)
        (nameOf: 'item -> string)
        : ('item * Place) list =
        found.Required(
            name,
            [],
            fun place ->
                let items = reading.Items(place, what) |> List.map (fun item -> read item, item)
                distinctNames reading place (items |> List.map (fst >> nameOf) |> List.filter ((<>) "?")) what
                items
        )

    /// The study; its errors are those of the reading.
    let study (reading: Reading) (tree: JsonTree) : Study =
        let place = { Path = "$"; Tree = tree }
        let found = reading.Members(place, StudyKeys.study)

        found.Required("schema", StudyKeys.Version, (fun place -> reading.Word(place, [ StudyKeys.Version, StudyKeys.Version ])))
        |> ignore

        found.Optional("$schema", "", reading.Text) |> ignore
        let contenders = named reading found "optimizers" "optimizers" (contender reading) _.Name

        let study =
            { Name = found.Required("name", "?", reading.Text)
              Tasks = named reading found "tasks" "tasks" (task reading) _.Name |> List.map fst
              Contenders = List.map fst contenders
              Protocol = protocol reading found }

        match study.Protocol with
        | Fair(tuning, _, _) when reading.Errors.Length = 0 ->
            for contender, place in contenders do
                try
                    Settings.start tuning contender |> ignore
                with :? ArgumentException as error ->
                    reading.Fail(place, error.Message)
        | _ -> ()

        study
