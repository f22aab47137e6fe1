/// Exported models, run by ONNX Runtime.
module CuteDl.Core.Tests.OnnxTests

open System
open System.IO
open Expecto
open FsCheck
open FsCheck.FSharp
open Microsoft.ML.OnnxRuntime
open Microsoft.ML.OnnxRuntime.Tensors
open CuteDl.Testing
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks

let private rows = 3

let private exported (model: TrainedModel) : byte array =
    use stream = new MemoryStream()
    TrainedModelFile.writeOnnx stream model
    stream.ToArray()

/// The outputs of ONNX Runtime.
let private ofRuntime (model: TrainedModel) (inputs: float32 array) : float32 array =
    use options = new SessionOptions(IntraOpNumThreads = 1, InterOpNumThreads = 1)
    use session = new InferenceSession(exported model, options)

    let sizes =
        match model.Model.Input with
        | TensorShape.Flat length -> [| inputs.Length / length; length |]
        | TensorShape.Planes(channels, height, width) -> [| inputs.Length / model.Model.Inputs; height; width; channels |]

    let tensor = DenseTensor<float32>(Memory inputs, ReadOnlySpan sizes)
    use results = session.Run [ NamedOnnxValue.CreateFromTensor("input", tensor) ]
    let result = Seq.exactlyOne results
    Expect.equal result.Name "output" "name of the output"
    let output = result.AsTensor<float32>()
    Expect.equal (output.Dimensions.ToArray()) [| sizes[0]; model.Model.Outputs |] "shape of the output"
    Seq.toArray output

/// Compares the outputs of ONNX Runtime, and the library's own, with double precision and the bounds of rounding errors.
let private agrees (sample: ModelSamples.Sample) : unit =
    let model = ModelSamples.trained<float32> sample
    let inputs = ModelSamples.inputs sample rows |> Array.map float32
    let parameters = ModelSamples.parameters<float32> sample |> Array.map float
    let found = ofRuntime model inputs
    let own = model.Predict(ReadOnlySpan inputs)
    let width = sample.Model.Outputs

    inputs
    |> Array.mapi (fun i value ->
        match model.Standardization with
        | Some standardization -> standardization.Of(i % sample.Model.Inputs, float value) |> float32 |> float
        | None -> float value)
    |> Array.chunkBySize sample.Model.Inputs
    |> Array.iteri (fun row input ->
        let bounded = RoundingBound.ofModel sample.Model parameters input

        for j in 0 .. width - 1 do
            // Overflow is no subject of the bounds.
            if Double.IsFinite bounded.Error[j] && abs bounded.Exact[j] < 1e30 then
                Close.within bounded.Error[j] (float found[row * width + j]) bounded.Exact[j] $"ONNX Runtime, example {row}, output {j}"
                Close.within bounded.Error[j] (float own[row * width + j]) bounded.Exact[j] $"the library, example {row}, output {j}")

let private eachLoadsAGraph = Share.OneIn(4, "each case loads a graph")

let private ofKind (kind: LayerKind) =
    let models = LayerSamples.taken kind |> Gen.map (LayerSamples.around (Activate Linear))
    propertyWith eachLoadsAGraph kind.Name (models |> Gen.bind ModelSamples.ofModel) agrees

let private ofDouble =
    propertyWith eachLoadsAGraph "a model of double precision is exported in single precision" ModelSamples.any (fun sample ->
        let parameters = ModelSamples.parameters<float> sample
        let standardization = ModelSamples.standardization sample
        let wide = TrainedModel.Of(sample.Model, parameters, ?standardization = standardization)

        let narrow =
            TrainedModel.Of(sample.Model, Array.map float32 parameters, ?standardization = standardization)

        Expect.equal (exported wide) (exported narrow) "bytes")

let private standardized =
    testCase "large means cancel as in the library" (fun () ->
        // In single precision, 1e6 + 0.25 would be 1e6.
        let standardization = Standardization([| 1e6 + 0.03 |], [| 1e-3 |])

        let model =
            TrainedModel.Of(Model.create 1 [ Dense(1, Linear) ] MeanSquaredError, [| 1.0f; 0.0f |], standardization)

        let inputs = [| 1e6f; 1000001.0f |]
        Expect.equal (ofRuntime model inputs) (model.Predict(ReadOnlySpan inputs)) "outputs")

let private refused =
    testCase "a layer without a form in ONNX is refused with its name" (fun () ->
        let model =
            Model.ofShape (TensorShape.Planes(1, 2, 2)) [ Residual [ Shift() ]; Flatten(); Dense(1, Linear) ] MeanSquaredError

        try
            exported (TrainedModel.Of(model, Array.zeroCreate<float32> 9)) |> ignore
            failtest "nothing was thrown"
        with :? NotSupportedException as error ->
            Expect.stringContains error.Message "The layer shift has no form in ONNX." "message")

let private files =
    TemporaryFolder.testInFolder "a file replaces an old one, and names the model and the library" (fun folder ->
        let path = Path.Combine(folder, "m.onnx")
        File.WriteAllText(path, "old")
        TrainedModelFile.exportOnnx path (TrainedModel.Of(Model.create 2 [ Dense(1, ReLU) ] MeanSquaredError, [| 1.0f; 2.0f; 3.0f |]))
        use session = new InferenceSession(path)
        Expect.equal session.ModelMetadata.ProducerName "CuteDl" "producer"
        Expect.equal session.ModelMetadata.CustomMetadataMap["cutedl.model.text"] "2-1(relu) mean-squared-error" "text"
        Expect.equal session.InputMetadata["input"].SymbolicDimensions[0] "batch" "the number of examples is free")

let tests =
    testList
        "ONNX"
        [ testList "ONNX Runtime has the outputs of the library, up to rounding" [ for kind in LayerKinds.all -> ofKind kind ]
          propertyWith eachLoadsAGraph "also for models of several layers" ModelSamples.any agrees
          ofDouble
          standardized
          refused
          files ]
