namespace CuteDl.Studies

open System
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Studies.SpaceScale

/// <summary>One point of a contender's space.</summary>
type ContenderSetting =
    {
        /// <summary>The values of the hyper-parameters that the study chooses, in the order of the space.</summary>
        Values: struct (string * float) array
        /// <summary>The contender's optimizer with these values.</summary>
        Optimizer: Optimizer
    }

/// <summary>A range that was made longer because the best setting lay at its edge.</summary>
type SpaceExtension =
    {
        /// <summary>The hyper-parameter.</summary>
        Name: string
        /// <summary>Its range before.</summary>
        Before: Space
        /// <summary>Its range since.</summary>
        After: Space
    }

/// <summary>The settings of a contender that are tried, and where they come from.</summary>
type SettingList =
    {
        /// <summary>The space as it now is.</summary>
        Space: (string * Space) list
        /// <summary>The settings in their order: more of them come behind, those that are there stay.</summary>
        Settings: ContenderSetting array
        /// <summary>What was extended, round after round, oldest first; a round may extend more than one range.</summary>
        Extensions: SpaceExtension list list
    }

/// <summary>The settings that a search tries.</summary>
[<RequireQualifiedAccess>]
module Settings =
    /// <summary>The arguments of a name, of all parts of an optimizer that have one: what <c>Optimizer.set</c> sets.</summary>
    let rec arguments (name: string) (optimizer: Optimizer) : Argument list =
        if optimizer.Parts.Count > 1 then
            optimizer.Parts |> Seq.toList |> List.collect (arguments name)
        elif optimizer.Groups.Count > 0 then
            optimizer.Groups |> Seq.toList |> List.collect (fun group -> arguments name group.Optimizer)
        else
            optimizer.Kind.Arguments |> List.filter (fun argument -> argument.Name = name)

    /// <summary>The names of all arguments of an optimizer's parts, each once.</summary>
    let rec argumentNames (optimizer: Optimizer) : string list =
        let parts =
            if optimizer.Parts.Count > 1 then
                Seq.toList optimizer.Parts
            else
                [ for group in optimizer.Groups -> group.Optimizer ]

        if parts.IsEmpty then
            optimizer.Kind.Arguments |> List.map _.Name
        else
            parts |> List.collect argumentNames |> List.distinct

    /// <summary>So many rates, evenly spread over the logarithm, of three significant digits each; the ends as they are.</summary>
    let logarithmic (low: float) (high: float) (points: int) : float list =
        let space = LogUniform(low, high)

        [ for i in 0 .. points - 1 do
              if i = 0 then
                  low
              elif i = points - 1 then
                  high
              else
                  shorten [] space (ofScale space (Math.Log low + (Math.Log high - Math.Log low) * float i / float (points - 1))) ]

    /// The value at a place in [0, 1).
    let private at (arguments: Argument list) space (place: float) : float =
        match space with
        | Fixed value -> value
        | Choice values -> values[min (values.Length - 1) (int (place * float values.Length))]
        | LogUniform(low, high)
        | Uniform(low, high) when isWhole arguments ->
            // Each number gets its share, the ends too.
            let low, high = low - 0.5, high + 0.5
            let value = ofScale space (toScale space low + place * (toScale space high - toScale space low))
            shorten arguments space value
        | LogUniform(low, high)
        | Uniform(low, high) ->
            let low, high = toScale space low, toScale space high
            shorten arguments space (ofScale space (low + place * (high - low)))

    let private setting (contender: Contender) (values: (string * float) list) : ContenderSetting =
        { Values = [| for name, value in values -> struct (name, value) |]
          Optimizer =
            (contender.Optimizer, values)
            ||> List.fold (fun optimizer (name, value) -> Optimizer.set name value optimizer) }

    let private argumentsOf (contender: Contender) name = arguments name contender.Optimizer

    // Grids

    let private choices space =
        match space with
        | Choice values -> values.Length
        | _ -> 1

    /// How many values of the range a grid has.
    let private gridPoints (tuning: Tuning) (space: (string * Space) list) =
        tuning.Trials / (space |> List.fold (fun product (_, space) -> product * choices space) 1)

    let private step space points =
        match range space with
        | ValueSome(struct (low, high)) -> (toScale space high - toScale space low) / float (points - 1)
        | ValueNone -> 0.0

    let private gridValues arguments space points =
        match space with
        | Fixed value -> [ value ]
        | Choice values -> values
        | LogUniform(low, high)
        | Uniform(low, high) ->
            [ for i in 0 .. points - 1 do
                  if i = 0 then low
                  elif i = points - 1 then high
                  else shorten arguments space (ofScale space (toScale space low + float i * step space points)) ]

    /// All combinations; what comes first in the space changes last.
    let rec private combinations (values: (string * float list) list) : (string * float) list list =
        match values with
        | [] -> [ [] ]
        | (name, first) :: rest ->
            [ for value in first do
                  for others in combinations rest -> (name, value) :: others ]

    let private gridProblems (tuning: Tuning) (contender: Contender) =
        let ranged = contender.Space |> List.filter (snd >> isRange)

        let product =
            contender.Space |> List.fold (fun product (_, space) -> product * int64 (choices space)) 1L

        match ranged with
        | _ :: _ :: _ ->
            let names = String.Join(" and ", ranged |> List.map fst)
            [ $"a grid is over one range, and {names} of {contender.Name} have one each: search with sobol or halton, or make them choices." ]
        | [] when product <> 1L && product <> int64 tuning.Trials ->
            [ $"the choices of {contender.Name} make {product} combinations: as many as there are trials, {tuning.Trials}, are allowed." ]
        | [ _ ] when int64 tuning.Trials % product <> 0L || int64 tuning.Trials / product < 2L ->
            [ $"the choices of {contender.Name} make {product} combinations for each value of the range: a number that goes into the {tuning.Trials} trials at least twice, and without a rest, is allowed." ]
        | [ name, space ] ->
            let points = gridPoints tuning contender.Space
            let values = gridValues (argumentsOf contender name) space points

            if List.distinct values |> List.length < points then
                [ $"the grid of {name} of {contender.Name} has less than {points} different values: give it a longer range, or fewer trials." ]
            else
                []
        | _ -> []

    /// <summary>Why a contender's space cannot be searched so, each a sentence; none if it can.</summary>
    let problems (tuning: Tuning) (contender: Contender) : string list =
        let dimensions =
            contender.Space
            |> List.filter (
                snd
                >> (function
                | Fixed _ -> false
                | _ -> true)
            )
            |> List.length

        let known = argumentNames contender.Optimizer

        let unknown =
            [ for name, _ in contender.Space do
                  if not (List.contains name known) then
                      $"{contender.Name} has no hyper-parameter {name}: {Suggestion.describe known name}" ]

        match tuning.Search with
        | _ when not unknown.IsEmpty -> unknown
        | Search.Grid -> gridProblems tuning contender
        | Search.Sobol
        | Search.Halton when dimensions > QuasiRandom.maxDimensions ->
            [ $"{contender.Name} has {dimensions} hyper-parameters to tune, at most {QuasiRandom.maxDimensions} are possible." ]
        | _ -> []

    // Sequences

    let private point (tuning: Tuning) (round: int) (space: (string * Space) list) : int -> (string -> float) =
        let tuned =
            space
            |> List.filter (
                snd
                >> (function
                | Fixed _ -> false
                | _ -> true)
            )
            |> List.map fst

        let seed = List.head tuning.Seeds
        let key = RandomStream.key seed (if round = 0 then "settings" else $"settings/{round}")

        fun index ->
            let point =
                match tuning.Search with
                | Search.Halton -> QuasiRandom.halton key tuned.Length index
                | _ -> QuasiRandom.sobol key tuned.Length index

            fun name ->
                match List.tryFindIndex ((=) name) tuned with
                | Some i -> point[i]
                | None -> 0.0

    let private pointValues contender space (point: string -> float) =
        [ for name, space in space -> name, at (argumentsOf contender name) space (point name) ]

    /// <summary>
    /// The settings of a contender in their fixed order. A grid spreads the one range evenly, ends included, for each combination of the
    /// choices; a sequence is scrambled by the first of the seeds, the same for every contender, and so many of its settings are the first of
    /// any more. With nothing to tune there is one setting.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The space cannot be searched so (see <c>problems</c>), or the optimizer refuses a value.</exception>
    let start (tuning: Tuning) (contender: Contender) : SettingList =
        match problems tuning contender with
        | problem :: _ -> raise (ArgumentException(problem, nameof contender))
        | [] -> ()

        let isFixed =
            contender.Space
            |> List.forall (
                snd
                >> (function
                | Fixed _ -> true
                | _ -> false)
            )

        let values =
            if isFixed then
                [ [ for name, space in contender.Space -> name, at [] space 0.0 ] ]
            elif tuning.Search = Search.Grid then
                let points = gridPoints tuning contender.Space

                combinations [ for name, space in contender.Space -> name, gridValues (argumentsOf contender name) space points ]
            else
                let point = point tuning 0 contender.Space
                [ for index in 0 .. tuning.Trials - 1 -> pointValues contender contender.Space (point index) ]

        { Space = contender.Space
          Settings = [| for values in values -> setting contender values |]
          Extensions = [] }

    // Extensions

    /// Whether a place in a range is at its lower (-1) or upper (1) edge, or at none (0).
    let private edge (tuning: Tuning) (points: int) space (value: float) =
        match range space with
        | ValueNone -> 0
        | ValueSome(struct (low, high)) ->
            let place = (toScale space value - toScale space low) / (toScale space high - toScale space low)

            // Half a step of the grid: its ends alone.
            let margin =
                match tuning.Search with
                | Search.Grid -> 0.5 / float (points - 1)
                | _ -> 1.0 / float tuning.Trials

            if place < margin then -1
            elif place > 1.0 - margin then 1
            else 0

    /// A new end of a range within what is allowed; where the bound itself is not, nine tenths of the way there.
    let private clipped (arguments: Argument list) (oldEnd: float) (newEnd: float) : float =
        (newEnd, arguments)
        ||> List.fold (fun value argument ->
            if argument.Range.Contains value then
                value
            else
                let bound = if newEnd > oldEnd then argument.Range.Upper else argument.Range.Lower
                if argument.Range.Contains bound then bound else significant 3 (oldEnd + 0.9 * (bound - oldEnd)))

    let private extendedRange arguments space side =
        match range space with
        | ValueNone -> None
        | ValueSome(struct (low, high)) ->
            let half = (toScale space high - toScale space low) / 2.0
            let oldEnd = if side < 0 then low else high
            let moved = significant 3 (ofScale space (toScale space oldEnd + float side * half))
            let moved = if isWhole arguments then Math.Round moved else moved
            let newEnd = clipped arguments oldEnd moved

            if float side * (newEnd - oldEnd) <= 0.0 || not (allows arguments newEnd) then None
            elif side < 0 then Some(withRange space newEnd high)
            else Some(withRange space low newEnd)

    /// The values behind the last ones of a grid, at the same distances.
    let private gridExtension (tuning: Tuning) (contender: Contender) (space: (string * Space) list) name side =
        let original = contender.Space |> List.find (fst >> (=) name) |> snd
        let present = space |> List.find (fst >> (=) name) |> snd
        let arguments = argumentsOf contender name

        match range original, range present with
        | ValueSome(struct (low, high)), ValueSome(struct (presentLow, presentHigh)) ->
            let step = step original (gridPoints tuning contender.Space)
            let first = toScale original (if side < 0 then low else high)
            let reached = toScale original (if side < 0 then presentLow else presentHigh)
            let done' = int (Math.Round(float side * (reached - first) / step))
            let steps = int (Math.Round((toScale original presentHigh - toScale original presentLow) / step))

            [ for i in done' + 1 .. done' + max 1 (steps / 2) do
                  let value = significant 3 (ofScale original (first + float side * float i * step))
                  let value = if isWhole arguments then Math.Round value else value

                  if
                      allows arguments value
                      && float side * (value - (if side < 0 then presentLow else presentHigh)) > 0.0
                  then
                      value ]
        | _ -> []

    /// <summary>The ranges at whose edge a setting lies, each with its side: -1 the lower, 1 the upper.</summary>
    /// <param name="tuning">How the settings are found.</param>
    /// <param name="contender">Whose they are, with the space as the study gives it.</param>
    /// <param name="chosen">The number of the setting in the list.</param>
    /// <param name="list">The settings so far.</param>
    let edges (tuning: Tuning) (contender: Contender) (chosen: int) (list: SettingList) : (string * int) list =
        let values =
            list.Settings[chosen].Values |> Array.map (fun struct (name, value) -> name, value) |> Map.ofArray

        let points = gridPoints tuning contender.Space

        // A grid may have become longer; its ends are its ends.
        let margin name present =
            let original = contender.Space |> List.find (fst >> (=) name) |> snd

            match range present with
            | ValueSome(struct (low, high)) when tuning.Search = Search.Grid ->
                1 + int (Math.Round((toScale present high - toScale present low) / step original points))
            | _ -> points

        [ for name, space in list.Space do
              if isRange space then
                  let side = edge tuning (margin name space) space values[name]

                  if side <> 0 then
                      name, side ]

    /// <summary>
    /// Extends the space on the sides where the best setting lies at its edge (of a grid the first or the last value; of a sequence within the
    /// outermost 1/trials of a range), by half the range's length in its own scale, as far as values are allowed; the new settings lie in the
    /// new part alone. A grid keeps its distances; a sequence adds half as many settings as there are trials.
    /// </summary>
    /// <param name="tuning">How the settings are found.</param>
    /// <param name="contender">Whose they are, with the space as the study gives it.</param>
    /// <param name="best">The number of the best setting in the list.</param>
    /// <param name="list">The settings so far.</param>
    /// <returns>The list with the new settings behind the others; nothing, if the best does not lie at an edge or there is no room.</returns>
    let extend (tuning: Tuning) (contender: Contender) (best: int) (list: SettingList) : SettingList option =
        let points = gridPoints tuning contender.Space

        let sides =
            [ for name, side in edges tuning contender best list -> name, list.Space |> List.find (fst >> (=) name) |> snd, side ]

        let extendedBy (added: (string * Space * Space) list) (settings: ContenderSetting array) =
            let space =
                [ for name, space in list.Space ->
                      match added |> List.tryFind (fun (other, _, _) -> other = name) with
                      | Some(_, _, after) -> name, after
                      | None -> name, space ]

            let extensions = [ for name, before, after in added -> { Name = name; Before = before; After = after } ]

            { Space = space
              Settings = Array.append list.Settings settings
              Extensions = list.Extensions @ [ extensions ] }

        match tuning.Search, sides with
        | _, [] -> None
        | Search.Grid, (name, space, side) :: _ ->
            match gridExtension tuning contender list.Space name side, range space with
            | (_ :: _ as added), ValueSome(struct (low, high)) ->
                let last = List.last added
                let after = if side < 0 then withRange space last high else withRange space low last

                let settings =
                    combinations
                        [ for other, space in contender.Space -> other, (if other = name then added else gridValues [] space points) ]

                Some(extendedBy [ name, space, after ] [| for values in settings -> setting contender values |])
            | _ -> None
        | _ ->
            let added =
                [ for name, space, side in sides do
                      match extendedRange (argumentsOf contender name) space side with
                      | Some after -> name, space, after
                      | None -> () ]

            if added.IsEmpty then
                None
            else
                let extended = extendedBy added [||]
                let point = point tuning extended.Extensions.Length extended.Space

                let isNew (values: (string * float) list) =
                    added
                    |> List.exists (fun (name, before, _) ->
                        let value = values |> List.find (fst >> (=) name) |> snd

                        match range before with
                        | ValueSome(struct (low, high)) -> value < low || value > high
                        | ValueNone -> false)

                let settings =
                    Seq.initInfinite (fun index -> pointValues contender extended.Space (point index))
                    |> Seq.truncate (1000 * tuning.Trials)
                    |> Seq.filter isNew
                    |> Seq.truncate ((tuning.Trials + 1) / 2)
                    |> Seq.map (setting contender)
                    |> Seq.toArray

                if settings.Length = 0 then
                    None
                else
                    Some { extended with Settings = Array.append list.Settings settings }
