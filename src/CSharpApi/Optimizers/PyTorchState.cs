using System.Numerics;
using Files = CuteDl.Core.Training.PyTorchState;

namespace CuteDl;

/// <summary>
/// Exchanges states with PyTorch's optimizers SGD, Adam, AdamW, RMSprop and Adagrad. A file has flat names such as
/// <c>layers.0.weight.exp_avg</c>: the name of a tensor, and PyTorch's key in a <c>state_dict</c>. The guide has the Python functions for the
/// other side.
/// </summary>
public static class PyTorchState
{
    /// <summary>Writes a state to a file, completely or not at all: an npz archive if the name ends so, otherwise safetensors.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="state">The state. Hyper-parameters are not part of the file.</param>
    /// <exception cref="ArgumentException">PyTorch has no optimizer with such a state.</exception>
    /// <exception cref="IOException">The file cannot be written. An old file is unchanged.</exception>
    public static void Save<T>(string path, OptimizerState<T> state)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(state);
        Files.save(path, state.Core);
    }

    /// <summary>Reads a state from a file that a program with PyTorch, or <see cref="Save"/>, has written.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="optimizer">The optimizer of the state. Its rules and options must be those of PyTorch's optimizer.</param>
    /// <param name="layout">The tensors, with the names in the file and the shapes of this library: inputs × units.</param>
    /// <exception cref="ArgumentException">
    /// PyTorch has no optimizer with such a state, or a schedule needs a count of steps that the file does not have.
    /// </exception>
    /// <exception cref="FormatException">
    /// The file is damaged, or an entry is missing, belongs to no tensor, or has another shape, type or precision.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static OptimizerState<T> Read<T>(string path, Optimizer optimizer, ParameterLayout layout)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(layout);
        return new OptimizerState<T>(Files.read<T>(optimizer.Core, layout.Core, path));
    }
}
