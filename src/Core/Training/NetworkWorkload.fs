namespace CuteDl.Core.Training

open System
open System.Numerics
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// <summary>A network that is trained on examples in batches.</summary>
/// <param name="model">The model.</param>
/// <param name="data">The data sets. Their examples must be as long as the model's inputs.</param>
/// <param name="batchSize">The number of examples per step, at least 1.</param>
/// <param name="order">The order of examples in an epoch.</param>
/// <param name="seed">The seed of the order and of the dropout masks.</param>
/// <param name="mean">The mean that the validation loss is.</param>
/// <param name="scoresTraining">
/// True if each validation scores the training examples, too. This costs a forward pass over them.
/// </param>
/// <exception cref="T:System.ArgumentException">The model does not fit the data, a set is empty, or the batch size is below 1.</exception>
[<Sealed>]
type NetworkWorkload<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (model: Model, data: DataSets, batchSize: int, order: Order, seed: int, mean: ValidationMean, scoresTraining: bool) =

    // The approximate number of examples per forward pass in validation, chosen for speed.
    let usualBlock = 256

    let mismatch (name: string) (message: string) : unit = raise (ArgumentException(message, name))

    do
        if batchSize < 1 then
            raise (ArgumentOutOfRangeException(nameof batchSize, batchSize, "The batch size must be at least 1."))

        for name, set in [ "training", data.Training; "validation", data.Validation ] do
            if set.Count = 0 then
                mismatch (nameof data) $"The {name} set is empty. It must have at least 1 example."

            if set.Width <> model.Inputs then
                mismatch (nameof data) $"The {name} examples have {set.Width} values each, but the model takes {model.Inputs}."

            match set.Targets with
            | Targets.Labels(_, classes) when classes > model.Outputs ->
                mismatch (nameof model) $"The {name} examples have {classes} classes, but the model has only {model.Outputs} outputs."
            | Targets.Values(width, _) when width <> model.Outputs ->
                mismatch (nameof model) $"The {name} targets have {width} values each, but the model has {model.Outputs} outputs."
            | Targets.Labels _
            | Targets.Values _ -> ()

        if data.Training.Targets.HasClasses <> data.Validation.Targets.HasClasses then
            mismatch (nameof data) "One of the training and the validation set has classes, and the other has numbers as targets."

    let set = data.Training
    let layout = Layout.Of(Model.parameters model)

    // The number of examples per forward pass in validation. For a mean over examples it does not depend on the batch size, so the bits of
    // the mean do not either. For a mean over batches it is a whole number of batches.
    let validationBlock =
        match mean with
        | OverExamples -> usualBlock
        | OverBatches -> batchSize * max 1 (usualBlock / batchSize)

    // The network's buffers need not be larger than the data.
    let network =
        Network<'T>(model, min (max batchSize validationBlock) (max set.Count data.Validation.Count))

    /// Returns the sum of the losses of a block's examples, or of its batches' mean losses.
    let blockLoss (rows: int) : float =
        match mean with
        | OverExamples -> float rows * network.Validate rows
        | OverBatches -> network.Validate(rows, batchSize)

    let divisor (set: DataSet) : float =
        match mean with
        | OverExamples -> float set.Count
        | OverBatches -> float (Batches.count set.Count batchSize)

    let batchesAnEpoch = Batches.count set.Count batchSize
    let dropoutKey = RandomStream.key seed "dropout"

    let scored (set: DataSet) =
        struct (set, Batches.permutation FileOrder set.Count 0 0, QualitySums(model, set))

    let validation = scored data.Validation
    let training = if scoresTraining then ValueSome(scored set) else ValueNone

    // The most recently used epoch, and the order of its examples.
    let mutable epoch = -1
    let mutable indices: int array = [||]

    let enter (next: int) =
        // File order is the same in every epoch.
        if indices.Length = 0 || order <> FileOrder then
            indices <- Batches.permutation order set.Count seed next

        epoch <- next

    /// Returns the quality on all examples of a set; ValueNone if cancelled.
    let score (struct (set: DataSet, fileOrder: int array, sums: QualitySums)) (cancellation: CancellationToken) : Quality voption =
        let outputs = model.Outputs
        let mutable lossSum = 0.0
        let mutable start = 0
        sums.Clear()

        while start < set.Count && not cancellation.IsCancellationRequested do
            let rows = min validationBlock (set.Count - start)
            Batches.load data.Standardization set (ReadOnlySpan(fileOrder, start, rows)) network.Batch
            lossSum <- lossSum + blockLoss rows

            for row in 0 .. rows - 1 do
                sums.Add(start + row, network.Outputs.Slice(row * outputs, outputs)) |> ignore

            start <- start + validationBlock

        if start < set.Count then ValueNone else ValueSome(sums.Quality(lossSum / divisor set))

    /// <summary>A network whose validations do not score the training examples.</summary>
    new(model, data, batchSize, order, seed, mean) = NetworkWorkload(model, data, batchSize, order, seed, mean, false)

    /// <summary>The network. Its parameters are the parameters of the workload.</summary>
    member _.Network = network

    /// <summary>The training and validation sets.</summary>
    member _.Data = data

    interface IWorkload<'T> with
        member _.Layout = layout
        member _.Parameters = network.Parameters
        member _.Gradient = network.Gradient
        member _.StepsAnEpoch = batchesAnEpoch

        member _.Train(step) =
            let next = int (step / int64 batchesAnEpoch)

            if next <> epoch then
                enter next

            let start = int (step % int64 batchesAnEpoch) * batchSize
            let rows = min batchSize (set.Count - start)
            Batches.load data.Standardization set (ReadOnlySpan(indices, start, rows)) network.Batch
            network.Train(rows, RandomStream.subkey dropoutKey (uint64 step))

        member _.Validate(cancellation) =
            match score validation cancellation, training with
            | ValueNone, _ -> ValueNone
            | ValueSome quality, ValueNone -> ValueSome(struct (quality, Quality.Unknown))
            | ValueSome quality, ValueSome training ->
                match score training cancellation with
                | ValueNone -> ValueNone
                | ValueSome ofTraining -> ValueSome(struct (quality, ofTraining))
