/// The bits of small trainings, as one number: what must be the same on every width of vectors and for every number of threads.
module CuteDl.Core.Tests.Fingerprint

open System
open System.Numerics
open System.Threading
open CuteDl.Testing
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.ByteSets

/// The argument that makes the test program print the fingerprint of a process of its own.
let argument = "--fingerprint"

let private hash (values: uint64 seq) =
    (14695981039346656037UL, values) ||> Seq.fold (fun sum value -> (sum ^^^ value) * 1099511628211UL)

let private images =
    lazy
        (let all = DataSetTests.mnist.Value

         let first count (set: DataSet) = DataSet.choose [| 0 .. count - 1 |] set

         { all with Training = first 150 all.Training; Validation = first 40 all.Validation })

/// Inverted images: no zeros to skip, so the other products are used.
let private dense =
    lazy
        (let invert (set: DataSet) = withBytes (bytesOf set |> Array.map (fun pixel -> max 1uy (255uy - pixel))) set

         let sets = images.Value
         { sets with Training = invert sets.Training; Validation = invert sets.Validation })

let private models: (TensorShape * Layer list) list =
    let vector = TensorShape.Flat 784

    [ vector, [ Dense(10, ReLU) ]
      vector, [ Dense(37, ReLU); Dropout 0.3; Dense(10, Linear) ]
      vector, [ Dense(19, Tanh); Dense(10, Sigmoid) ]
      TensorShape.Planes(1, 28, 28),
      [ Conv(3, 5, 3, 1, GELU)
        MaxPool(2, 2)
        Residual [ LayerNorm 1e-5; Conv(3, 3, 1, 1, SiLU) ]
        AveragePool(2, 1)
        Flatten()
        Dense(10, Softplus) ] ]

let private train<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (bits: 'T -> uint64)
    (data: DataSets)
    (shape, layers)
    (ofVectors, ofImages)
    =
    let optimizer =
        match shape with
        | TensorShape.Flat _ -> ofVectors
        | TensorShape.Planes _ -> ofImages

    let model = Model.ofShape shape layers SoftmaxCrossEntropy

    let options =
        { TrainingOptions.Document with BatchSize = 23; Order = Shuffled; Seed = 4; MaxSteps = Some 9L }

    let initial = Model.initialParameters<'T> model Glorot 5

    let result = Trainer.train model optimizer options data initial ignore CancellationToken.None

    Seq.append (Seq.map bits result.Parameters) [ for v in result.History -> BitConverter.DoubleToUInt64Bits v.Loss ]
    |> hash

// The weights of the dense layers in models of vectors, and of that in the model of images. The other weights there are no matrices.
let private matrices = "*.weight", "layers.2.weight"

/// Every rule with its defaults, and some chains: for models of vectors and of images.
let private optimizers =
    lazy
        ([ for kind in Rules.all do
               let ofMatrices (pattern: string) = $"{{ \"{pattern}\": muon(), \"*\": adam() }}"

               if kind.Name = "muon" then
                   ofMatrices (fst matrices), ofMatrices (snd matrices)
               else
                   kind.Name, kind.Name ]
         @ [ for text in
                 [ "clip_global_norm(0.1) | adamw(lr=cosine(0.01, steps=9)) | ema()"
                   "skip_non_finite() | centralize() | clip_adaptive() | accumulate(2) | lion(weight_decay=0.1) | lookahead(3)"
                   "noise(0.001) | { \"*.bias\": clip_norm(0.1) | sgd(), \"*\": l1(0.001) | momentum() } | scale(0.5)" ] -> text, text ]
         |> List.map (fun (ofVectors, ofImages) -> Expression.parse ofVectors, Expression.parse ofImages))

/// Sparse and dense data, all models, both precisions: each trains an optimizer.
let private trainings =
    lazy
        [| for data in [ images.Value; dense.Value ] do
               for layers in models do
                   train (BitConverter.SingleToUInt32Bits >> uint64) data layers
                   train BitConverter.DoubleToUInt64Bits data layers |]

/// In the quick tier each optimizer takes the next of the trainings in turn, in the long tier it takes all. Several trainings run at the same
/// time, and each is divided between threads of its own.
let compute (atOnce: int) (threads: int) : uint64 =
    let trainings = trainings.Value

    let divided (train: unit -> uint64) =
        use _ = Team.Enter(threads, true)
        train ()

    let cases =
        [| for i, optimizer in List.indexed optimizers.Value do
               match Tier.current.Value.Tier with
               | Tier.Quick -> fun () -> trainings[i % trainings.Length] optimizer
               | Tier.Long ->
                   for train in trainings do
                       fun () -> train optimizer |]

    let results = Array.zeroCreate cases.Length

    Tasks.Parallel.For(0, cases.Length, Tasks.ParallelOptions(MaxDegreeOfParallelism = atOnce), (fun i -> results[i] <- divided cases[i]))
    |> ignore

    hash results
