/// Saved models.
module CuteDl.Core.Tests.TrainedModelFileTests

open System
open System.IO
open Expecto
open FsCheck
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Tests.TemporaryFolder

let private read (content: Safetensors) : TrainedModel = TrainedModelFile.ofContent LayerKinds.all [] "m.safetensors" content

let private expectSame (precision: Precision<'T>) (sample: ModelSamples.Sample) (again: TrainedModel) =
    let model = ModelSamples.trained<'T> sample
    let inputs = ModelSamples.inputs sample 3
    Expect.equal again.Model model.Model "model"
    Expect.equal again.IsDouble model.IsDouble "precision"
    Expect.equal again.Version model.Version "version"

    for name in model.TensorNames do
        Expect.equal (again.Tensor name) (model.Tensor name) name

    Precision.expectSameBits
        precision
        (again.Predict(ReadOnlySpan(precision.OfAll inputs)))
        (model.Predict(ReadOnlySpan(precision.OfAll inputs)))
        "predictions"

let private keptWith (precision: Precision<'T>) =
    property $"saving and loading gives the same bits in {precision.Name}" ModelSamples.any (fun sample ->
        if Model.parameterCount sample.Model > 0 then
            read (TrainedModelFile.toContent (ModelSamples.trained<'T> sample)) |> expectSame precision sample)

let private kept =
    testInFolder "a file has the model, the version and the notes" (fun folder ->
        let path = Path.Combine(folder, "m.safetensors")
        let model = Model.create 2 [ Dense(3, ReLU); Dense(1, Linear) ] (Huber 0.5)
        let notes = Map [ "optimizer", "adam()"; "author", "Ada" ]
        let standardization = Standardization([| 1.0; 2.0 |], [| 3.0; 4.0 |])
        TrainedModelFile.save path (TrainedModel.Of(model, [| 1.0f .. 13.0f |], standardization, notes))
        let again = TrainedModelFile.load path
        Expect.equal again.Model model "model"
        Expect.equal again.Notes notes "notes"
        let read = again.Standardization.Value
        Expect.equal (read.Means, read.Deviations) (standardization.Means, standardization.Deviations) "standardisation"
        // The format is read by other programs, so its names stay.
        let content = Safetensors.read path

        Expect.equal
            (Seq.toList content.Tensors.Keys)
            [ "layers.0.bias"
              "layers.0.weight"
              "layers.1.bias"
              "layers.1.weight"
              "standardization.deviation"
              "standardization.mean" ]
            "tensors"

        Expect.equal content.Metadata["cutedl.model"] "1" "format"
        Expect.equal content.Metadata["cutedl.model.text"] "2-3(relu)-1(linear) huber(0.5)" "text"
        Expect.isNotEmpty content.Metadata["cutedl.version"] "version")

let private whole =
    TrainedModelFile.toContent (
        TrainedModel.Of(
            Model.create 2 [ Dense(1, Linear) ] MeanSquaredError,
            [| 1.0f; 2.0f; 3.0f |],
            Standardization([| 0.0; 0.0 |], [| 1.0; 1.0 |])
        )
    )

let private damaged =
    let withText key text (content: Safetensors) = { content with Metadata = content.Metadata.Add(key, text) }
    let without key (content: Safetensors) = { content with Metadata = content.Metadata.Remove key }

    let withTensor name shape cells (content: Safetensors) =
        { content with Tensors = content.Tensors.Add(name, { Shape = shape; Cells = cells }) }

    let withoutTensor name (content: Safetensors) = { content with Tensors = content.Tensors.Remove name }

    testList
        "another file is refused"
        [ for name, change, expected in
              [ "of somebody else", without "cutedl.model", "not a model of this library: its metadata have no 'cutedl.model'"
                "of a later format", withText "cutedl.model" "2", "has the format '2'. Only the format '1' can be read."
                "without the text", without "cutedl.model.text", "have no 'cutedl.model.text'"
                "without the version", without "cutedl.version", "have no 'cutedl.version'"
                "with an unknown layer", withText "cutedl.model.text" "2-shift-1(linear) mean-squared-error", "No layer is named 'shift'."
                "with an unknown loss", withText "cutedl.model.text" "2-1(linear) my-loss", "No loss is named 'my-loss'."
                "without a tensor", withoutTensor "layers.0.bias", "The tensor 'layers.0.bias' of the model"
                "with another shape", withTensor "layers.0.bias" [ 2 ] (F32 [| 1.0f; 2.0f |]), "has the shape [2]. The model"
                "with another tensor", withTensor "extra" [] (F32 [| 1.0f |]), "The tensor 'extra' does not belong to the model"
                "with two types", withTensor "layers.0.bias" [ 1 ] (F64 [| 1.0 |]), "They must all be F32 or all F64."
                "with whole numbers",
                withTensor "layers.0.bias" [ 1 ] (I64 [| 1L |])
                >> withTensor "layers.0.weight" [ 2; 1 ] (I64 [| 1L; 2L |]),
                "They must all be F32 or all F64."
                "with half a standardisation", withoutTensor "standardization.mean", "The tensor 'standardization.mean' is missing."
                "with a narrow standardisation",
                withTensor "standardization.mean" [ 2 ] (F32 [| 0.0f; 0.0f |]),
                "must have numbers of 64 bits"
                "with a deviation of 0",
                withTensor "standardization.deviation" [ 2 ] (F64 [| 1.0; 0.0 |]),
                "The standardisation cannot be used"
                "with a longer standardisation",
                withTensor "standardization.mean" [ 3 ] (F64 [| 1.0; 0.0; 0.0 |])
                >> withTensor "standardization.deviation" [ 3 ] (F64 [| 1.0; 1.0; 1.0 |]),
                "The standardisation has 3 inputs" ] do
              testCase name (fun () ->
                  try
                      read (change whole) |> ignore
                      failtest "nothing was thrown"
                  with :? DataFormatException as error ->
                      Expect.stringContains error.Message "m.safetensors" "file"
                      Expect.stringContains error.Message expected "message") ]

let private bits =
    testInFolder "a changed byte of a file is refused, or changes no value" (fun folder ->
        let path = Path.Combine(folder, "m.safetensors")
        Safetensors.save path whole
        let bytes = File.ReadAllBytes path

        for i in 0 .. bytes.Length - 1 do
            let changed = Array.copy bytes
            changed[i] <- changed[i] ^^^ 4uy
            File.WriteAllBytes(path, changed)

            try
                Expect.equal (TrainedModelFile.toContent (TrainedModelFile.load path)) whole $"byte {i}"
            with :? DataFormatException ->
                ())

let private own =
    testCase "layers and losses of one's own are read if they are given" (fun () ->
        let loss =
            OwnLoss(
                "squares",
                ExampleLoss(fun outputs targets gradient ->
                    gradient[0] <- outputs[0] - targets[0]
                    0.0)
            )

        let model =
            Model.ofShape (TensorShape.Planes(1, 2, 2)) [ Shift(); Flatten(); Dense(1, Linear) ] (Own loss)

        let content = TrainedModelFile.toContent (TrainedModel.Of(model, Array.create 9 0.5))
        let again = TrainedModelFile.ofContent (Shift.Kind :: LayerKinds.all) [ loss ] "m.safetensors" content
        Expect.equal again.Model model "model")

let private noteKeys =
    testCase "a note cannot take the place of the text" (fun () ->
        let model =
            TrainedModel.Of(Model.create 1 [ Dense(1, Linear) ] MeanSquaredError, [| 1.0; 2.0 |], notes = Map [ "cutedl.model.text", "x" ])

        Expect.throwsT<ArgumentException> (fun () -> TrainedModelFile.toContent model |> ignore) "key")

let tests =
    testList "saved models" [ keptWith Precision.single; keptWith Precision.double; kept; damaged; bits; own; noteKeys ]
