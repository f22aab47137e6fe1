using System.Diagnostics.CodeAnalysis;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Core;
using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;

namespace CuteDl.Options;

/// <summary>
/// The hyper-parameters of a rule or a transformation as a record, for <see cref="Optimizer.With{TOptions}"/> and the methods of
/// <see cref="Optimizers"/>. There is one for each of these methods that has arguments: <see cref="AdamWOptions"/> for
/// <see cref="Optimizers.AdamW(AdamWOptions)"/>.
/// </summary>
/// <typeparam name="TSelf">The record itself.</typeparam>
public interface IRuleOptions<TSelf>
    where TSelf : IRuleOptions<TSelf>
{
    /// <summary>Returns the optimizer with these hyper-parameters.</summary>
    internal CoreOptimizer ToCore();

    /// <summary>Returns the optimizer with the hyper-parameters of every part of this kind changed.</summary>
    internal static abstract CoreOptimizer Change(CoreOptimizer optimizer, Func<TSelf, TSelf> change);
}

/// <summary>Converts between the records of the facade and of the core.</summary>
internal static class RuleOptions
{
    public static CoreOptimizer Change<TOptions, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] THyperParameters>(
        CoreOptimizer optimizer,
        Func<TOptions, TOptions> change,
        Func<THyperParameters, TOptions> read,
        Func<TOptions, THyperParameters> write)
        where THyperParameters : IPart, IDescribed<THyperParameters>
    {
        THyperParameters Changed(THyperParameters h) =>
            write(change(read(h)) ?? throw new ArgumentException("The change returned null. It must return hyper-parameters.", nameof(change)));

        return Optimizers.NamedAsInCSharp<THyperParameters, CoreOptimizer>(
            () => OptimizerModule.update(FuncConvert.FromFunc<THyperParameters, THyperParameters>(Changed), optimizer));
    }
}
