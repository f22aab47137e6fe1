namespace CuteDl.Core.Training

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Networks

/// <summary>
/// What became of a model's outputs. Through a relu at the end, an output that is 0 for an image passes no gradient back; one
/// that is 0 for all images has died, and its class can no longer be learned.
/// </summary>
type LogitHealth =
    {
        /// <summary>The outputs that are 0 for every example of both sets.</summary>
        Dead: int list
        /// <summary>The outputs that are above 0 for some example, but for less than one in a thousand of the training set.</summary>
        AlmostDead: int list
        /// <summary>
        /// The largest accuracy over the validation set that these outputs leave: an example of class c can be right only where
        /// output c is above 0. (Class 0 is excepted: it is what an example is taken for whose outputs are all 0.)
        /// </summary>
        AccuracyCeiling: float
    }

/// <summary>Looking at a trained model's outputs.</summary>
module LogitHealth =
    /// <summary>Nothing is wrong: what a model without a relu at its end has.</summary>
    let sound = { Dead = []; AlmostDead = []; AccuracyCeiling = 1.0 }

    let private almostNever = 0.001

    /// For how many examples each output is above 0, and for how many of its own class.
    let private countAlive (network: Network<'T>) (set: DataSet) : struct (int array * int array) =
        let outputs = network.Model.Outputs
        let all = Array.zeroCreate outputs
        let own = Array.zeroCreate outputs
        let order = Batches.permutation FileOrder set.Count 0 0

        for batch in 0 .. Batches.count set.Count network.Capacity - 1 do
            let start = batch * network.Capacity
            let rows = min network.Capacity (set.Count - start)
            Batches.load set (ReadOnlySpan(order, start, rows)) network
            network.Validate rows |> ignore

            for i in 0 .. rows * outputs - 1 do
                if 'T.op_GreaterThan (network.Outputs[i], 'T.Zero) then
                    let output = i % outputs
                    all[output] <- all[output] + 1

                    if int set.Labels[start + i / outputs] = output then
                        own[output] <- own[output] + 1

        struct (all, own)

    /// <summary>The health of the outputs of a network with its present parameters.</summary>
    let measure (network: Network<'T>) (data: DataSets) : LogitHealth =
        if network.Model.OutputActivation <> ReLU then
            sound
        else
            let struct (training, _) = countAlive network data.Training
            let struct (validation, own) = countAlive network data.Validation
            let outputs = [ 0 .. network.Model.Outputs - 1 ]
            let isDead output = training[output] = 0 && validation[output] = 0

            let isAlmostDead output =
                not (isDead output) && float training[output] < almostNever * float data.Training.Count

            let lost =
                outputs
                |> List.filter (fun output -> output > 0 && (isDead output || isAlmostDead output))
                |> List.sumBy (fun output ->
                    let examples = data.Validation.Labels |> Array.sumBy (fun label -> if int label = output then 1 else 0)
                    examples - own[output])

            { Dead = List.filter isDead outputs
              AlmostDead = List.filter isAlmostDead outputs
              AccuracyCeiling = 1.0 - float lost / float data.Validation.Count }

/// <summary>Looking at the units within a trained model.</summary>
module HiddenUnits =
    let private hiddenRelus (model: Model) : (int * int) list =
        [ for i, layer in List.indexed model.Layers do
              match layer with
              | Dense(units, ReLU) when i < model.Layers.Length - 1 -> i, units
              | _ -> () ]

    /// <summary>
    /// How many units of each hidden relu layer, first to last, are 0 for every example of a set: they pass no gradient back, and do
    /// not learn from these examples any more.
    /// </summary>
    /// <param name="network">The network with its present parameters.</param>
    /// <param name="set">The examples.</param>
    let dead (network: Network<'T>) (set: DataSet) : int array =
        let layers =
            [| for layer, units in hiddenRelus network.Model -> struct (layer, (Array.zeroCreate units: bool array)) |]

        if layers.Length > 0 then
            let order = Batches.permutation FileOrder set.Count 0 0

            for batch in 0 .. Batches.count set.Count network.Capacity - 1 do
                let start = batch * network.Capacity
                let rows = min network.Capacity (set.Count - start)
                Batches.load set (ReadOnlySpan(order, start, rows)) network
                network.Validate rows |> ignore

                for struct (layer, isAlive) in layers do
                    let outputs = network.LayerOutputs layer

                    for i in 0 .. rows * isAlive.Length - 1 do
                        if 'T.op_GreaterThan (outputs[i], 'T.Zero) then
                            isAlive[i % isAlive.Length] <- true

        [| for struct (_, isAlive) in layers -> isAlive |> Array.sumBy (fun alive -> if alive then 0 else 1) |]
