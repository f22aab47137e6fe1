/// Random layers of every kind in the table, and the shapes that they take. A new kind needs no sample of its own.
module CuteDl.Core.Tests.LayerSamples

open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Networks

let private within (lower: float) (upper: float) : Gen<float> =
    Gen.choose (1, 99) |> Gen.map (fun percent -> lower + (upper - lower) * float percent / 100.0)

let private takesLayers (kind: LayerKind) =
    kind.Arguments |> List.exists (fun argument -> argument.Form = LayerForm.Layers)

let rec private value (argument: LayerArgument) : Gen<LayerValue> =
    match argument.Form with
    | LayerForm.Whole least -> Gen.choose (least, least + 3) |> Gen.map LayerValue.Whole
    | LayerForm.Number range -> within (max range.Lower -2.0) (min range.Upper 2.0) |> Gen.map LayerValue.Number
    | LayerForm.Activation -> Gen.elements Activation.all |> Gen.map LayerValue.Activation
    | LayerForm.Layers ->
        let inner = Gen.elements (LayerKinds.all |> List.filter (takesLayers >> not)) |> Gen.bind ofKind

        Gen.choose (1, 2)
        |> Gen.bind (fun count -> Gen.listOfLength count inner)
        |> Gen.map LayerValue.Layers

/// A layer with random arguments, each at its default in half of the cases.
and ofKind (kind: LayerKind) : Gen<Layer> =
    let given (before: LayerValue list) (argument: LayerArgument) : Gen<LayerValue> =
        match argument.Default with
        | LayerDefault.Required -> value argument
        | LayerDefault.Constant otherwise -> Gen.oneof [ Gen.constant otherwise; value argument ]
        | LayerDefault.AsFirst -> Gen.oneof [ Gen.constant before.Head; value argument ]

    (Gen.constant [], kind.Arguments)
    ||> List.fold (fun values argument ->
        values |> Gen.bind (fun before -> given before argument |> Gen.map (fun next -> before @ [ next ])))
    |> Gen.map kind.Make

/// Vectors, and images with one channel and with several.
let shapes: TensorShape list =
    [ TensorShape.Flat 1
      TensorShape.Flat 5
      TensorShape.Flat 12
      TensorShape.Planes(1, 4, 4)
      TensorShape.Planes(2, 3, 5)
      TensorShape.Planes(3, 6, 5) ]

/// A layer of a kind, and a shape that it takes.
let taken (kind: LayerKind) : Gen<Layer * TensorShape> =
    Gen.zip (ofKind kind) (Gen.elements shapes)
    |> Gen.filter (fun (layer, shape) -> (layer.OutputOf shape).IsOk)

/// A model that has the layer in its middle, with parameters before and after it. A layer of whole numbers is the first.
let around (before: Layer) (layer: Layer, shape: TensorShape) : Model =
    let first = if layer.InputsBelow.IsNone then [ before ] else []
    Model.ofShape shape (first @ [ layer; Flatten(); Dense(3, Linear) ]) SoftmaxCrossEntropy

/// An input of a model, from a number in [0, 1).
let input (model: Model) (uniform: float) : float =
    match model.Layers.Head.InputsBelow with
    | ValueSome bound -> floor (float bound * uniform)
    | ValueNone -> 2.0 * uniform - 1.0

/// Any layer.
let any: Gen<Layer> = Gen.elements LayerKinds.all |> Gen.bind ofKind

let private chains: Gen<Layer list * TensorShape> =
    gen {
        let! shape = Gen.elements shapes
        let! layers = Gen.choose (0, 4) |> Gen.bind (fun count -> Gen.listOfLength count any)
        let! units = Gen.choose (1, 7)
        let! activation = Gen.elements Activation.all
        return layers @ [ Flatten(); Dense(units, activation) ], shape
    }

/// A model of up to six layers.
let models: Gen<Model> =
    chains
    |> Gen.filter (fun (layers, shape) -> (Layers.shapes shape layers).IsOk)
    |> Gen.zip (Gen.elements Loss.all)
    |> Gen.map (fun (loss, (layers, shape)) -> Model.ofShape shape layers loss)
