using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CuteDl.TorchSharp;

/// <summary>Creates optimizers for modules of TorchSharp.</summary>
public static class ModuleExtensions
{
    /// <summary>
    /// Creates an optimizer for the parameters of a module: <c>using var optimizer = module.Optimize(Optimizers.Lion())</c>. Move the module to
    /// its device before.
    /// </summary>
    /// <remarks>
    /// Patterns of groups match the names of <c>module.named_parameters()</c>. Parameters that require no gradient are frozen: they belong to no
    /// norm and have no state. Once they require a gradient, they join, with an initial state.
    /// </remarks>
    /// <param name="module">The module.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="ArgumentException">
    /// The module has no parameters, a parameter belongs to no group, a group has no parameter, or a schedule has a share of the run (use
    /// <see cref="Optimizer.ForRun"/>).
    /// </exception>
    /// <exception cref="NotSupportedException">A parameter is complex.</exception>
    public static TorchOptimizer Optimize(this nn.Module module, Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(module);
        return module.named_parameters().Optimize(optimizer);
    }

    /// <summary>Creates an optimizer for parameters with names, such as those of a part of a module.</summary>
    /// <inheritdoc cref="Optimize(nn.Module, Optimizer)" path="/remarks|/exception"/>
    /// <param name="parameters">The parameters. A parameter that occurs twice has its first name.</param>
    /// <param name="optimizer">The optimizer.</param>
    public static TorchOptimizer Optimize(this IEnumerable<(string name, Parameter parameter)> parameters, Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(optimizer);
        (string Name, Parameter Parameter)[] distinct = [.. parameters.DistinctBy(entry => entry.parameter.Handle)];
        foreach (var (name, parameter) in distinct)
        {
            if (parameter.is_complex())
            {
                throw new NotSupportedException($"The parameter '{name}' has the type {parameter.dtype}. Only real floating-point parameters can be optimized.");
            }
        }

        return new TorchOptimizer([.. distinct.Where(entry => entry.Parameter.is_floating_point())], optimizer);
    }
}
