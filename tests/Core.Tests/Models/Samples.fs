/// Random trained models with inputs.
module CuteDl.Core.Tests.ModelSamples

open System
open System.Numerics
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Numerics

/// A model with what its parameters and inputs are drawn from.
type Sample = { Model: Model; Seed: int; IsStandardized: bool }

let private random (sample: Sample) (name: string) : Random = RandomStream.stream sample.Seed name

/// Parameters in [−1, 1].
let parameters<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (sample: Sample) : 'T array =
    let random = random sample "parameters"
    Array.init (Model.parameterCount sample.Model) (fun _ -> 'T.CreateTruncating(2.0 * random.NextDouble() - 1.0))

/// Inputs that the model takes: in [−1, 1], or whole numbers for an embedding. All are numbers of 32 bits.
let inputs (sample: Sample) (rows: int) : float array =
    let random = random sample "inputs"

    Array.init (rows * sample.Model.Inputs) (fun _ -> LayerSamples.input sample.Model (random.NextDouble()) |> float32 |> float)

let standardization (sample: Sample) : Standardization option =
    if sample.IsStandardized then
        let random = random sample "standardization"

        let draw low high =
            Array.init sample.Model.Inputs (fun _ -> low + (high - low) * random.NextDouble())

        Some(Standardization(draw -1.0 1.0, draw 0.5 2.0))
    else
        None

let trained<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (sample: Sample) : TrainedModel =
    TrainedModel.Of(sample.Model, parameters<'T> sample, ?standardization = standardization sample)

/// Samples of a model. Inputs of an embedding are not standardised.
let ofModel (model: Model) : Gen<Sample> =
    Gen.zip (Gen.choose (0, 1_000_000)) (Gen.elements [ true; false ])
    |> Gen.map (fun (seed, isStandardized) ->
        { Model = model
          Seed = seed
          IsStandardized = isStandardized && model.Layers.Head.InputsBelow.IsNone })

let any: Gen<Sample> = LayerSamples.models |> Gen.bind ofModel

/// Examples of a model with random targets.
let dataSet (sample: Sample) (rows: int) (hasClasses: bool) : DataSet =
    let random = random sample "targets"
    let outputs = sample.Model.Outputs

    let targets =
        if hasClasses then
            Targets.Labels(Array.init rows (fun _ -> random.Next outputs), outputs)
        else
            Targets.Values(outputs, Array.init (rows * outputs) (fun _ -> random.NextDouble()))

    DataSet(sample.Model.Input, Features.Doubles(inputs sample rows), targets)
