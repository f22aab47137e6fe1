namespace CuteDl.Core.Models

open System
open System.Collections.Concurrent
open System.Numerics
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Networks

/// Parameters in one precision, and predictions from them. Thread-safe.
[<Sealed>]
type internal Weights<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (model: Model, parameters: 'T array, standardization: Standardization option) =

    // The number of examples of a pass, chosen for speed. The loss of an evaluation is summed in blocks of this size, as in a validation.
    static let block = 256

    // Buffers that no call uses. A single example has small ones.
    let ofOne = ConcurrentQueue<Predictor<'T>>()
    let ofBlock = ConcurrentQueue<Predictor<'T>>()

    let rent (rows: int) : Predictor<'T> =
        let mutable idle = Unchecked.defaultof<Predictor<'T>>

        if rows = 1 then
            if ofOne.TryDequeue &idle then idle else Predictor<'T>(model, 1)
        else if ofBlock.TryDequeue &idle then
            idle
        else
            Predictor<'T>(model, block)

    let giveBack (predictor: Predictor<'T>) : unit =
        if predictor.Capacity = 1 then ofOne.Enqueue predictor else ofBlock.Enqueue predictor

    /// Writes examples as the model takes them: standardised, if it was trained so.
    let write (source: ReadOnlySpan<'X>) (target: 'T array) : unit when 'X: unmanaged and 'X :> IFloatingPointIeee754<'X> =
        match standardization with
        | None ->
            for i in 0 .. source.Length - 1 do
                target[i] <- 'T.CreateTruncating source[i]
        | Some standardization ->
            for i in 0 .. source.Length - 1 do
                target[i] <- 'T.CreateTruncating(standardization.Of(i % model.Inputs, Double.CreateTruncating source[i]))

    member _.Parameters = parameters

    /// Computes the outputs of examples. The lengths fit the model.
    member _.Predict(inputs: ReadOnlySpan<'X>, outputs: Span<'X>) : unit when 'X: unmanaged and 'X :> IFloatingPointIeee754<'X> =
        let rows = inputs.Length / model.Inputs
        let mutable start = 0

        while start < rows do
            let count = min block (rows - start)
            let predictor = rent count

            try
                write (inputs.Slice(start * model.Inputs, count * model.Inputs)) predictor.Inputs
                predictor.Run(count, parameters)
                let target = outputs.Slice(start * model.Outputs, count * model.Outputs)

                for i in 0 .. target.Length - 1 do
                    target[i] <- 'X.CreateTruncating(predictor.Outputs[i])
            finally
                giveBack predictor

            start <- start + count

    /// Evaluates the model on a set that fits it.
    member _.Evaluate(set: DataSet, cancellation: CancellationToken) : Evaluation =
        let sums = QualitySums(model, set)
        let outputs = model.Outputs
        let counts: int array = Array.zeroCreate (if set.Targets.HasClasses then outputs * outputs else 0)
        let labels = set.Targets.Classes
        let mutable lossSum = 0.0
        let targets: 'T array = Array.zeroCreate (block * outputs)
        let gradient: 'T array = Array.zeroCreate (block * outputs)
        let order = Batches.permutation FileOrder set.Count 0 0
        let predictor = rent block

        try
            for start in 0..block .. set.Count - 1 do
                cancellation.ThrowIfCancellationRequested()
                let rows = min block (set.Count - start)
                Batches.fill standardization set outputs (ReadOnlySpan(order, start, rows)) (Span predictor.Inputs) (Span targets)
                predictor.Run(rows, parameters)
                let found = ReadOnlySpan(predictor.Outputs, 0, rows * outputs)

                let loss =
                    Loss.evaluate model.Loss found (ReadOnlySpan(targets, 0, rows * outputs)) (Span(gradient, 0, rows * outputs)) outputs

                lossSum <- lossSum + float rows * loss

                for row in 0 .. rows - 1 do
                    let answer = sums.Add(start + row, found.Slice(row * outputs, outputs))

                    if labels.Length > 0 then
                        let cell = labels[start + row] * outputs + answer
                        counts[cell] <- counts[cell] + 1
        finally
            giveBack predictor

        { Examples = set.Count
          Quality = sums.Quality(lossSum / float set.Count)
          Confusion = if labels.Length > 0 then ConfusionMatrix(counts, outputs) else null }
