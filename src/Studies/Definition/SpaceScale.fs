namespace CuteDl.Studies

open System
open System.Globalization
open CuteDl.Core.Optimizers

/// Converts between ranges and their scale, and rounds values.
module internal SpaceScale =
    let allows (arguments: Argument list) (value: float) = arguments |> List.forall (fun argument -> argument.Allows value)

    let isWhole (arguments: Argument list) = arguments |> List.exists (fun argument -> argument.Form <> ValueForm.Number)

    // An ascending scale on which the values of a range are uniform.
    let toScale space (value: float) =
        match space with
        | LogUniform _ -> Math.Log value
        | LogUniformBelowOne _ -> -Math.Log(1.0 - value)
        | Uniform _
        | Choice _
        | Fixed _ -> value

    let ofScale space (place: float) =
        match space with
        | LogUniform _ -> Math.Exp place
        | LogUniformBelowOne _ -> 1.0 - Math.Exp -place
        | Uniform _
        | Choice _
        | Fixed _ -> place

    let range space =
        match space with
        | LogUniform(low, high)
        | LogUniformBelowOne(low, high)
        | Uniform(low, high) -> ValueSome(struct (low, high))
        | Choice _
        | Fixed _ -> ValueNone

    let isRange space = (range space).IsSome

    /// Returns a range of the same scale with other ends. A space without a range stays as it is.
    let withRange space low high =
        match space with
        | LogUniform _ -> LogUniform(low, high)
        | LogUniformBelowOne _ -> LogUniformBelowOne(low, high)
        | Uniform _ -> Uniform(low, high)
        | Choice _
        | Fixed _ -> space

    let significant (digits: int) (value: float) =
        let format = "E" + (digits - 1).ToString CultureInfo.InvariantCulture
        Double.Parse(value.ToString(format, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)

    /// Returns a number with the given significant digits: of the value, or of its distance to 1 if the scale measures that.
    let rounded space (digits: int) (value: float) =
        match space with
        // In decimals, because the difference of two binary fractions would be written with many digits. Decimals end below 1e28.
        | LogUniformBelowOne _ when abs value < 1e15 -> float (1M - decimal (significant digits (1.0 - value)))
        | LogUniformBelowOne _
        | LogUniform _
        | Uniform _
        | Choice _
        | Fixed _ -> significant digits value

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
            |> Seq.map (fun digits -> rounded space digits value)
            |> Seq.tryFind isNear
            |> Option.defaultValue value
