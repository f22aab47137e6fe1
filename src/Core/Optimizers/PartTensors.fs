namespace CuteDl.Core.Optimizers

/// A tensor of a layout within a part.
[<NoComparison>]
type internal PartTensor =
    {
        Parameter: Parameter
        /// The index among the tensors of the layout.
        Number: int
        /// The index among the tensors of the part.
        Index: int
        /// The position of its first element in each slot of the part.
        Start: int
    }

/// The tensors of parts, with their places in the slots.
module internal PartTensors =

    /// Returns the tensors of a part in the order of the layout.
    let ofNode (layout: Layout) (plan: Plan) (node: PartNode) : PartTensor list =
        let node = plan.Separate.Nodes[node.Index]

        [ for i in 0 .. node.Tensors.Length - 1 ->
              { Parameter = layout.Parameters[node.Tensors[i]]
                Number = node.Tensors[i]
                Index = i
                Start = node.Start i } ]

    /// Returns the values of a slot for one tensor of a part, to read or to write.
    let slot (state: State<'T>) (node: PartNode) (slot: int) (tensor: PartTensor) : System.Memory<'T> =
        System.Memory(state.Block, node.SlotBase + slot * node.Stride + tensor.Start, tensor.Parameter.Length)
