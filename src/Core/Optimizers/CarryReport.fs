namespace CuteDl.Core.Optimizers

/// <summary>Why a tensor of one layout has no counterpart in the other layout.</summary>
[<RequireQualifiedAccess>]
type CarryMismatch =
    /// <summary>The other layout has no tensor of this name, after renaming.</summary>
    | NoSuchName
    /// <summary>The tensor of this name has another shape in the other layout.</summary>
    | OtherShape of shape: int list

/// <summary>A tensor that both layouts have.</summary>
type KeptTensor =
    {
        /// <summary>The tensor in the old layout.</summary>
        Before: Parameter
        /// <summary>The tensor in the new layout: the new name and the same shape.</summary>
        After: Parameter
    }

/// <summary>A tensor that only one of the layouts has.</summary>
type UnmatchedTensor =
    {
        /// <summary>The tensor in its own layout.</summary>
        Tensor: Parameter
        /// <summary>Why the other layout does not have it.</summary>
        Reason: CarryMismatch
    }

/// <summary>Why state of kept tensors starts anew.</summary>
[<RequireQualifiedAccess>]
type RestartReason =
    /// <summary>The tensors belonged to another part before: their new names match another group.</summary>
    | OtherPart
    /// <summary>The part treats its tensors together, and tensors of these names are new to it.</summary>
    | NewTensors of names: string list

/// <summary>A part whose state starts anew for some tensors.</summary>
type RestartedPart =
    {
        /// <summary>The part as in the names of slots, such as <c>2.adam</c>; empty if the optimizer is a single rule.</summary>
        Part: string
        /// <summary>The name of its kind, such as <c>adam</c>.</summary>
        Kind: string
        /// <summary>The kept tensors that lose their state in this part, by their new names.</summary>
        Tensors: string list
        /// <summary>The reason.</summary>
        Reason: RestartReason
    }

/// <summary>What became of the tensors of a state when it was carried to another layout.</summary>
type CarryReport =
    {
        /// <summary>The tensors of both layouts, in the order of the old one.</summary>
        Kept: KeptTensor list
        /// <summary>The tensors that only the old layout has.</summary>
        Dropped: UnmatchedTensor list
        /// <summary>The tensors that only the new layout has. Their state is initial.</summary>
        Added: UnmatchedTensor list
        /// <summary>The parts that start anew, and those that are new to kept tensors.</summary>
        Restarted: RestartedPart list
    }
