/// Activations, losses and layers, against those of PyTorch in float64 (reference/layers/generate.py).
module CuteDl.Core.Tests.LayerAgreementTests

open System
open System.IO
open System.Text.Json
open Expecto
open CuteDl.Core.Data
open CuteDl.Core.Networks

let private reference: Lazy<JsonElement> =
    lazy
        (use document =
            JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "reference", "layers", "layers.json")))

         document.RootElement.Clone())

let private floats (item: JsonElement) (name: string) = Reference.floats (item.GetProperty name)

/// Sums of a few dozen products, in another order.
let private close (actual: float array) (expected: float array) (what: string) =
    Expect.equal actual.Length expected.Length $"number of {what}"
    Array.iteri2 (fun i actual expected -> Close.within 1e-12 actual expected $"{what}, element {i}") actual expected

let private shape (item: JsonElement) : TensorShape =
    match [ for size in (item.GetProperty "shape").EnumerateArray() -> size.GetInt32() ] with
    | [ length ] -> TensorShape.Flat length
    | [ channels; height; width ] -> TensorShape.Planes(channels, height, width)
    | sizes -> failwith $"{sizes} is no shape."

let private activation (name: string) (item: JsonElement) (points: float array) =
    testCase $"{name} has PyTorch's values and slopes" (fun () ->
        let activation = Activation.all |> List.find (fun activation -> string activation = name)
        let values = Array.copy points
        Activation.apply activation (Span values)
        let slopes = Array.create points.Length 1.0
        Activation.backward activation (ReadOnlySpan points) (ReadOnlySpan values) (Span slopes)
        close values (floats item "values") "values"
        close slopes (floats item "slopes") "slopes")

let private loss (name: string) (item: JsonElement) (outputs: float array) (targets: float array) =
    testCase $"{name} has PyTorch's value and gradient" (fun () ->
        let loss = [ yield! Loss.all; Huber 0.5 ] |> List.find (fun loss -> string loss = name)
        let gradient = Array.zeroCreate outputs.Length
        let value = Loss.evaluate loss (ReadOnlySpan outputs) (ReadOnlySpan targets) (Span gradient) 3
        close [| value |] [| item.GetProperty("value").GetDouble() |] "loss"
        close gradient (floats item "gradient") "gradient")

let private layer (item: JsonElement) =
    let text = string (item.GetProperty("layer").GetString())

    testCase $"{text} has PyTorch's outputs and gradients" (fun () ->
        let shape = shape item
        let model = ModelText.parse $"{shape}-{text}-flatten-1(linear) mean-squared-error"
        Expect.equal model.Layers.Head.Text text "the layer"
        let rows = item.GetProperty("rows").GetInt32()
        // Buffers for more rows than there are.
        let operation = model.Layers.Head.Start<float>(shape, rows + 1)
        let input = floats item "input"
        let parameters = floats item "parameters"
        let gradient = Array.zeroCreate parameters.Length
        let inputGradient = Array.create input.Length nan

        // The second pass overwrites what the first wrote.
        for _ in 1..2 do
            operation.Forward(rows, ReadOnlySpan input, ReadOnlySpan parameters, true, 1UL)
            (floats item "probe").CopyTo(operation.OutputGradient, 0)
            operation.Backward(rows, ReadOnlySpan input, ReadOnlySpan parameters, Span gradient, Span inputGradient)

        close (Array.truncate (rows * operation.Output.Length) operation.Outputs) (floats item "output") "outputs"
        close gradient (floats item "gradient") "gradient"
        close inputGradient (floats item "input_gradient") "gradient of the input")

let tests =
    let activations = reference.Value.GetProperty "activations"
    let losses = reference.Value.GetProperty "losses"

    testList
        "layers of PyTorch"
        [ for item in (activations.GetProperty "functions").EnumerateObject() do
              activation item.Name item.Value (floats activations "points")
          for item in (losses.GetProperty "functions").EnumerateObject() do
              loss item.Name item.Value (floats losses "outputs") (floats losses "targets")
          for item in (reference.Value.GetProperty "layers").EnumerateArray() do
              layer item ]
