using System.Diagnostics.CodeAnalysis;
using CuteDl.Core.Optimizers;

namespace CuteDl;

/// <summary>
/// The rules and transformations that a text form can name, as an immutable value. Methods that read text forms use
/// <see cref="Standard"/> unless another registry is given.
/// </summary>
public sealed class RuleRegistry
{
    private RuleRegistry(Registry core) => Core = core;

    /// <summary>The rules and transformations of the library.</summary>
    public static RuleRegistry Standard { get; } = new(Registry.Standard);

    internal Registry Core { get; }

    /// <summary>The rules and transformations: those of the library, then the others in the order in which they were added.</summary>
    public IReadOnlyList<Rule> Rules => [.. Core.Kinds.Select(kind => new Rule(kind))];

    /// <summary>Returns a registry with one more rule or transformation; this registry does not change.</summary>
    /// <typeparam name="TRule">The record of the rule.</typeparam>
    /// <exception cref="ArgumentException">The registry has a rule of this name, or the record does not describe a rule.</exception>
    public RuleRegistry Add<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] TRule>()
        where TRule : IPart, IDescribed<TRule>
    {
        var kind = RuleKind<TRule>.Of.Kind;
        try
        {
            return new(Core.Add(kind));
        }
        catch (ArgumentException error)
        {
            // A caller of this method gives a type and no parameter.
            throw new ArgumentException(Refusal.sentence(error), error);
        }
    }

    /// <summary>Returns the names: <c>fixed, momentum, adagrad and 47 more</c>.</summary>
    public override string ToString() => Quotation.list(Core.Kinds.Select(kind => kind.Name));

    internal static Registry CoreOf(RuleRegistry? registry) => (registry ?? Standard).Core;
}
