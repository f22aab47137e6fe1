namespace CuteDl.Core.Networks

open System
open System.IO
open CuteDl.Core.Data

/// Writes models in the ONNX format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
module internal OnnxModel =
    // The version of the format, and of the operators. Version 17 of the operators is the first with layer normalization.
    let private formatVersion = 8L
    let private operatorsVersion = 17L

    /// The name of the graph's input.
    let InputName = "input"

    /// The name of the graph's output.
    let OutputName = "output"

    /// A value of the graph: a batch of rows, whose number is free.
    let private batch (name: string) (sizes: int list) : ProtobufField list =
        let dimensions =
            [ Protobuf.message 1 [ Protobuf.text 2 "batch" ]
              for size in sizes do
                  Protobuf.message 1 [ Protobuf.whole 1 (int64 size) ] ]

        let tensor = [ Protobuf.whole 1 1L; Protobuf.message 2 dimensions ]
        [ Protobuf.text 1 name; Protobuf.message 2 [ Protobuf.message 1 tensor ] ]

    let private sizes (shape: TensorShape) : int list =
        match shape with
        | TensorShape.Flat length -> [ length ]
        | TensorShape.Planes(channels, height, width) -> [ height; width; channels ]

    /// Standardises inputs in double precision, as the library does.
    let private standardized (graph: OnnxGraph) (standardization: Standardization option) (input: OnnxValue) : OnnxValue =
        match standardization with
        | None -> input
        | Some standardization ->
            let constant name (values: float array) = graph.Doubles(name, sizes input.Shape, values)
            let mean = constant "standardization.mean" standardization.Means
            let deviation = constant "standardization.deviation" standardization.Deviations
            let cast (cellType: int64) (value: OnnxValue) = graph.Map("Cast", value, [], [ "to", OnnxAttribute.Whole cellType ])
            let wide = cast OnnxType.Double input
            let centered = graph.Map("Sub", wide, [ mean ], [])
            graph.Map("Div", centered, [ deviation ], []) |> cast OnnxType.Single

    /// Returns a model as a message.
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="standardization">The standardisation of its inputs.</param>
    /// <param name="version">The version of this library.</param>
    /// <exception cref="T:System.NotSupportedException">A layer has no form in ONNX.</exception>
    let private message (model: Model) (parameters: float32 array) (standardization: Standardization option) (version: string) =
        let graph = OnnxGraph()
        let input = { Name = InputName; Shape = model.Input; IsChannelsFirst = false }

        let output =
            standardized graph standardization input |> Layers.addToOnnx graph "layers" model.Layers parameters

        graph.Add("Identity", [ output.Name ], OutputName, [])

        let graph =
            [ yield! graph.Nodes |> Seq.map (Protobuf.message 1)
              Protobuf.text 2 "model"
              yield! graph.Constants |> Seq.map (Protobuf.message 5)
              Protobuf.message 11 (batch InputName (sizes model.Input))
              Protobuf.message 12 (batch OutputName [ model.Outputs ]) ]

        [ Protobuf.whole 1 formatVersion
          Protobuf.text 2 "CuteDl"
          Protobuf.text 3 version
          Protobuf.message 7 graph
          Protobuf.message 8 [ Protobuf.text 1 ""; Protobuf.whole 2 operatorsVersion ]
          Protobuf.message 14 [ Protobuf.text 1 "cutedl.model.text"; Protobuf.text 2 (string model) ] ]

    /// Writes a model to a stream.
    /// <exception cref="T:System.NotSupportedException">A layer has no form in ONNX, or the file would have 2 GiB or more.</exception>
    let write
        (stream: Stream)
        (model: Model)
        (parameters: float32 array)
        (standardization: Standardization option)
        (version: string)
        : unit =
        let fields = message model parameters standardization version
        let size = Protobuf.size fields

        if size > int64 Int32.MaxValue then
            raise (
                NotSupportedException
                    $"The model needs {size} bytes in the ONNX format, which allows at most {Int32.MaxValue} in one file. Save it as safetensors instead."
            )

        Protobuf.write stream fields
