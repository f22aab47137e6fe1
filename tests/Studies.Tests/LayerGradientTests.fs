/// The gradients of every kind of layer in the table, by central differences.
module CuteDl.Studies.Tests.LayerGradientTests

open System
open System.Numerics
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests
open CuteDl.Core.Training
open CuteDl.Studies

let private rows = 4

/// One batch of random examples.
type private OneBatch<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(model: Model, seed: int) =
    let network = Network<'T>(model, rows)
    let random = RandomStream.stream seed "gradients of layers"
    let uniform () = 2.0 * random.NextDouble() - 1.0

    do
        for i in 0 .. network.Inputs.Length - 1 do
            network.Inputs[i] <- 'T.CreateTruncating(LayerSamples.input model (random.NextDouble()))

        for row in 0 .. rows - 1 do
            let weights = Array.init model.Outputs (fun _ -> 0.1 + random.NextDouble())

            for j in 0 .. model.Outputs - 1 do
                network.Targets[row * model.Outputs + j] <- 'T.CreateTruncating(weights[j] / Array.sum weights)

    let initial = Array.init (Model.parameterCount model) (fun _ -> 'T.CreateTruncating(uniform ()))

    interface IWorkload<'T> with
        member _.Layout = Layout.Of(Model.parameters model)
        member _.Parameters = network.Parameters
        member _.Gradient = network.Gradient
        member _.StepsAnEpoch = 1
        member _.Train(step) = network.Train(rows, uint64 step)
        member _.Validate(_) = ValueNone

    interface IProblemInstance<'T> with
        member batch.Workload = batch
        member _.Initial = initial
        member _.Test(_, _) = ValueNone
        member _.Health() = Health.Sound
        member _.Model _ = null

let private prepared (model: Model) : IPreparedProblem =
    { new IPreparedProblem with
        member _.Layout = Layout.Of(Model.parameters model)
        member _.Identity = string model
        member _.DataHash = ""
        member _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(seed) = OneBatch<'T>(model, seed) :> IProblemInstance<'T> }

let tests =
    testList
        "gradients of layers"
        [ for kind in LayerKinds.all do
              for precision in [ TaskPrecision.Double; TaskPrecision.Single ] do
                  // The gradient of the shift is that of the layer's input.
                  propertyWith
                      (Share.OneIn(4, "Each parameter costs four passes."))
                      $"of {kind.Name}, with respect to parameters and input, agree with central differences in {precision}"
                      (Gen.zip (LayerSamples.taken kind) (Gen.choose (0, 1_000_000)))
                      (fun (sample, seed) ->
                          let model = LayerSamples.around (Shift()) sample
                          let found = GradientCheck.run (prepared model) precision seed (int64 seed) None
                          Expect.isTrue found.IsCorrect $"{model}: {found}") ]
