using System.Numerics;

namespace CuteDl.TorchSharp;

/// <summary>A parameter of a model whose memory belongs to another library.</summary>
/// <typeparam name="T">The precision of the optimizer.</typeparam>
internal interface IModelTensor<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    string Name { get; }

    IReadOnlyList<int> Shape { get; }

    /// <summary>False if the parameter is frozen.</summary>
    bool RequiresGradient { get; }

    /// <summary>
    /// Gives access to the parameter and its gradient until <see cref="Close"/>: to their own memory, or to copies. Returns false if there is no
    /// gradient. Nothing is then open.
    /// </summary>
    bool TryOpen(out Memory<T> parameters, out Memory<T> gradient);

    /// <summary>Ends the access.</summary>
    /// <param name="isStepped">True if a copy must replace the parameter.</param>
    void Close(bool isStepped);

    void Read(Span<T> target);

    void Write(ReadOnlySpan<T> source);
}
