/// Steps of models on several threads: the same bits as on one, without allocation.
module CuteDl.Core.Tests.ThreadTests

open System
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

let private capacity = 37

/// Trains a model for some steps on random examples. Returns its parameters, gradients and outputs after each step.
let private train (precision: Precision<'T>) (model: Model) (threads: int) : 'T array =
    use _ = Team.Enter(threads, true)
    let random = RandomStream.stream 3 "threads"
    let network = Network<'T>(model, capacity)
    let uniform () = precision.Of(2.0 * random.NextDouble() - 1.0)

    for i in 0 .. network.Parameters.Length - 1 do
        network.Parameters[i] <- uniform ()

    let optimizer = Optimizer.create Rules.adam.Defaults
    let state = Optimizer.init<'T> optimizer network.Parameters.Length

    [| for step in 0..2 do
           for i in 0 .. network.Inputs.Length - 1 do
               network.Inputs[i] <- precision.Of(LayerSamples.input model (random.NextDouble()))

           for i in 0 .. network.Targets.Length - 1 do
               network.Targets[i] <- uniform ()

           network.Train(capacity - step, uint64 step) |> ignore
           yield! network.Outputs.ToArray()
           yield! network.Gradient.ToArray()
           Optimizer.stepInPlace optimizer state network.Parameters network.Gradient
           yield! network.Parameters.ToArray() |]

let private sameBits (precision: Precision<'T>) =
    property
        $"steps of any model have the same bits for any number of threads in {precision.Name}"
        (Gen.zip LayerSamples.models (Gen.choose (2, 4)))
        (fun (model, threads) ->
            Precision.expectSameBits precision (train precision model threads) (train precision model 1) $"{threads} threads, {model}")

/// Wide layers, in blocks of columns, and convolutions, in blocks of examples.
let private wide =
    [ Model.create 70 [ Dense(130, ReLU); Dense(70, GELU); Dropout 0.2; Dense(10, Linear) ] SoftmaxCrossEntropy
      Model.ofShape
          (TensorShape.Planes(1, 28, 28))
          [ Conv(9, 5, 1, 2, ReLU)
            MaxPool(2, 2)
            Conv(17, 3, 1, 1, SiLU)
            Flatten()
            Dense(40, Tanh)
            Dense(10, Linear) ]
          SoftmaxCrossEntropy ]

let private sameBitsOfWide (precision: Precision<'T>) =
    testCase $"steps of wide layers and convolutions have the same bits for any number of threads in {precision.Name}" (fun () ->
        for model in wide do
            let expected = train precision model 1

            for threads in 2..4 do
                Precision.expectSameBits precision (train precision model threads) expected $"{threads} threads, {model}")

/// The bytes that each thread of a team has allocated so far.
[<Sealed>]
type private Count(threads: int) =
    inherit SharedWork()
    let meeting = new Barrier(threads)
    member val Bytes: int64 array = Array.zeroCreate threads

    override count.Run(part, _) =
        // Each part on a thread of its own.
        meeting.SignalAndWait()
        count.Bytes[part] <- GC.GetAllocatedBytesForCurrentThread()

let private noAllocation =
    testCase "steps on several threads allocate nothing, on none of them" (fun () ->
        for threads in [ 2; 3 ] do
            use _ = Team.Enter(threads, true)

            for model in wide do
                let network = Network<float32>(model, 16)
                let optimizer = Expression.parse "clip_value(1) | adam"
                let state = Optimizer.init<float32> optimizer network.Parameters.Length

                let step () =
                    network.Train(16, uint64 state.Step) |> ignore
                    Optimizer.stepInPlace optimizer state network.Parameters network.Gradient

                // The first steps load, compile and make what the others use.
                for _ in 1..50 do
                    step ()

                let count = Count threads

                let total () =
                    Team.Run(count, threads)
                    Array.sum count.Bytes

                total () |> ignore

                let allocated () =
                    let before = total ()

                    for _ in 1..50 do
                        step ()

                    total () - before

                // A thread that gets a part for the first time makes its workspace. Steps that allocated would do so in each round.
                Expect.exists (Seq.init 10 (fun _ -> allocated ())) ((=) 0L) $"bytes with {threads} threads, {model}")

let tests =
    testList
        "steps on several threads"
        [ sameBits Precision.single
          sameBits Precision.double
          sameBitsOfWide Precision.single
          sameBitsOfWide Precision.double
          noAllocation ]
