/// Formats numbers and lists for sentences.
module internal CuteDl.Studies.SentenceText

open System
open System.Globalization
open CuteDl.Studies.Statistics

let private format (pattern: string) (value: float) = value.ToString(pattern, CultureInfo.InvariantCulture)

/// Returns <c>12,345</c>, or <c>never</c>.
let steps (value: float) = if Double.IsFinite value then format "#,0" value else "never"

/// Returns <c>0.92</c>, <c>1.31</c>, <c>0.0042</c> or <c>3.2e-7</c>.
let ratio (value: float) =
    if abs value >= 100.0 then format "#,0" value
    elif abs value >= 0.1 || value = 0.0 then format "0.00" value
    elif abs value < 1e-5 then format "0.#e-0" value
    else format "0.0#####" (Math.Round(value, 2 + int (ceil -(log10 (abs value)))))

/// Returns <c>+0.42</c> or <c>−0.42</c>.
let points (value: float) = (if value < 0.0 then "−" else "+") + format "0.00" (abs value)

/// Returns <c>0.9214</c>.
let accuracy (value: float) = format "0.0000" value

/// Returns <c>85 %</c>.
let percent (share: float) = format "0.##" (100.0 * share) + " %"

/// Returns <c>p = 0.03</c> or <c>p &lt; 0.0001</c>.
let p (value: float) = if value < 0.0001 then "p < 0.0001" else "p = " + format "0.0###" value

let private plural (word: string) count = if count = 1 then $"1 {word}" else $"{count} {word}s"
let seeds (count: int) = plural "seed" count

/// Returns <c>a, b and c</c>.
let list (words: string seq) =
    match List.ofSeq words with
    | [] -> "none"
    | [ only ] -> only
    | words -> String.Join(", ", List.take (words.Length - 1) words) + " and " + List.last words

/// Returns the reason why a pair is not ranked; empty if it is.
let obstacle (obstacle: Obstacle) (seeds: int) (lookSeeds: int) (fewest: int) : string =
    match obstacle with
    | Obstacle.None -> ""
    | Obstacle.TooFewSeeds ->
        (if seeds = 1 then "1 seed is" else $"{seeds} seeds are")
        + $" too few; at least {fewest} are needed"
    | Obstacle.LookIncomplete -> $"only {seeds} of the {lookSeeds} seeds of this interim look are finished"
    | Obstacle.NoneReached -> "neither reached the target within the steps known of both"
    | Obstacle.AllDiverged -> "every run of both diverged or failed"
    | obstacle -> raise (ArgumentOutOfRangeException("obstacle", obstacle, "No such obstacle."))

/// Returns <c>0.85 [0.80, 0.91]</c>, or the value alone if it has no interval.
let interval (word: float -> string) (interval: Interval) =
    if interval.HasEnds then
        $"{word interval.Value} [{word interval.Low}, {word interval.High}]"
    else
        word interval.Value
