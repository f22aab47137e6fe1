/// What training uses allocates nothing: neither the passes of a network nor the step of any optimizer.
module CuteDl.Core.Tests.AllocationTests

open System
open Expecto
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Subjects

let private model =
    Model.create 30 [ Dense(20, ReLU); Dropout 0.25; Dense(13, Tanh); Dense(10, Linear) ] SoftmaxCrossEntropy

/// Bytes allocated by this thread: other tests may run beside.
let private allocatedBy (steps: int) (step: unit -> unit) : int64 =
    let before = GC.GetAllocatedBytesForCurrentThread()

    for _ in 1..steps do
        step ()

    GC.GetAllocatedBytesForCurrentThread() - before

let private trainingStep (precision: Precision<'T>) (subject: Subject) =
    testCase $"a training step allocates nothing in {precision.Name}" (fun () ->
        let network = Network<'T>(model, 16)
        (Model.initialParameters<'T> model He 1).CopyTo network.Parameters
        Array.Fill(network.Inputs, precision.Of 0.5)

        for row in 0..15 do
            network.Targets[row * 10 + row % 10] <- precision.Of 1.0

        let state = Optimizer.init<'T> subject.Default network.Parameters.Length

        let step () =
            network.Train(16, uint64 state.Step) |> ignore
            Optimizer.stepInPlace subject.Default state network.Parameters network.Gradient

        // The first steps load and compile what the others run.
        allocatedBy 100 step |> ignore
        Expect.equal (allocatedBy 100 step) 0L "bytes")

let private validation =
    testCase "a validation allocates nothing" (fun () ->
        let network = Network<float32>(model, 16)
        let step () = network.Validate 16 |> ignore
        allocatedBy 100 step |> ignore
        Expect.equal (allocatedBy 100 step) 0L "bytes")

let tests =
    testList
        "allocation"
        [ validation
          for subject in all do
              testList subject.Name [ trainingStep Precision.single subject; trainingStep Precision.double subject ] ]
