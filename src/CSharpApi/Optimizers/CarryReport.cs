using System.Numerics;
using CoreMismatch = CuteDl.Core.Optimizers.CarryMismatch;
using CorePart = CuteDl.Core.Optimizers.RestartedPart;
using CoreReason = CuteDl.Core.Optimizers.RestartReason;
using CoreReport = CuteDl.Core.Optimizers.CarryReport;
using CoreTensor = CuteDl.Core.Optimizers.UnmatchedTensor;

namespace CuteDl;

/// <summary>A state that was carried to a changed model.</summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
/// <param name="State">The state for the changed model.</param>
/// <param name="Report">What became of each tensor.</param>
public sealed record CarriedState<T>(OptimizerState<T> State, CarryReport Report)
    where T : unmanaged, IFloatingPointIeee754<T>;

/// <summary>What became of the tensors of a state when it was carried to a changed model: see <see cref="OptimizerState{T}.Carry"/>.</summary>
public sealed record CarryReport
{
    internal CarryReport(CoreReport core)
    {
        Kept = [.. core.Kept.Select(kept => new KeptTensor(ParameterTensor.Of(kept.Before), ParameterTensor.Of(kept.After)))];
        Dropped = [.. core.Dropped.Select(UnmatchedTensor.Of)];
        Added = [.. core.Added.Select(UnmatchedTensor.Of)];
        Restarted = [.. core.Restarted.Select(RestartedPart.Of)];
    }

    /// <summary>The tensors of both layouts, in the order of the old one.</summary>
    public IReadOnlyList<KeptTensor> Kept { get; init => field = ValueList.Of(value); }

    /// <summary>The tensors that only the old layout has.</summary>
    public IReadOnlyList<UnmatchedTensor> Dropped { get; init => field = ValueList.Of(value); }

    /// <summary>The tensors that only the new layout has. Their state is initial.</summary>
    public IReadOnlyList<UnmatchedTensor> Added { get; init => field = ValueList.Of(value); }

    /// <summary>The parts that start anew, and those that are new to kept tensors.</summary>
    public IReadOnlyList<RestartedPart> Restarted { get; init => field = ValueList.Of(value); }
}

/// <summary>A tensor that both layouts have.</summary>
/// <param name="Before">The tensor in the old layout.</param>
/// <param name="After">The tensor in the new layout: the new name and the same shape.</param>
public sealed record KeptTensor(ParameterTensor Before, ParameterTensor After);

/// <summary>A tensor that only one of the layouts has.</summary>
/// <param name="Tensor">The tensor in its own layout.</param>
/// <param name="OtherShape">The shape of the tensor of this name in the other layout; null if no tensor has this name there.</param>
public sealed record UnmatchedTensor(ParameterTensor Tensor, IReadOnlyList<int>? OtherShape)
{
    /// <summary>The shape of the tensor of this name in the other layout; null if no tensor has this name there.</summary>
    public IReadOnlyList<int>? OtherShape { get; init => field = value is null ? null : ValueList.Of(value); } = OtherShape is null ? null : ValueList.Of(OtherShape);

    internal static UnmatchedTensor Of(CoreTensor core) =>
        new(ParameterTensor.Of(core.Tensor), core.Reason is CoreMismatch.OtherShape other ? [.. other.shape] : null);
}

/// <summary>Why state of kept tensors starts anew.</summary>
public enum RestartReason
{
    /// <summary>The tensors belonged to another part before: their new names match another group.</summary>
    OtherPart,

    /// <summary>The part treats its tensors together, and some tensors are new to it.</summary>
    NewTensors,
}

/// <summary>A part of the optimizer whose state starts anew for some tensors.</summary>
/// <param name="Part">The part as in the names of slots, such as <c>2.adam</c>; empty if the optimizer is a single rule.</param>
/// <param name="Kind">The name of its kind, such as <c>adam</c>.</param>
/// <param name="Tensors">The kept tensors that lose their state in this part, by their new names.</param>
/// <param name="Reason">The reason.</param>
/// <param name="NewTensors">With the reason <see cref="RestartReason.NewTensors"/>, the tensors that are new to the part; otherwise empty.</param>
public sealed record RestartedPart(
    string Part, string Kind, IReadOnlyList<string> Tensors, RestartReason Reason, IReadOnlyList<string> NewTensors)
{
    /// <summary>The kept tensors that lose their state in this part, by their new names.</summary>
    public IReadOnlyList<string> Tensors { get; init => field = ValueList.Of(value); } = ValueList.Of(Tensors);

    /// <summary>With the reason <see cref="RestartReason.NewTensors"/>, the tensors that are new to the part; otherwise empty.</summary>
    public IReadOnlyList<string> NewTensors { get; init => field = ValueList.Of(value); } = ValueList.Of(NewTensors);

    internal static RestartedPart Of(CorePart core) =>
        core.Reason is CoreReason.NewTensors added
            ? new(core.Part, core.Kind, [.. core.Tensors], RestartReason.NewTensors, [.. added.names])
            : new(core.Part, core.Kind, [.. core.Tensors], RestartReason.OtherPart, []);
}
