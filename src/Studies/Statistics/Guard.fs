/// Checks arguments, with the same messages for all statistics.
module internal CuteDl.Studies.Statistics.Guard

open System

let notEmpty (name: string) (values: 'T array) =
    if values.Length = 0 then
        raise (ArgumentException($"The argument {name} has no values. Give at least 1.", name))

let notNaN (name: string) (values: float array) =
    let place = Array.FindIndex(values, (fun value -> Double.IsNaN value))

    if place >= 0 then
        raise (
            ArgumentException(
                $"The argument {name} has NaN at index {place}. For a failed run, use infinity for a time and 0 for an accuracy.",
                name
            )
        )

let finite (name: string) (values: float array) =
    let place = Array.FindIndex(values, (fun value -> not (Double.IsFinite value)))

    if place >= 0 then
        raise (ArgumentException($"The argument {name} has {values[place]} at index {place}. Give finite values only.", name))

let equalLength (firstName: string) (first: 'T array) (secondName: string) (second: 'U array) =
    if first.Length <> second.Length then
        let message =
            $"The arguments {firstName} and {secondName} have {first.Length} and {second.Length} values. Give the same number of each."

        raise (ArgumentException(message, secondName))

/// Requires a number in (0, 1): a confidence level, a significance level or a share.
let openUnit (name: string) (value: float) =
    if not (value > 0.0 && value < 1.0) then
        raise (ArgumentOutOfRangeException(name, value, $"The argument {name} must be between 0 and 1, both excluded."))

let atLeast (name: string) (least: int) (value: int) =
    if value < least then
        raise (ArgumentOutOfRangeException(name, value, $"The argument {name} must be at least {least}, not {value}."))
