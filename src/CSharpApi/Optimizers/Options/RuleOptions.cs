using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Core;
using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;

namespace CuteDl;

/// <summary>
/// The hyper-parameters of a rule or a transformation as a record, for <see cref="Optimizer.With{TOptions}"/>. There is one for each
/// method of <see cref="Optimizers"/> that has arguments: <see cref="AdamWOptions"/> for <see cref="Optimizers.AdamW"/>.
/// </summary>
/// <typeparam name="TSelf">The record itself.</typeparam>
public interface IRuleOptions<TSelf>
    where TSelf : IRuleOptions<TSelf>
{
    /// <summary>The optimizer with the hyper-parameters of every part of this kind changed.</summary>
    internal static abstract CoreOptimizer Change(CoreOptimizer optimizer, Func<TSelf, TSelf> change);
}

/// <summary>Between the facade's records and the core's.</summary>
internal static class RuleOptions
{
    public static CoreOptimizer Change<TOptions, THyperParameters>(
        RuleKind<THyperParameters> kind,
        CoreOptimizer optimizer,
        Func<TOptions, TOptions> change,
        Func<THyperParameters, TOptions> read,
        Func<TOptions, THyperParameters> write)
        where THyperParameters : IPart =>
        Optimizers.NamedAsInCSharp(
            kind,
            () => OptimizerModule.update(kind, FuncConvert.FromFunc((THyperParameters h) => write(change(read(h)) ?? throw new ArgumentException("The change returned null. It must return hyper-parameters.", nameof(change)))), optimizer));
}
