namespace CuteDl.Studies

open System
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Studies.SpaceScale

/// <summary>A point of a contender's search space.</summary>
type ContenderSetting =
    {
        /// <summary>The values of the tuned hyper-parameters, in the order of the search space.</summary>
        Values: struct (string * float) array
        /// <summary>The contender's optimizer with these values.</summary>
        Optimizer: Optimizer
    }

/// <summary>The extension of a range whose best setting was at its edge.</summary>
type SpaceExtension =
    {
        /// <summary>The hyper-parameter.</summary>
        Name: string
        /// <summary>The range before the extension.</summary>
        Before: Space
        /// <summary>The range after the extension.</summary>
        After: Space
    }

/// <summary>The settings to try for a contender, with the search space they are from.</summary>
type SettingList =
    {
        /// <summary>The search space with all extensions.</summary>
        Space: (string * Space) list
        /// <summary>The settings, in order. Extensions append new ones.</summary>
        Settings: ContenderSetting array
        /// <summary>The extensions, one list per round, oldest first. A round can extend several ranges.</summary>
        Extensions: SpaceExtension list list
    }

/// <summary>Builds the lists of settings that a search tries.</summary>
[<RequireQualifiedAccess>]
module Settings =
    /// <summary>Returns the arguments that <c>Optimizer.set</c> changes for a name; empty if it refuses the name.</summary>
    let arguments (name: string) (optimizer: Optimizer) : Argument list =
        match ArgumentNames.tryFind name optimizer with
        | Ok arguments -> arguments
        | Error _ -> []

    /// <summary>Returns evenly spaced values on a logarithmic scale, rounded to three significant digits except at the ends.</summary>
    let logarithmic (low: float) (high: float) (points: int) : float list =
        let space = LogUniform(low, high)

        [ for i in 0 .. points - 1 do
              if i = 0 then
                  low
              elif i = points - 1 then
                  high
              else
                  shorten [] space (ofScale space (Math.Log low + (Math.Log high - Math.Log low) * float i / float (points - 1))) ]

    /// Returns the value at a position in [0, 1).
    let private at (arguments: Argument list) space (place: float) : float =
        match space with
        | Fixed value -> value
        | Choice values -> values[min (values.Length - 1) (int (place * float values.Length))]
        | LogUniform(low, high)
        | LogUniformBelowOne(low, high)
        | Uniform(low, high) when isWhole arguments ->
            // Every whole number gets the same share, the ends included.
            let low, high = low - 0.5, high + 0.5
            let value = ofScale space (toScale space low + place * (toScale space high - toScale space low))
            shorten arguments space value
        | LogUniform(low, high)
        | LogUniformBelowOne(low, high)
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
        | LogUniform _
        | LogUniformBelowOne _
        | Uniform _
        | Fixed _ -> 1

    /// Returns the number of grid values in the range.
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
        | LogUniformBelowOne(low, high)
        | Uniform(low, high) ->
            [ for i in 0 .. points - 1 do
                  if i = 0 then low
                  elif i = points - 1 then high
                  else shorten arguments space (ofScale space (toScale space low + float i * step space points)) ]

    /// Returns all combinations. The first hyper-parameter changes last.
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
            [ $"{contender.Name}: a grid searches one range, but {names} each have one. Use the search sobol or halton, or replace ranges by choices." ]
        | [] when product <> 1L && product <> int64 tuning.Trials ->
            [ $"{contender.Name}: {tuning.Trials} trials do not match {product} combinations of choices. Use {product} trials." ]
        | [ _ ] when int64 tuning.Trials % product <> 0L || int64 tuning.Trials / product < 2L ->
            if product = 1L then
                [ $"{contender.Name}: a grid over a range needs at least 2 trials, not {tuning.Trials}." ]
            else
                [ $"{contender.Name}: {tuning.Trials} trials cannot be divided evenly over {product} combinations of choices. Use a multiple of {product}, at least {2L * product}." ]
        | [ name, space ] ->
            let points = gridPoints tuning contender.Space
            let values = gridValues (argumentsOf contender name) space points

            if List.distinct values |> List.length < points then
                [ $"{contender.Name}: the range of {name} has fewer than {points} distinct values. Use a wider range or fewer trials." ]
            else
                []
        | _ -> []

    /// Returns the largest number of hyper-parameters that a search can tune.
    let private mostDimensions (search: Search) : int =
        match search with
        | Search.Sobol
        | Search.Halton -> QuasiRandom.maxDimensions
        | Search.Sampler sampler -> sampler.MaxDimensions
        // Its number of settings is the limit.
        | Search.Grid -> Int32.MaxValue

    /// <summary>Returns the reasons why a search does not fit a contender's space, one sentence each; empty if it does.</summary>
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

        let wrongNames =
            [ for name, _ in contender.Space do
                  match ArgumentNames.tryFind name contender.Optimizer with
                  | Ok _ -> ()
                  | Error problem -> $"{contender.Name}: {problem}" ]

        // With qualified names, two entries can be for one hyper-parameter.
        let repeated =
            contender.Space
            |> List.collect (fun (name, _) -> argumentsOf contender name)
            |> List.countBy id
            |> List.choose (fun (argument, count) ->
                if count > 1 then
                    Some $"{contender.Name}: two entries of the search space set {argument.Name}. Keep one of them."
                else
                    None)

        match tuning.Search with
        | _ when not wrongNames.IsEmpty -> wrongNames
        | _ when not repeated.IsEmpty -> repeated
        | Search.Grid -> gridProblems tuning contender
        | Search.Sobol
        | Search.Halton
        | Search.Sampler _ ->
            let most = mostDimensions tuning.Search

            if dimensions > most then
                [ $"{contender.Name}: {dimensions} hyper-parameters are tuned. Tune at most {most}." ]
            else
                []

    // Sequences

    /// Returns a point of a search method of one's own.
    let private pointOf (sampler: ISampler) (key: uint64) (dimensions: int) (index: int) : float array =
        let subject = $"The search method {Quotation.quote sampler.Name}"
        let fail (problem: string) : 'any = raise (ArgumentException problem)

        let point =
            try
                sampler.Point(key, dimensions, index)
            with error ->
                fail $"{subject} failed at point {index}: {error.Message}"

        match point |> Array.tryFindIndex (fun place -> not (place >= 0.0 && place <= 1.0)) with
        | _ when point.Length <> dimensions ->
            fail
                $"{subject} gave point {index} with {point.Length} coordinates. It must have {dimensions}, one for each tuned hyper-parameter."
        | Some i -> fail $"{subject} gave point {index} with the coordinate {NumberText.ofFloat point[i]}. Coordinates must be from 0 to 1."
        | None -> point

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
                | Search.Sobol -> QuasiRandom.sobol key tuned.Length index
                | Search.Sampler sampler -> pointOf sampler key tuned.Length index
                | Search.Grid -> invalidOp "A grid is no sequence."

            fun name ->
                match List.tryFindIndex ((=) name) tuned with
                | Some i -> point[i]
                | None -> 0.0

    let private pointValues contender space (point: string -> float) =
        [ for name, space in space -> name, at (argumentsOf contender name) space (point name) ]

    /// <summary>
    /// Returns the settings of a contender, in a fixed order. A grid divides its one range evenly, ends included, for each combination of
    /// choices. A quasi-random sequence is scrambled by the first seed, and is the same for every contender. More trials append settings to
    /// the same sequence. If nothing is tuned, there is one setting.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The search does not fit the space (see <c>problems</c>), or the optimizer refuses a value.</exception>
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

    /// Returns the initial settings, or the reason why there are none.
    let internal tryStart (tuning: Tuning) (contender: Contender) : Result<SettingList, string> =
        try
            Ok(start tuning contender)
        with :? ArgumentException as error ->
            Error(Refusal.sentence error)

    // Extensions

    /// Returns -1 at the lower edge of a range, 1 at its upper edge, 0 elsewhere.
    let private edge (tuning: Tuning) (points: int) space (value: float) =
        match range space with
        | ValueNone -> 0
        | ValueSome(struct (low, high)) ->
            let place = (toScale space value - toScale space low) / (toScale space high - toScale space low)

            // Half a grid step, so that only the ends count.
            let margin =
                match tuning.Search with
                | Search.Grid -> 0.5 / float (points - 1)
                | Search.Sobol
                | Search.Halton
                | Search.Sampler _ -> 1.0 / float tuning.Trials

            if place < margin then -1
            elif place > 1.0 - margin then 1
            else 0

    /// Returns the new end of a range, limited to allowed values. If the limit itself is excluded, it moves nine tenths of the way.
    let private clipped space (arguments: Argument list) (oldEnd: float) (newEnd: float) : float =
        (newEnd, arguments)
        ||> List.fold (fun value argument ->
            if argument.Range.Contains value then
                value
            else
                let bound = if newEnd > oldEnd then argument.Range.Upper else argument.Range.Lower
                if argument.Range.Contains bound then bound else rounded space 3 (oldEnd + 0.9 * (bound - oldEnd)))

    let private extendedRange arguments space side =
        match range space with
        | ValueNone -> None
        | ValueSome(struct (low, high)) ->
            let half = (toScale space high - toScale space low) / 2.0
            let oldEnd = if side < 0 then low else high
            let moved = rounded space 3 (ofScale space (toScale space oldEnd + float side * half))
            let moved = if isWhole arguments then Math.Round moved else moved
            let newEnd = clipped space arguments oldEnd moved

            if float side * (newEnd - oldEnd) <= 0.0 || not (allows arguments newEnd) then None
            elif side < 0 then Some(withRange space newEnd high)
            else Some(withRange space low newEnd)

    /// Returns grid values beyond an end, at the same distances.
    let private gridExtension (tuning: Tuning) (contender: Contender) (space: (string * Space) list) name side =
        let original = contender.Space |> List.find (fst >> (=) name) |> snd
        let present = space |> List.find (fst >> (=) name) |> snd
        let arguments = argumentsOf contender name

        match range original, range present with
        | ValueSome(struct (low, high)), ValueSome(struct (presentLow, presentHigh)) ->
            let step = step original (gridPoints tuning contender.Space)
            let first = toScale original (if side < 0 then low else high)
            let reached = toScale original (if side < 0 then presentLow else presentHigh)
            let covered = int (Math.Round(float side * (reached - first) / step))
            let steps = int (Math.Round((toScale original presentHigh - toScale original presentLow) / step))

            [ for i in covered + 1 .. covered + max 1 (steps / 2) do
                  let value = rounded original 3 (ofScale original (first + float side * float i * step))
                  let value = if isWhole arguments then Math.Round value else value

                  if
                      allows arguments value
                      && float side * (value - (if side < 0 then presentLow else presentHigh)) > 0.0
                  then
                      value ]
        | _ -> []

    /// <summary>Returns the hyper-parameters that have an edge value in a setting, with the edge: -1 lower, 1 upper.</summary>
    /// <param name="tuning">The tuning of the study.</param>
    /// <param name="contender">The contender, with its original search space.</param>
    /// <param name="chosen">The number of the setting in the list.</param>
    /// <param name="list">The settings so far.</param>
    let edges (tuning: Tuning) (contender: Contender) (chosen: int) (list: SettingList) : (string * int) list =
        let values =
            list.Settings[chosen].Values |> Array.map (fun struct (name, value) -> name, value) |> Map.ofArray

        let points = gridPoints tuning contender.Space

        // An extended grid has more values, and only its outermost ones are at the edge.
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
    /// Extends the space at each edge where the best setting is. The edge of a grid is its first or last value; the edge of a sequence is the
    /// outermost 1/trials of a range. A range grows by half its length in its own scale, as far as values are allowed. New settings are in the
    /// new part only. A grid keeps its distances. A sequence adds half as many settings as there are trials.
    /// </summary>
    /// <param name="tuning">The tuning of the study.</param>
    /// <param name="contender">The contender, with its original search space.</param>
    /// <param name="best">The number of the best setting in the list.</param>
    /// <param name="list">The settings so far.</param>
    /// <returns>The list with new settings appended; None if the best is not at an edge or no value beyond it is allowed.</returns>
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
        | (Search.Sobol | Search.Halton | Search.Sampler _), _ ->
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
