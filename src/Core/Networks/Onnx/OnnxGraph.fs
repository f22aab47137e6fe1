namespace CuteDl.Core.Networks

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open CuteDl.Core.Data

/// <summary>A value in an ONNX graph: a batch of examples.</summary>
type OnnxValue =
    {
        /// <summary>The name in the graph.</summary>
        Name: string
        /// <summary>The shape of an example.</summary>
        Shape: TensorShape
        /// <summary>
        /// True if the dimensions of images are batch × channels × height × width. Otherwise they are batch × height × width × channels, the
        /// order in memory of this library.
        /// </summary>
        IsChannelsFirst: bool
    }

/// <summary>An attribute of an ONNX node.</summary>
[<RequireQualifiedAccess>]
type OnnxAttribute =
    /// <summary>A whole number.</summary>
    | Whole of int64
    /// <summary>Several whole numbers.</summary>
    | Wholes of int64 list
    /// <summary>A number.</summary>
    | Number of float

/// The types of values, by their numbers in the format.
module internal OnnxType =
    let Single = 1L
    let Int64 = 7L
    let Double = 11L

/// <summary>An ONNX graph that layers build: nodes in order, and constants. See https://onnx.ai/onnx/operators for the operators.</summary>
[<Sealed>]
type OnnxGraph internal () =
    let nodes = List<ProtobufField list>()
    let constants = List<ProtobufField list>()

    let attribute (name: string) (value: OnnxAttribute) : ProtobufField list =
        // The numbers of the fields, and of the types in field 20, are those of onnx.proto.
        match value with
        | OnnxAttribute.Whole value -> [ Protobuf.text 1 name; Protobuf.whole 3 value; Protobuf.whole 20 2L ]
        | OnnxAttribute.Number value -> [ Protobuf.text 1 name; Protobuf.number 2 (float32 value); Protobuf.whole 20 1L ]
        | OnnxAttribute.Wholes values -> [ Protobuf.text 1 name; yield! values |> List.map (Protobuf.whole 8); Protobuf.whole 20 7L ]

    let addConstant (name: string) (shape: int list) (cellType: int64) (bytes: byte array) : string =
        constants.Add
            [ yield! shape |> List.map (fun size -> Protobuf.whole 1 (int64 size))
              Protobuf.whole 2 cellType
              Protobuf.text 8 name
              Protobuf.bytes 9 bytes ]

        name

    member internal _.Nodes: ProtobufField list seq = nodes
    member internal _.Constants: ProtobufField list seq = constants

    /// <summary>Adds a constant tensor in single precision, and returns its name.</summary>
    /// <param name="name">The name, which no other value has: <c>layers.0.weight</c>.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="values">The values, row-major.</param>
    member _.Constant(name: string, shape: int list, values: float32 array) : string =
        addConstant name shape OnnxType.Single (MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray())

    /// Adds a constant tensor in double precision, and returns its name.
    member internal _.Doubles(name: string, shape: int list, values: float array) : string =
        addConstant name shape OnnxType.Double (MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray())

    /// <summary>Adds a single number, and returns its name.</summary>
    member _.Constant(value: float) : string =
        addConstant $"constant.{constants.Count}" [] OnnxType.Single (BitConverter.GetBytes(float32 value))

    /// <summary>Adds whole numbers, and returns their name.</summary>
    member _.Constant(values: int64 list) : string =
        let bytes = MemoryMarshal.AsBytes(ReadOnlySpan(List.toArray values)).ToArray()
        addConstant $"constant.{constants.Count}" [ values.Length ] OnnxType.Int64 bytes

    /// Adds a node whose output has a given name.
    member internal _.Add(operator: string, inputs: string list, output: string, attributes: (string * OnnxAttribute) list) : unit =
        nodes.Add
            [ yield! inputs |> List.map (Protobuf.text 1)
              Protobuf.text 2 output
              Protobuf.text 3 output
              Protobuf.text 4 operator
              yield! attributes |> List.map (fun (name, value) -> Protobuf.message 5 (attribute name value)) ]

    /// <summary>Adds a node with one output, and returns the name of the output.</summary>
    /// <param name="operator">The operator: <c>Gemm</c>.</param>
    /// <param name="inputs">The names of the inputs.</param>
    /// <param name="attributes">The attributes by name.</param>
    member graph.Node(operator: string, inputs: string list, attributes: (string * OnnxAttribute) list) : string =
        let output = $"{operator.ToLowerInvariant()}.{nodes.Count}"
        graph.Add(operator, inputs, output, attributes)
        output

    /// <summary>Adds a node whose output has the shape of a value.</summary>
    /// <param name="operator">The operator.</param>
    /// <param name="value">Its first input.</param>
    /// <param name="others">The names of its other inputs.</param>
    /// <param name="attributes">The attributes by name.</param>
    member graph.Map(operator: string, value: OnnxValue, others: string list, attributes: (string * OnnxAttribute) list) : OnnxValue =
        { value with Name = graph.Node(operator, value.Name :: others, attributes) }

    member private graph.Transposed(value: OnnxValue, order: int64 list) : OnnxValue =
        { value with
            Name = graph.Node("Transpose", [ value.Name ], [ "perm", OnnxAttribute.Wholes order ])
            IsChannelsFirst = not value.IsChannelsFirst }

    /// <summary>Returns an image with its channels before its positions.</summary>
    member graph.ChannelsFirst(value: OnnxValue) : OnnxValue =
        match value.Shape with
        | TensorShape.Planes _ when not value.IsChannelsFirst -> graph.Transposed(value, [ 0L; 3L; 1L; 2L ])
        | TensorShape.Planes _
        | TensorShape.Flat _ -> value

    /// <summary>Returns an image with its channels after its positions.</summary>
    member graph.ChannelsLast(value: OnnxValue) : OnnxValue =
        if value.IsChannelsFirst then graph.Transposed(value, [ 0L; 2L; 3L; 1L ]) else value
