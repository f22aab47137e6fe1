namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// Reads a study from a JSON tree.
[<RequireQualifiedAccess>]
module internal StudyParser =
    let private most = Int32.MaxValue

    let private pruning (reading: Reading) (place: Place) : Pruning =
        match place.Tree.Value with
        | JsonValue.Text word when word = StudyKeys.NoneWord -> NoPruning
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

    let private looks (reading: Reading) (place: Place) : InterimLooks option =
        match place.Tree.Value with
        | JsonValue.Text word when word = StudyKeys.NoneWord -> None
        | _ ->
            let counts =
                reading.Items(place, "numbers of seeds") |> List.map (fun item -> reading.Int(item, 1, most))

            reading.Ascending(place, counts)
            Some { Seeds = counts }

    let private confirmation (reading: Reading) (found: Members) : Confirmation =
        let first = StudyKeys.firstConfirmationSeed
        let looks = found.Optional("looks", None, looks reading)

        // Seeds are added up to the last look.
        let cap =
            match looks with
            | Some looks when not looks.Seeds.IsEmpty -> List.last looks.Seeds
            | _ -> Int32.MaxValue

        let defaultSeeds = [ first .. first + min 10 cap - 1 ]
        let seeds = found.Optional("seeds", defaultSeeds, (fun place -> reading.Seeds(place, first)))

        match found.TryFind "looks" with
        | Some place when cap < seeds.Length ->
            reading.Fail(
                place,
                $"The last interim look is at {cap} seeds, but the study starts with {seeds.Length}. Use a last look of at least {seeds.Length} seeds."
            )
        | _ -> ()

        { Seeds = seeds
          Alpha = found.Optional("alpha", 0.05, (fun place -> reading.Number(place, ArgumentRange.betweenZeroAndOne)))
          EqualWithin =
            found.Optional("equal_within", 1.05, (fun place -> reading.Number(place, { ArgumentRange.positive with Lower = 1.0 })))
          InterimLooks = looks
          Defaults = found.Optional("defaults", true, reading.Bool) }

    let private rates (reading: Reading) (place: Place) : float list =
        match place.Tree.Value with
        | JsonValue.Object _ ->
            let found = reading.Members(place, StudyKeys.spread)

            let rate name otherwise =
                found.Optional(name, otherwise, (fun place -> reading.Number(place, ArgumentRange.positive)))

            let low, high = rate "from" 1e-5, rate "to" 1.0
            let points = found.Optional("points", 8, (fun place -> reading.Int(place, 2, 1000)))
            let rates = if low < high then Settings.logarithmic low high points else []

            if rates.IsEmpty || rates |> List.pairwise |> List.exists (fun (a, b) -> a >= b) then
                reading.FailValue(place, "\"from\" below \"to\", with room for \"points\" distinct rates")

            rates
        | _ ->
            let rates =
                reading.Items(place, "rates") |> List.map (fun item -> reading.Number(item, ArgumentRange.positive))

            reading.Ascending(place, rates)
            rates

    let private frontier (reading: Reading) (place: Place) : Frontier option =
        match place.Tree.Value with
        | JsonValue.Text word when word = StudyKeys.NoneWord -> None
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
            | Some place -> reading.Fail(place, $"The protocol \"{word}\" has no \"{name}\". Remove this key, or change the protocol.")
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
        // The names become file names, and some file systems ignore case.
        for _, same in names |> List.groupBy _.ToLowerInvariant() do
            if same.Length > 1 then
                reading.Fail(place, $"{same.Length} {what} are named '{same.Head}'. Give each a different \"name\"; case does not count.")

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
                let items =
                    [ for item in reading.Items(place, what) do
                          if not reading.IsFull then
                              read item, item ]

                distinctNames reading place (items |> List.map (fst >> nameOf) |> List.filter ((<>) "?")) what
                items
        )

    /// Reads a study. The errors are collected in <c>reading</c>.
    let study (registry: StudyRegistry) (reading: Reading) (tree: JsonTree) : StudyDesign =
        let place = { Path = "$"; Tree = tree }
        let found = reading.Members(place, StudyKeys.study)

        found.Required("schema", StudyKeys.Version, (fun place -> reading.Word(place, [ StudyKeys.Version, StudyKeys.Version ])))
        |> ignore

        found.Optional("$schema", "", reading.Text) |> ignore

        let contenders =
            named reading found "optimizers" "optimizers" (ContenderParser.contender registry.Rules reading) _.Name

        let study =
            { Name = found.Required("name", "?", reading.Text)
              Tasks = named reading found "tasks" "tasks" (TaskParser.task registry reading) _.Name |> List.map fst
              Contenders = List.map fst contenders
              Protocol = protocol reading found }

        match study.Protocol with
        | Fair(tuning, _, _) when reading.Errors.Length = 0 ->
            for contender, place in contenders do
                try
                    Settings.start tuning contender |> ignore
                with :? ArgumentException as error ->
                    reading.Fail(place, Refusal.sentence error)
        | _ -> ()

        study
