using System.Numerics;
using System.Runtime.InteropServices;
using CuteDl.Core.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CuteDl.TorchSharp;

/// <summary>
/// A parameter of a TorchSharp module. Contiguous memory on the CPU in the precision of the optimizer is stepped in place. Everything else is
/// copied for each step.
/// </summary>
internal sealed class TorchTensor<T> : IModelTensor<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private static readonly ScalarType Precision = typeof(T) == typeof(double) ? ScalarType.Float64 : ScalarType.Float32;

    private readonly Parameter _parameter;
    private readonly NativeMemory<T> _parameterMemory = new();
    private readonly NativeMemory<T> _gradientMemory = new();

    // During a step: the gradient or a copy of it, and a copy of the parameter if it cannot be stepped in place.
    private Tensor? _gradient;
    private Tensor? _copy;

    public TorchTensor(string name, Parameter parameter)
    {
        Name = name;
        Shape = [.. parameter.shape.Select(size => checked((int)size))];
        _parameter = parameter;
    }

    public string Name { get; }

    public IReadOnlyList<int> Shape { get; }

    public bool RequiresGradient => _parameter.requires_grad;

    public bool TryOpen(out Memory<T> parameters, out Memory<T> gradient)
    {
        (parameters, gradient) = (default, default);
        _gradient = _parameter.grad;
        if (_gradient is null)
        {
            return false;
        }

        if (!IsLocal(_gradient))
        {
            using var given = _gradient;
            _gradient = LocalCopy(given);
        }

        _copy = IsLocal(_parameter) ? null : LocalCopy(_parameter);
        gradient = _gradientMemory.Bind(Elements(_gradient));
        parameters = _parameterMemory.Bind(Elements(_copy ?? _parameter));
        return true;
    }

    public void Close(bool isStepped)
    {
        if (isStepped && _copy is not null)
        {
            Replace(_copy);
        }

        _parameterMemory.Release();
        _gradientMemory.Release();
        _gradient?.Dispose();
        _copy?.Dispose();
        (_gradient, _copy) = (null, null);
    }

    public void Read(Span<T> target)
    {
        using var copy = IsLocal(_parameter) ? null : LocalCopy(_parameter);
        Elements(copy ?? _parameter).CopyTo(target);
    }

    public void Write(ReadOnlySpan<T> source)
    {
        if (IsLocal(_parameter))
        {
            source.CopyTo(Elements(_parameter));
        }
        else
        {
            using var copy = empty(_parameter.shape, Precision, CPU);
            source.CopyTo(Elements(copy));
            Replace(copy);
        }
    }

    private void Replace(Tensor values)
    {
        using var scope = NewDisposeScope();
        using var withoutGradient = no_grad();
        _ = _parameter.copy_(values);
    }

    private static bool IsLocal(Tensor tensor) =>
        tensor.device_type == DeviceType.CPU && tensor.dtype == Precision && !tensor.is_sparse && tensor.is_contiguous();

    private static Tensor LocalCopy(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var values = tensor.detach();
        return (values.is_sparse ? values.to_dense() : values).to(Precision, CPU).contiguous().MoveToOuterDisposeScope();
    }

    private static Span<T> Elements(Tensor tensor) => MemoryMarshal.Cast<byte, T>(tensor.bytes);
}
