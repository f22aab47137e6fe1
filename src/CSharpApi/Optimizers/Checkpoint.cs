using System.Numerics;
using Files = CuteDl.Core.Training.Checkpoint;

namespace CuteDl;

/// <summary>
/// An optimizer on its way: what it is, what it remembers, and the parameters. Steps from a checkpoint that was saved and read are
/// those of the run that was never stopped, bit for bit.
/// </summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
/// <param name="Optimizer">The optimizer.</param>
/// <param name="State">Its state.</param>
/// <param name="Parameters">The parameters, in the order of the state's tensors.</param>
public sealed record Checkpoint<T>(Optimizer Optimizer, OptimizerState<T> State, T[] Parameters)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Writes it to a file, whole or not at all: an npz archive if the name ends so, otherwise safetensors.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ArgumentException">The parameters are not as many as the state says.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there before is still there.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(Optimizer);
        ArgumentNullException.ThrowIfNull(State);
        ArgumentNullException.ThrowIfNull(Parameters);
        var core = new Core.Training.Checkpoint<T>(Optimizer.Core, State.Core, Parameters);
        if (Checkpoint.IsArchive(path))
        {
            Files.saveNpz(path, core);
        }
        else
        {
            Files.save(path, core);
        }
    }
}

/// <summary>Reads checkpoints.</summary>
public static class Checkpoint
{
    /// <summary>The checkpoint in a file that <see cref="Checkpoint{T}.Save"/> has written.</summary>
    /// <typeparam name="T">The precision that it was saved in: <see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="registry">The rules and schedules that the optimizer's text form can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="FormatException">
    /// The file is damaged, no checkpoint, of another precision, or of an optimizer with a rule that the registry does not have.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Checkpoint<T> Read<T>(string path, KindRegistry? registry = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var core = KindRegistry.CoreOf(registry);
        return Wrap(IsArchive(path) ? Files.readNpzWith<T>(core, path) : Files.readWith<T>(core, path));
    }

    /// <summary>Reads the checkpoint of a given optimizer: its parts must be those of the saved one.</summary>
    /// <typeparam name="T">The precision that it was saved in: <see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="FormatException">It is damaged, no checkpoint, of another precision, or of another optimizer.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Checkpoint<T> Read<T>(string path, Optimizer optimizer)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(optimizer);
        return Wrap(IsArchive(path) ? Files.readNpzFor<T>(optimizer.Core, path) : Files.readFor<T>(optimizer.Core, path));
    }

    internal static bool IsArchive(string path) => path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase);

    private static Checkpoint<T> Wrap<T>(Core.Training.Checkpoint<T> core)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        new(new Optimizer(core.Optimizer), new OptimizerState<T>(core.State), core.Parameters);
}
