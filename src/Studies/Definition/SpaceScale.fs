namespace CuteDl.Studies

open System
open System.Globalization
open CuteDl.Core.Optimizers

/// Converts between ranges and their scale, and rounds values.
module internal SpaceScale =
    let allows (arguments: Argument list) (value: float) = arguments |> List.forall (fun argument -> argument.Allows value)

    let isWhole (arguments: Argument list) = arguments |> List.exists (fun argument -> argument.Form <> ValueForm.Number)

    // The scale of a LogUniform range is the logarithm; every other space uses the values themselves.
    let toScale space (value: float) =
        match space with
        | LogUniform _ -> Math.Log value
        | _ -> value

    let ofScale space (place: float) =
        match space with
        | LogUniform _ -> Math.Exp place
        | _ -> place

    let range space =
        match space with
        | LogUniform(low, high)
        | Uniform(low, high) -> ValueSome(struct (low, high))
        | _ -> ValueNone

    let isRange space = (range space).IsSome

    let withRange space low high =
        match space with
        | LogUniform _ -> LogUniform(low, high)
        | _ -> Uniform(low, high)

    let significant (digits: int) (value: float) =
        let format = "E" + (digits - 1).ToString CultureInfo.InvariantCulture
        Double.Parse(value.ToString(format, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)

    /// Returns the value rounded to three significant digits, so that it is easy to read. In narrow ranges it keeps more digits: rounding
    /// must not move the value by more than 0.5 % of the range, or out of the allowed values.
    let shorten (arguments: Argument list) (space: Space) (value: float) : float =
        match range space with
        | ValueNone -> value
        | ValueSome(struct (low, high)) when isWhole arguments -> Math.Clamp(Math.Round value, Math.Ceiling low, Math.Floor high)
        | ValueSome(struct (low, high)) ->
            let width = toScale space high - toScale space low

            let isNear short =
                short >= low
                && short <= high
                && allows arguments short
                && abs (toScale space short - toScale space value) <= 0.005 * width

            seq { 3..16 }
            |> Seq.map (fun digits -> significant digits value)
            |> Seq.tryFind isNear
            |> Option.defaultValue value
