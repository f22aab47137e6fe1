/// Every kind of layer in the table: text form, shapes, batches and allocation.
module CuteDl.Core.Tests.LayerTests

open System
open System.Numerics
open Expecto
open FsCheck
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

let private capacity = 5

let private fill (random: Random) (values: Span<'T>) : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    for i in 0 .. values.Length - 1 do
        values[i] <- 'T.CreateTruncating(2.0 * random.NextDouble() - 1.0)

/// A network with random parameters, inputs and targets.
let private network<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (model: Model) (seed: int) : Network<'T> =
    let random = RandomStream.stream seed "layers"
    let network = Network<'T>(model, capacity)
    fill random network.Parameters

    for i in 0 .. network.Inputs.Length - 1 do
        network.Inputs[i] <- 'T.CreateTruncating(LayerSamples.input model (random.NextDouble()))

    fill random (Span network.Targets)
    network

let private text =
    testList
        "the text form"
        [ property "is read as the model that it is of" LayerSamples.models (fun model ->
              let read = ModelText.parse (string model)
              Expect.equal (string read) (string model) "text"
              Expect.equal read model "model")

          property
              "of layers in order is read as the layers that it is of"
              (Gen.choose (1, 3) |> Gen.bind (fun count -> Gen.listOfLength count LayerSamples.any))
              (fun layers ->
                  let text = layers |> List.map _.Text |> String.concat " | "
                  Expect.equal (ModelText.parseLayers LayerKinds.all text) layers text)

          testCase "has the units first in a dense layer, and the form of a call in others" (fun () ->
              let model =
                  Model.create 784 [ Dense(128, ReLU); Dropout 0.25; Activate Tanh; Flatten(); Dense(10, Linear) ] SoftmaxCrossEntropy

              let text = "784-128(relu)-dropout(0.25)-activate(tanh)-flatten-10(linear) softmax-cross-entropy"
              Expect.equal (string model) text "printed"

              let read =
                  ModelText.parse
                      "784-dense(128, activation=relu)-dropout(rate=0.25)-activate(tanh)-flatten-dense(10) softmax-cross-entropy"

              Expect.equal read model "the form that all kinds have")

          for text, at, expected in
              [ "x-10(linear) mean-squared-error", 1, "'x' is not the shape of an example"
                "4x4-10(linear) mean-squared-error", 1, "Write 784 or 1x28x28"
                "4-dens(3) mean-squared-error", 3, "Did you mean dense?"
                "4-dense(3, activaton=relu) mean-squared-error", 12, "Did you mean activation?"
                "4-dense(3, activation=rela) mean-squared-error", 23, "Did you mean relu?"
                "4-dense(0) mean-squared-error", 9, "units of dense must be a whole number of at least 1, not 0."
                "4-dense(1.5) mean-squared-error", 9, "not 1.5"
                "4-dense() mean-squared-error", 3, "dense needs units, the number of units."
                "4-dense(2, 3) mean-squared-error", 12, "An argument of dense needs its name."
                "4-dropout(1)-3(linear) mean-squared-error", 11, "rate of dropout must be a number in [0, 1), not 1."
                "4-3(rela) mean-squared-error", 5, "Did you mean relu?"
                "4-0(relu) mean-squared-error", 3, "'0' is not a number of units"
                "4-3 mean-squared-error", 3, "'3' is not a dense layer. Write 128(relu)."
                "4-dropout(0.1 mean-squared-error", 15, "Expected"
                "4-3(relu) mean-squared-eror", 11, "Did you mean mean-squared-error?"
                "4-3(relu)", 10, "No loss is named ''"
                "1x2x2-3(relu) mean-squared-error", 1, "Put flatten before it."
                "4 mean-squared-error", 1, "A model must have at least 1 layer." ] do
              testCase $"is refused: {text}" (fun () ->
                  try
                      ModelText.parse text |> ignore
                      failtest "nothing was thrown"
                  with :? ExpressionException as error ->
                      Expect.stringContains error.Message $"character {at}: " "position"
                      Expect.stringContains error.Message expected "problem") ]

let private shapes =
    testList
        "shapes"
        [ testCase "every kind takes some of the shapes" (fun () ->
              for kind in LayerKinds.all do
                  let layer, shape = (Generators.samples 1 (LayerSamples.taken kind))[0]
                  Expect.equal layer.Kind.Name kind.Name $"{layer} on {shape}")

          property
              "of outputs are those of the operations"
              (Gen.elements LayerKinds.all |> Gen.bind LayerSamples.taken)
              (fun (layer, shape) ->
                  let operation = layer.Start<float>(shape, capacity)
                  Expect.equal (Ok operation.Output) (layer.OutputOf shape) $"{layer} on {shape}"
                  Expect.equal operation.Outputs.Length (capacity * operation.Output.Length) "outputs"

                  match layer.Size with
                  | OutputSize.Units count -> Expect.equal operation.Output (TensorShape.Flat count) "units"
                  | OutputSize.AsInput -> Expect.equal operation.Output shape "the input's shape"
                  | OutputSize.OfInput -> ())

          testCase "have lengths, channels and positions" (fun () ->
              let image = TensorShape.Planes(3, 5, 7)
              Expect.equal (image.Length, image.Channels, image.Positions, string image) (105, 3, 35, "3x5x7") "an image"
              let vector = TensorShape.Flat 9
              Expect.equal (vector.Length, vector.Channels, vector.Positions, string vector) (9, 9, 1, "9") "a vector"
              Expect.equal (TensorShape.Planes(Int32.MaxValue, 2, 2).Length) Int32.MaxValue "too many values")

          testCase "of pooling have the stride of the window, if no other is given" (fun () ->
              let pool = (ModelText.parse "1x9x9-max_pool(3)-flatten-1(linear) mean-squared-error").Layers.Head
              Expect.equal pool (MaxPool(3, 3)) "stride"
              Expect.equal pool.Text "max_pool(3)" "text"
              Expect.equal (string (AveragePool(3, 2))) "average_pool(3, stride=2)" "another stride")

          testCase "of chains end at the first layer that does not take its input" (fun () ->
              let image = TensorShape.Planes(1, 2, 3)

              Expect.equal
                  (Layers.shapes image [ Activate ReLU; Flatten(); Dense(4, Linear) ])
                  (Ok [ image; TensorShape.Flat 6; TensorShape.Flat 4 ])
                  "shapes"

              Expect.isTrue (Layers.shapes image [ Activate ReLU; Dense(4, Linear); Flatten() ]).IsError "an image")

          testCase "of whole numbers are only those of the first layer" (fun () ->
              let vector = TensorShape.Flat 3
              let table: Layer list = [ Embedding(1, 5); Flatten() ]
              Expect.equal (Layers.shapes vector [ Residual table ]) (Ok [ vector ]) "the first layer of a connection"
              Expect.equal (Residual table).InputsBelow (ValueSome 5) "of a connection"

              for layers in
                  [ Dense(3, Linear) :> Layer :: table
                    [ Activate ReLU; Residual table ]
                    [ Residual(Activate ReLU :: table) ] ] do
                  match Layers.shapes vector layers with
                  | Ok shapes -> failtest $"{layers} gives {shapes}"
                  | Error problem -> Expect.stringContains problem "takes whole numbers" "problem")

          testCase "and activations of the outputs are those of the last layer that has some" (fun () ->
              let ends (layers: Layer list) = Layers.units layers, Layers.outputActivation layers
              Expect.equal (ends [ Dense(3, ReLU) ]) (Some 3, ReLU) "dense"
              Expect.equal (ends [ Dense(3, ReLU); Dropout 0.1 ]) (Some 3, ReLU) "dropout passes values on"
              Expect.equal (ends [ Dense(3, ReLU); Activate Tanh ]) (Some 3, Tanh) "an activation of its own"
              Expect.equal (ends [ Dense(3, ReLU); Flatten() ]) (None, Linear) "another shape"
              Expect.equal (ends [ Dropout 0.1 ]) (None, Linear) "nothing") ]

/// Outputs of a batch, by example.
let private outputs (network: Network<'T>) (rows: int) : 'T array array =
    network.Validate rows |> ignore

    network.Outputs.Slice(0, rows * network.Model.Outputs).ToArray()
    |> Array.chunkBySize network.Model.Outputs

let private alone =
    property
        "in validation, an example has the same bits alone and in a batch"
        (Gen.zip (Gen.elements LayerKinds.all |> Gen.bind LayerSamples.taken) (Gen.choose (0, 1000)))
        (fun (sample, seed) ->
            let network = network<float32> (LayerSamples.around (Activate Linear) sample) seed
            let together = outputs network capacity
            let length = network.Model.Inputs

            for row in 0 .. capacity - 1 do
                Array.Copy(network.Inputs, row * length, network.Inputs, 0, length)
                let alone = outputs network 1
                Expect.equal alone[0] together[row] $"example {row}")

let private allocatesNothing<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (kind: LayerKind) =
    testCase $"a step with {kind.Name} allocates nothing in {typeof<'T>.Name}" (fun () ->
        for sample in Generators.samples 3 (LayerSamples.taken kind) do
            let network = network<'T> (LayerSamples.around (Shift()) sample) 1

            let allocatedBy (steps: int) =
                let before = GC.GetAllocatedBytesForCurrentThread()

                for step in 1..steps do
                    network.Train(capacity, uint64 step) |> ignore
                    network.Validate capacity |> ignore

                GC.GetAllocatedBytesForCurrentThread() - before

            // The first steps load and compile what the others run.
            allocatedBy 50 |> ignore
            Expect.equal (allocatedBy 50) 0L $"bytes of {network.Model}")

/// The outputs and input gradients of two examples, for random gradients of the outputs.
let private passes<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (layer: Layer)
    (shape: TensorShape)
    (input: 'T array)
    (probe: 'T array)
    : 'T array * 'T array =
    let operation = layer.Start<'T>(shape, 2)
    let inputGradient = Array.zeroCreate input.Length
    operation.Forward(2, ReadOnlySpan input, ReadOnlySpan Array.empty, true, 0UL)
    probe.CopyTo(operation.OutputGradient, 0)
    operation.Backward(2, ReadOnlySpan input, ReadOnlySpan Array.empty, Span Array.empty, Span inputGradient)
    operation.Outputs, inputGradient

/// Enough channels for whole registers and a rest. Values are few, so that many are equal, and some are not numbers.
let private channels<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (make: int * int -> Layer) (name: string) =
    property
        $"{name} treats every channel as if it were alone, in {typeof<'T>.Name}"
        (Gen.zip (Gen.zip3 (Gen.choose (1, 40)) (Gen.choose (1, 3)) (Gen.choose (1, 3))) (Gen.choose (0, 1000)))
        (fun ((count, size, stride), seed) ->
            let random = RandomStream.stream seed "channels"
            let layer = make (size, stride)
            let shape = TensorShape.Planes(count, 5, 4)
            let outputs = (layer.Start<'T>(shape, 2)).Length

            let draw length =
                Array.init length (fun _ ->
                    let value = random.Next 12
                    if value = 0 then 'T.NaN else 'T.CreateTruncating(value - 6))

            let input, probe = draw (2 * shape.Length), draw (2 * outputs)

            let ofChannel (c: int) (values: 'T array) =
                values |> Array.indexed |> Array.filter (fun (i, _) -> i % count = c) |> Array.map snd

            let output, gradient = passes layer shape input probe

            for c in 0 .. count - 1 do
                let alone, ofAlone = passes layer (TensorShape.Planes(1, 5, 4)) (ofChannel c input) (ofChannel c probe)

                let texts (values: 'T array) = values |> Array.map string
                Expect.equal (texts (ofChannel c output)) (texts alone) "outputs"
                Expect.equal (texts (ofChannel c gradient)) (texts ofAlone) "gradients")

let private values =
    testList
        "values"
        [ channels<float32> (fun (size, stride) -> MaxPool(size, stride)) "max pooling"
          channels<float> (fun (size, stride) -> MaxPool(size, stride)) "max pooling"
          channels<float32> (fun (size, stride) -> AveragePool(size, stride)) "average pooling"
          channels<float> (fun (size, stride) -> AveragePool(size, stride)) "average pooling"

          property
              "an activation layer has the bits of a dense layer's activation"
              (Gen.zip (Gen.elements Activation.all) (Gen.choose (0, 1000)))
              (fun (activation, seed) ->
                  let fused =
                      network<float> (Model.create 6 [ Dense(5, activation); Dense(3, Linear) ] MeanSquaredError) seed

                  let own =
                      network<float> (Model.create 6 [ Dense(5, Linear); Activate activation; Dense(3, Linear) ] MeanSquaredError) seed

                  Expect.equal (own.Train(capacity, 0UL)) (fused.Train(capacity, 0UL)) "loss"
                  Expect.equal (own.Gradient.ToArray()) (fused.Gradient.ToArray()) "gradient")

          testCase "a convolution over more windows than are multiplied at once adds the gradients of examples in order" (fun () ->
              let shape = TensorShape.Planes(1, 40, 40)
              let layer = Conv(2, 3, 1, 0, Tanh)
              let operation = layer.Start<float>(shape, 3)
              let random = RandomStream.stream 3 "blocks"
              let draw count = Array.init count (fun _ -> 2.0 * random.NextDouble() - 1.0)
              let input = draw (3 * shape.Length)
              let probe = draw (3 * operation.Length)
              let parameters = draw 20

              let run (first: int) (rows: int) =
                  let x = input[first * shape.Length .. (first + rows) * shape.Length - 1]
                  let gradient = Array.zeroCreate parameters.Length
                  let inputGradient = Array.zeroCreate x.Length
                  operation.Forward(rows, ReadOnlySpan x, ReadOnlySpan parameters, true, 0UL)
                  Array.Copy(probe, first * operation.Length, operation.OutputGradient, 0, rows * operation.Length)
                  operation.Backward(rows, ReadOnlySpan x, ReadOnlySpan parameters, Span gradient, Span inputGradient)
                  gradient, inputGradient

              let gradient, inputGradient = run 0 3
              let parts = [ for example in 0..2 -> run example 1 ]
              let weights (gradient: float array) = gradient[..17]
              Expect.equal (weights gradient) (parts |> List.map (fst >> weights) |> List.reduce (Array.map2 (+))) "weights"

              Array.iter2
                  (fun a b -> Close.within 1e-12 a b "biases")
                  gradient[18..]
                  ((parts |> List.map fst |> List.reduce (Array.map2 (+)))[18..])

              Expect.equal inputGradient (Array.concat (List.map snd parts)) "inputs")

          testCase "a layer of one's own takes part in models and text forms" (fun () ->
              let model =
                  ModelText.parseWith (Shift.Kind :: LayerKinds.all) [] "1x2x2-shift-flatten-1(linear) mean-squared-error"

              Expect.equal
                  model
                  (Model.ofShape (TensorShape.Planes(1, 2, 2)) [ Shift(); Flatten(); Dense(1, Linear) ] MeanSquaredError)
                  "model"

              Expect.throwsT<ExpressionException> (fun () -> ModelText.parse (string model) |> ignore) "without the kind"

              let expected =
                  [ "layers.0.shift", [ 1; 4; 1 ], 0; "layers.1.weight", [ 4; 1 ], 4; "layers.1.bias", [ 1 ], 8 ]

              Expect.equal [ for p in Model.parameters model -> p.Name, p.Shape, p.Offset ] expected "tensors"
              let initial = Model.initialParameters<float> model He 1
              Expect.equal initial[..3] (Array.create 4 0.25) "initial values of a tensor of three dimensions"
              Expect.all initial[4..7] ((<>) 0.0) "initial weights"
              Expect.equal initial[8] 0.0 "the bias") ]

let private equality =
    property "layers are equal exactly if their texts are" (Gen.two LayerSamples.any) (fun (a, b) ->
        Expect.equal (a = b) (a.Text = b.Text) $"{a} and {b}"
        Expect.equal (a.Kind.Make a.Values) a "made of the same values"

        if a = b then
            Expect.equal (hash a) (hash b) "hash")

let tests =
    testList
        "layers"
        [ text
          shapes
          alone
          values
          equality
          testList
              "allocation"
              [ for kind in LayerKinds.all do
                    allocatesNothing<float32> kind
                    allocatesNothing<float> kind ] ]
