using System.Diagnostics.CodeAnalysis;
using CuteDl.Core.Optimizers;
using CuteDl.Options;

namespace CuteDl;

/// <summary>
/// Makes optimizers: a method for each rule and each transformation. In all formulas g is the gradient, Δ what the step takes away
/// from the parameters w, t = 1, 2, ... the step; all slots start at 0. How they are put together is with <see cref="Optimizer"/>.
/// </summary>
public static partial class Optimizers
{
    /// <summary>All rules: the source document's in its order, then the others by family.</summary>
    public static IReadOnlyList<Rule> Rules { get; } = [.. Core.Optimizers.Rules.all.Select(kind => new Rule(kind))];

    /// <summary>All transformations: changes of gradients or of steps, for use in a chain.</summary>
    public static IReadOnlyList<Rule> Transformations { get; } = [.. Core.Optimizers.Rules.transformations.Select(kind => new Rule(kind))];

    /// <summary>
    /// Makes an optimizer of a rule or a transformation of one's own: a record with attributes that implements <c>IDescribed</c>. The guide
    /// has an example. A <see cref="KindRegistry"/> reads its text form.
    /// </summary>
    /// <typeparam name="TRule">The record of the rule.</typeparam>
    /// <param name="rule">The rule with its hyper-parameters.</param>
    /// <exception cref="ArgumentOutOfRangeException">A hyper-parameter is out of its range.</exception>
    /// <exception cref="ArgumentException">Two hyper-parameters contradict each other, or the record does not describe a rule.</exception>
    public static Optimizer Of<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] TRule>(TRule rule)
        where TRule : IPart, IDescribed<TRule>
    {
        ArgumentNullException.ThrowIfNull(rule);
        return Make(rule);
    }

    /// <summary>
    /// One after another: what each would take away is the gradient of the next. Chains within are opened, identities left out.
    /// </summary>
    /// <param name="parts">The parts; without any, <see cref="Identity"/>.</param>
    public static Optimizer Chain(params Optimizer[] parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        foreach (var part in parts)
        {
            ArgumentNullException.ThrowIfNull(part, nameof(parts));
        }

        return new Optimizer(OptimizerModule.chain(parts.Select(part => part.Core)));
    }

    /// <summary>
    /// An optimizer for each group of parameters: a tensor goes to the first pattern that its name matches. <see cref="Optimizer.For(string, Optimizer, bool)"/>
    /// does the same step by step. Each pattern must match a tensor; a last group <c>*</c> may be left with none.
    /// </summary>
    /// <param name="groups">Patterns, in which <c>*</c> stands for any characters and <c>?</c> for one, and their optimizers.</param>
    /// <exception cref="ArgumentException">No group, a pattern twice, or a norm over all tensors within a group.</exception>
    public static Optimizer Groups(params (string Pattern, Optimizer Optimizer)[] groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        foreach (var (pattern, optimizer) in groups)
        {
            ArgumentNullException.ThrowIfNull(pattern, nameof(groups));
            ArgumentNullException.ThrowIfNull(optimizer, nameof(groups));
        }

        return new Optimizer(OptimizerModule.groups(groups.Select(group => Tuple.Create(group.Pattern, group.Optimizer.Core))));
    }

    /// <summary>
    /// The optimizer that a text form names: <c>adam(lr=0.0001, beta1=0.9, beta2=0.99)</c>, with any arguments left out for
    /// their defaults; chains with bars, groups in braces, schedules in place of numbers:
    /// <c>clip_norm(1) | { "*.bias": sgd(lr=0.1), "*": adamw(lr=cosine(0.01, steps=2000)) }</c>.
    /// <c>Parse(optimizer.ToString())</c> equals the optimizer.
    /// </summary>
    /// <param name="text">The text form.</param>
    /// <param name="registry">The rules and schedules that the text can name. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="FormatException">The message points at the character, says what is known, and the nearest match.</exception>
    public static Optimizer Parse(string text, KindRegistry? registry = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new Optimizer(Expression.parseWith(KindRegistry.CoreOf(registry), text));
    }

    private static Optimizer Make<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] THyperParameters>(THyperParameters hyperParameters)
        where THyperParameters : IPart, IDescribed<THyperParameters> =>
        NamedAsInCSharp<THyperParameters, Optimizer>(() => new Optimizer(OptimizerModule.create(hyperParameters)));

    private static Optimizer Make<TOptions>(IRuleOptions<TOptions> options)
        where TOptions : IRuleOptions<TOptions>
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Optimizer(options.ToCore());
    }

    // The core's errors use the argument names of the text form. C# callers know the parameter names, which are the properties' names.
    internal static TResult NamedAsInCSharp<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] THyperParameters, TResult>(Func<TResult> make)
        where THyperParameters : IPart, IDescribed<THyperParameters>
    {
        var kind = RuleKind<THyperParameters>.Of.Kind;
        try
        {
            return make();
        }
        catch (ArgumentOutOfRangeException error)
        {
            var argument = kind.Arguments.FirstOrDefault(argument => argument.Name == error.ParamName);
            if (argument is null)
            {
                throw;
            }

            var name = char.ToLowerInvariant(argument.Property[0]) + argument.Property[1..];
            throw new ArgumentOutOfRangeException(name, error.ActualValue, Refusal.sentence(error));
        }
        catch (ArgumentException error) when (error.ParamName == kind.Name)
        {
            // Values that contradict each other concern several parameters, so the error names none.
            throw new ArgumentException(Refusal.sentence(error));
        }
    }
}
