namespace CuteDl.Core.Models

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Networks

/// The buffers of a forward pass in validation. Not thread-safe.
[<Sealed>]
type internal Predictor<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(model: Model, capacity: int) =
    let chain = LayerChain<'T>(model.Input, model.Layers, capacity)
    let inputs: 'T array = BatchArray.create capacity model.Inputs

    /// The largest number of examples of a pass.
    member _.Capacity = capacity

    /// The inputs of the next pass, capacity × inputs. The caller writes them.
    member _.Inputs = inputs

    /// The outputs of the last pass, capacity × outputs.
    member _.Outputs = chain.Last.Outputs

    /// Computes the outputs of the first rows.
    member _.Run(rows: int, parameters: 'T array) : unit =
        chain.Forward(0, rows, ReadOnlySpan(inputs, 0, rows * model.Inputs), ReadOnlySpan parameters, false, 0UL)
