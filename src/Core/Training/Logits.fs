namespace CuteDl.Core.Training

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Networks

/// <summary>
/// The state of a model's outputs. A relu output that is 0 for an image passes no gradient back. An output that is 0 for all images is
/// dead: its class can no longer be learned.
/// </summary>
type LogitHealth =
    {
        /// <summary>The outputs that are 0 for every training and validation example.</summary>
        Dead: int list
        /// <summary>
        /// The outputs that are above 0 for at least one example, but for less than one in a thousand of the training set.
        /// </summary>
        AlmostDead: int list
        /// <summary>
        /// The highest validation accuracy that is possible with these outputs. An example of class c can be right only if output c is
        /// above 0. (Class 0 is an exception, because an example whose outputs are all 0 is assigned to it.) It is 1 without classes.
        /// </summary>
        AccuracyCeiling: float
    }

/// <summary>Examines the outputs of a trained model.</summary>
module LogitHealth =
    /// <summary>The health of a model without problems, and of every model whose outputs are not relu.</summary>
    let sound = { Dead = []; AlmostDead = []; AccuracyCeiling = 1.0 }

    let private almostNever = 0.001

    /// Returns, for each output, the number of examples for which it is above 0, and the number of these that have its class.
    let private countAlive (network: Network<'T>) (data: DataSets) (set: DataSet) : struct (int array * int array) =
        let outputs = network.Model.Outputs
        let all = Array.zeroCreate outputs
        let own = Array.zeroCreate outputs
        let labels = set.Targets.Classes
        let order = Batches.permutation FileOrder set.Count 0 0

        for batch in 0 .. Batches.count set.Count network.Capacity - 1 do
            let start = batch * network.Capacity
            let rows = min network.Capacity (set.Count - start)
            Batches.load data.Standardization set (ReadOnlySpan(order, start, rows)) network.Batch
            network.Validate rows |> ignore

            for i in 0 .. rows * outputs - 1 do
                if 'T.op_GreaterThan (network.Outputs[i], 'T.Zero) then
                    let output = i % outputs
                    all[output] <- all[output] + 1

                    if labels.Length > 0 && labels[start + i / outputs] = output then
                        own[output] <- own[output] + 1

        struct (all, own)

    /// <summary>Returns the health of a network's outputs with its current parameters.</summary>
    let measure (network: Network<'T>) (data: DataSets) : LogitHealth =
        if network.Model.OutputActivation <> ReLU then
            sound
        else
            let struct (training, _) = countAlive network data data.Training
            let struct (validation, own) = countAlive network data data.Validation
            let outputs = [ 0 .. network.Model.Outputs - 1 ]
            let isDead output = training[output] = 0 && validation[output] = 0

            let isAlmostDead output =
                not (isDead output) && float training[output] < almostNever * float data.Training.Count

            let lost =
                outputs
                |> List.filter (fun output -> output > 0 && (isDead output || isAlmostDead output))
                |> List.sumBy (fun output ->
                    let examples =
                        data.Validation.Targets.Classes |> Array.sumBy (fun label -> if label = output then 1 else 0)

                    examples - own[output])

            { Dead = List.filter isDead outputs
              AlmostDead = List.filter isAlmostDead outputs
              AccuracyCeiling = 1.0 - float lost / float data.Validation.Count }

/// <summary>Examines the hidden units of a trained model.</summary>
module HiddenUnits =
    /// The index and the shape of each hidden layer whose activation is relu.
    let private hiddenRelus (model: Model) : (int * TensorShape) list =
        [ for i, (layer, shape) in List.indexed (List.zip model.Layers model.Shapes) do
              if layer.OutputActivation = ValueSome ReLU && i < model.Layers.Length - 1 then
                  i, shape ]

    /// <summary>
    /// Returns, for each hidden relu layer in order, the number of units that are 0 for every validation example. These units pass no
    /// gradient back, so they no longer learn from these examples. A unit of an image is a channel: it is 0 at every position.
    /// </summary>
    /// <param name="network">The network, with its current parameters.</param>
    /// <param name="data">The data.</param>
    let dead (network: Network<'T>) (data: DataSets) : int array =
        let set = data.Validation

        let layers =
            [| for layer, shape in hiddenRelus network.Model ->
                   struct (layer, shape.Positions, (Array.zeroCreate shape.Channels: bool array)) |]

        if layers.Length > 0 then
            let order = Batches.permutation FileOrder set.Count 0 0

            for batch in 0 .. Batches.count set.Count network.Capacity - 1 do
                let start = batch * network.Capacity
                let rows = min network.Capacity (set.Count - start)
                Batches.load data.Standardization set (ReadOnlySpan(order, start, rows)) network.Batch
                network.Validate rows |> ignore

                for struct (layer, positions, isAlive) in layers do
                    let outputs = network.LayerOutputs layer

                    for i in 0 .. rows * positions * isAlive.Length - 1 do
                        if 'T.op_GreaterThan (outputs[i], 'T.Zero) then
                            isAlive[i % isAlive.Length] <- true

        [| for struct (_, _, isAlive) in layers -> isAlive |> Array.sumBy (fun alive -> if alive then 0 else 1) |]
