/// What every statistic asks of its arguments, said the same way everywhere.
module internal CuteDl.Studies.Statistics.Guard

open System

let notEmpty (name: string) (values: 'T array) =
    if values.Length = 0 then
        raise (ArgumentException($"{name} has no values, and at least 1 is needed.", name))

let notNaN (name: string) (values: float array) =
    let place = Array.FindIndex(values, (fun value -> Double.IsNaN value))

    if place >= 0 then
        raise (ArgumentException($"{name} has NaN at index {place}; a run without a value counts as a failure, infinite or 0.", name))

let finite (name: string) (values: float array) =
    let place = Array.FindIndex(values, (fun value -> not (Double.IsFinite value)))

    if place >= 0 then
        raise (ArgumentException($"{name} has {values[place]} at index {place}, and all must be finite.", name))

let equalLength (firstName: string) (first: 'T array) (secondName: string) (second: 'U array) =
    if first.Length <> second.Length then
        let message =
            $"{firstName} has {first.Length} values and {secondName} {second.Length}, and they come in pairs."

        raise (ArgumentException(message, secondName))

/// For confidence levels, significance levels and shares: an open unit interval.
let openUnit (name: string) (value: float) =
    if not (value > 0.0 && value < 1.0) then
        raise (ArgumentOutOfRangeException(name, value, $"{name} lies between 0 and 1, both excluded."))

let atLeast (name: string) (least: int) (value: int) =
    if value < least then
        raise (ArgumentOutOfRangeException(name, value, $"{name} is at least {least}."))
