/// Writes the verdict in sentences: winners, ties, undecided pairs and failures.
module internal CuteDl.Studies.Verdicts

open System
open CuteDl.Studies.Statistics

let private where task = if task = "" then "all tasks" else task

/// Returns the effect with this contender first.
let private seenFrom (contender: string) (pair: PairComparison) : Interval =
    let effect = pair.Effect

    if pair.First = contender then
        effect
    elif Pairs.isTime pair.Metric then
        { Value = 1.0 / effect.Value; Low = 1.0 / effect.High; High = 1.0 / effect.Low }
    else
        { Value = -effect.Value; Low = -effect.High; High = -effect.Low }

let private other contender (pair: PairComparison) = if pair.First = contender then pair.Second else pair.First

let private effect (metric: IMetric) (value: Interval) =
    if Pairs.isTime metric then
        $"{SentenceText.interval SentenceText.ratio value} times the steps"
    else
        $"{SentenceText.interval SentenceText.points value} percentage points"

let private names (pair: PairComparison) = $"{pair.First} and {pair.Second}"

/// Joins pairs by semicolons, because a pair contains "and".
let private listPairs (pairs: string array) = String.Join("; ", pairs)

let private withOutcome (outcome: Outcome) (pairs: PairComparison array) = pairs |> Array.filter (fun pair -> pair.Outcome = outcome)

/// Returns a sentence for each winner, most wins first: "momentum beats adam (0.85 [0.80, 0.91] times the steps, p = 0.03) and adagrad
/// (...)."
let private wins (pairs: PairComparison array) =
    withOutcome Outcome.Wins pairs
    |> Array.groupBy _.Winner
    |> Array.sortByDescending (fun (_, won) -> won.Length)
    |> Array.map (fun (winner, won) ->
        let each =
            won
            |> Array.sortBy (fun pair -> let seen = seenFrom winner pair in if Pairs.isTime pair.Metric then seen.Value else -seen.Value)
            |> Array.map (fun pair ->
                $"{other winner pair} ({effect pair.Metric (seenFrom winner pair)}, {SentenceText.p pair.AdjustedP})")

        $"{winner} beats {SentenceText.list each}.")

/// Returns the sensitivity of wins to the chosen learning rates; empty if tuning has no data for it.
let private sensitivity (pairs: PairComparison array) =
    match withOutcome Outcome.Wins pairs |> Array.filter _.NeighbouringRates.HasValue with
    | [||] -> [||]
    | wins ->
        let rates (pair: PairComparison) = pair.NeighbouringRates.Value
        let holding, others = wins |> Array.partition (fun pair -> (rates pair).Held = (rates pair).Cases)

        let each =
            others
            |> Array.map (fun pair -> $"{pair.Winner} over {other pair.Winner pair} in {(rates pair).Held} of {(rates pair).Cases}")

        let exceptions = if each.Length = 0 then "" else $" Not in all cases: {listPairs each}."

        [| $"Sensitivity: with one of the two at a neighbouring learning rate of tuning (median of {SentenceText.seeds (rates wins[0]).Seeds}), the winner stays ahead in all cases for {holding.Length} of {wins.Length} wins.{exceptions}" |]

/// Returns what counts as equal: "0.95 to 1.05" or "−0.10 to +0.10".
let private range (pair: PairComparison) =
    let word = if Pairs.isTime pair.Metric then SentenceText.ratio else SentenceText.points
    $"{word pair.EqualLow} to {word pair.EqualHigh}"

let private equals (pairs: PairComparison array) =
    match withOutcome Outcome.Equal pairs with
    | [||] -> [||]
    | equal ->
        let each =
            equal
            |> Array.map (fun pair ->
                $"{names pair} ({effect pair.Metric pair.Effect}; {range pair} counts as equal, {SentenceText.p pair.AdjustedTieP})")

        [| $"Tied: {listPairs each}." |]

// Longer lists of pairs are shown in the table only.
let private mostNamed = 6

let private undecided (pairs: PairComparison array) =
    match withOutcome Outcome.Undecided pairs with
    | [||] -> [||]
    | openPairs when openPairs.Length = pairs.Length && pairs.Length > 1 -> [||]
    | openPairs when openPairs.Length > mostNamed ->
        [| $"Undecided: {openPairs.Length} of {pairs.Length} pairs, listed in the table of comparisons." |]
    | openPairs -> [| $"Undecided: {listPairs (Array.map names openPairs)}." |]

/// A pair that never reached the target has no effect.
let private seen (pair: PairComparison) =
    if Double.IsNaN pair.Effect.Value then
        "neither reached the target"
    else
        effect pair.Metric pair.Effect

let private unranked (pairs: PairComparison array) =
    withOutcome Outcome.NotRanked pairs
    |> Array.groupBy (fun pair -> struct (pair.Obstacle, pair.Reason))
    |> Array.map (fun (struct (obstacle, reason), pairs) ->
        if obstacle = Obstacle.NoneReached then
            $"Not ranked, because {reason}: {listPairs (Array.map names pairs)}."
        else
            let each = pairs |> Array.map (fun pair -> $"{names pair} ({seen pair})")
            $"Not ranked, because {reason}. Results so far: {listPairs each}.")

let private verdict (contenders: string array) (task: string) (metric: IMetric) (pairs: PairComparison array) : MetricVerdict =
    let won = pairs |> Array.filter (fun pair -> pair.Outcome = Outcome.Wins)
    let beaten = won |> Array.map (fun pair -> other pair.Winner pair) |> Set.ofArray
    let winsOf name = won |> Array.filter (fun pair -> pair.Winner = name) |> Array.length
    let ranked = pairs |> Array.exists (fun pair -> pair.Outcome <> Outcome.NotRanked)

    let compared =
        contenders
        |> Array.filter (fun name -> pairs |> Array.exists (fun pair -> pair.First = name || pair.Second = name))

    let unbeaten = if won.Length = 0 then [||] else compared |> Array.filter (beaten.Contains >> not)

    let winner =
        contenders
        |> Array.tryFind (fun name -> contenders.Length > 1 && winsOf name = contenders.Length - 1)
        |> Option.defaultValue ""

    let seeds = pairs |> Array.map _.Seeds.Length |> Array.min

    let headline =
        let subject = $"{where task}, {metric.Title} (n = {seeds})"

        if not ranked then
            $"{subject}: no ranking."
        elif winner <> "" then
            $"{subject}: {winner} beats every other."
        elif pairs |> Array.forall (fun pair -> pair.Outcome = Outcome.Equal) then
            $"{subject}: a tie, all are equal."
        elif won.Length = 0 then
            $"{subject}: undecided, no optimizer is shown to be better than another."
        elif unbeaten.Length = 1 then
            $"{subject}: no optimizer beats {unbeaten[0]}, but it is not shown to beat every other."
        else
            $"{subject}: no single winner. Not beaten: {SentenceText.list unbeaten}."

    { Task = task
      Metric = metric
      Seeds = seeds
      Ranked = ranked
      Unbeaten = unbeaten
      Winner = winner
      Sentences = Array.concat [ [| headline |]; wins pairs; sensitivity pairs; equals pairs; undecided pairs; unranked pairs ] }

/// Returns what a verdict over all tasks covers; empty if there is only one task.
let scope (study: StudyDesign) (overall: PairComparison array) : string array =
    if overall.Length = 0 then
        [||]
    else
        let tasks = study.Tasks |> List.map _.Name

        [| $"Over all tasks: {SentenceText.list tasks}, each with the same weight. They are a fixed set, so nothing follows for other tasks. n counts seeds: all runs of a seed are one observation." |]

/// Returns the limits that the kind of protocol states, if a pair is ranked.
let protocolLimits (study: StudyDesign) (comparisons: PairComparison array) : string array =
    if comparisons |> Array.exists (fun pair -> pair.Outcome <> Outcome.NotRanked) then
        study.Protocol.Kind.Limits study.Protocol |> Array.ofList
    else
        [||]

/// Returns a verdict for each task and metric of the comparisons.
let ofComparisons (study: StudyDesign) (comparisons: PairComparison array) : MetricVerdict array =
    let contenders = study.Contenders |> List.map _.Name |> Array.ofList

    comparisons
    |> Array.groupBy (fun pair -> struct (pair.Task, pair.Metric.Name))
    |> Array.map (fun (struct (task, _), pairs) -> verdict contenders task pairs[0].Metric pairs)

/// Returns a sentence for each contender with runs that missed the target.
let failures (summaries: Summary array) : string array =
    let form variant =
        match variant with
        | Variant.Defaults -> " with default settings"
        | _ -> ""

    summaries
    |> Array.filter (fun summary -> summary.Reached < summary.Trials)
    |> Array.map (fun summary ->
        let success = SentenceText.interval SentenceText.percent summary.Success
        let diverged = if summary.Diverged = 0 then "" else $"; {summary.Diverged} diverged"
        let dead = if summary.WithDeadLogits = 0 then "" else $"; {summary.WithDeadLogits} had a dead logit"

        $"{summary.Task}: {summary.Contender}{form summary.Variant} reached the target in {summary.Reached} of {summary.Trials} runs ({success}){diverged}{dead}.")

/// True if in each primary metric some contender beats or equals every other.
let isDecided (study: StudyDesign) (comparisons: PairComparison array) : bool =
    let contenders = study.Contenders |> List.map _.Name
    let pairsOfAll = Measures.pairs study |> Array.length

    let questions =
        comparisons
        |> Array.filter (fun pair -> pair.Metric.Role = MetricRole.Primary && not (PairedRuns.isOutcome pair.Metric))
        |> Array.groupBy (fun pair -> struct (pair.Task, pair.Metric.Name))
        |> Array.map snd

    let hasNothing (pair: PairComparison) = pair.Obstacle = Obstacle.NoneReached || pair.Obstacle = Obstacle.AllDiverged
    let isVoid (pairs: PairComparison array) = pairs.Length = pairsOfAll && pairs |> Array.forall hasNothing

    let isAnswered (pairs: PairComparison array) =
        let isAtLeastAsGood name (pair: PairComparison) = pair.Winner = name || pair.Outcome = Outcome.Equal

        pairs.Length = pairsOfAll
        && contenders
           |> List.exists (fun name ->
               pairs
               |> Array.filter (fun pair -> pair.First = name || pair.Second = name)
               |> Array.forall (isAtLeastAsGood name))

    questions.Length > 0 && questions |> Array.forall (fun pairs -> isVoid pairs || isAnswered pairs)
