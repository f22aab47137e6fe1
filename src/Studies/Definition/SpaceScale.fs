namespace CuteDl.Studies

open System
open System.Globalization
open CuteDl.Core.Optimizers

/// Ranges in their own scale, and numbers that can be read.
module internal SpaceScale =
    let allows (arguments: Argument list) (value: float) = arguments |> List.forall (fun argument -> argument.Allows value)

    let isWhole (arguments: Argument list) = arguments |> List.exists (fun argument -> argument.Form <> ValueForm.Number)

    // A range's own scale: the logarithm, or the values themselves.
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

    /// The nearest value of three significant digits, so that numbers can be read; of more where the range is so narrow that three would
    /// move it by more than half a hundredth of the range, or out of what is allowed.
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
