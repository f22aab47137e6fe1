namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

[<Sealed>]
type internal DropoutOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(shape: TensorShape, rate: float, capacity: int) =
    inherit LayerOperation<'T>(shape, capacity)

    let factors: 'T array = BatchArray.create capacity shape.Length

    override layer.Forward(rows, input, _, isTraining, key) =
        let output = Span(layer.Outputs, 0, rows * layer.Length)

        if isTraining then
            let scale = 'T.CreateTruncating(1.0 / (1.0 - rate))

            for j in 0 .. output.Length - 1 do
                let factor = if RandomStream.uniformAt key (uint64 j) < rate then 'T.Zero else scale

                factors[j] <- factor
                output[j] <- input[j] * factor
        else
            input.CopyTo output

    override layer.Backward(_, _, _, _, inputGradient) =
        let delta = layer.OutputGradient

        for j in 0 .. inputGradient.Length - 1 do
            inputGradient[j] <- delta[j] * factors[j]

/// <summary>
/// Dropout (Srivastava et al. 2014, with the scaling in training). In training, each value is set to 0 with a probability, the rate, and
/// otherwise divided by 1 − rate. In validation, values do not change.
/// </summary>
/// <param name="rate">The probability, in [0, 1).</param>
[<Sealed>]
type Dropout(rate: float) =
    inherit Layer(Dropout.Kind, [ LayerValue.Number rate ])

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        { Name = "dropout"
          Summary = "dropout: in training, each value is 0 with this probability, and otherwise divided by 1 − rate"
          Formula = "x · m / (1 − rate), where m is 0 with probability rate, else 1"
          Shapes = "any shape → the same"
          Source = "Srivastava et al. 2014, with the scaling in training"
          Class = typeof<Dropout>
          Arguments =
            [ { Name = "rate"
                Summary = "the dropout rate in training"
                Form = LayerForm.Number ArgumentRange.belowOne
                Default = LayerDefault.Required } ]
          Make = fun values -> Dropout(LayerValue.number values[0]) }

    /// <summary>The probability.</summary>
    member _.Rate = rate

    override _.Size = OutputSize.AsInput
    override _.OutputOf(input) = Ok input
    override _.IsRandom = rate > 0.0

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        DropoutOperation<'T>(input, rate, capacity)

    override _.AddToOnnx(_, input, _, _) = input
