namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics

/// <summary>Layers in order, with their buffers: the outputs of each are the input of the next.</summary>
[<Sealed>]
type internal LayerChain<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input: TensorShape, layers: Layer list, capacity: int) =
    let inputs = Layers.inputs input layers

    let operations: LayerOperation<'T> array =
        List.map2 (fun (layer: Layer) input -> layer.Start<'T>(input, capacity)) layers inputs
        |> List.toArray

    // The tensors of layer i are from offsets[i] to offsets[i + 1].
    let offsets =
        List.map2 (fun (layer: Layer) input -> layer.TensorsOf input |> List.sumBy _.Length) layers inputs
        |> List.scan (+) 0
        |> List.toArray

    let last = operations[operations.Length - 1]

    /// The layers with their buffers.
    member _.Operations = operations

    /// The last layer.
    member _.Last = last

    /// The tensors of one layer in those of all.
    member _.Part(all: ReadOnlySpan<'T>, layer: int) = all.Slice(offsets[layer], offsets[layer + 1] - offsets[layer])

    /// The tensors of one layer in those of all.
    member _.Part(all: Span<'T>, layer: int) = all.Slice(offsets[layer], offsets[layer + 1] - offsets[layer])

    member private _.InputOf(layer: int, rows: int, input: ReadOnlySpan<'T>) : ReadOnlySpan<'T> =
        if layer = 0 then
            input
        else
            let before = operations[layer - 1]
            ReadOnlySpan(before.Outputs, 0, rows * before.Length)

    /// Runs the forward passes from a layer on. Each layer has its own key.
    member chain.Forward
        (first: int, rows: int, input: ReadOnlySpan<'T>, parameters: ReadOnlySpan<'T>, isTraining: bool, key: uint64)
        : unit =
        for i in first .. operations.Length - 1 do
            operations[i]
                .Forward(rows, chain.InputOf(i, rows, input), chain.Part(parameters, i), isTraining, RandomStream.subkey key (uint64 i))

    /// Runs the backward passes from the last layer to a layer, not to those before it.
    member chain.Backward
        (first: int, rows: int, input: ReadOnlySpan<'T>, parameters: ReadOnlySpan<'T>, gradient: Span<'T>, inputGradient: Span<'T>)
        : unit =
        for i in operations.Length - 1 .. -1 .. first do
            let target =
                if i = 0 then
                    inputGradient
                else
                    let before = operations[i - 1]
                    Span(before.OutputGradient, 0, rows * before.Length)

            operations[i].Backward(rows, chain.InputOf(i, rows, input), chain.Part(parameters, i), chain.Part(gradient, i), target)
