/// Small made-up data and a model for them: runs that take milliseconds.
module CuteDl.Core.Tests.SmallRuns

open System
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// Three classes of eight pixels: each class lights up pixels of its own, with noise.
let private examples (count: int) (purpose: string) : DataSet =
    let random = RandomStream.stream 11 purpose
    let labels = Array.init count (fun i -> i % 3)

    let pixel label i = if i % 3 = label then 128 + random.Next 128 else random.Next 160

    DataSet(
        8,
        [| for label in labels do
               for i in 0..7 -> byte (pixel label i) |],
        labels,
        3
    )

/// 50 examples: an epoch of batches of 16 has four steps, the last over 2 examples.
let data = DataSets.ofPair (examples 50 "training") (examples 21 "validation")

let model = Model.create 8 [ Dense(6, Tanh); Dropout 0.2; Dense(3, Linear) ] SoftmaxCrossEntropy

let options =
    { TrainingOptions.Document with
        BatchSize = 16
        Order = Shuffled
        Seed = 5
        MaxEpochs = 6
        StopRules = [] }

let adam = Optimizer.create { Rules.adam.Defaults with LearningRate = 0.01 }

let trainWith model optimizer (options: TrainingOptions) progress (cancellation: CancellationToken) =
    let initial = Model.initialParameters<float> model Glorot options.Seed
    Trainer.train model optimizer options data initial progress cancellation

let train optimizer options = trainWith model optimizer options ignore CancellationToken.None
