using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Core;
using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;

namespace CuteDl;

/// <summary>A group of an optimizer: a pattern of tensors' names, and the optimizer of the tensors that match it.</summary>
/// <param name="Pattern">For names such as <c>layers.0.bias</c>: <c>*</c> stands for any characters, <c>?</c> for one.</param>
/// <param name="Optimizer">The optimizer.</param>
/// <param name="IsOptional">True if the group may have no tensor; in the text form <c>"*.bias"?: sgd</c>.</param>
public sealed record OptimizerGroup(string Pattern, Optimizer Optimizer, bool IsOptional = false);

// Groups of parameters. An optimizer is treated as parts before, a rule or groups of rules, and parts after.
public sealed partial class Optimizer
{
    /// <summary>
    /// Returns the same optimizer with another one for the tensors whose names match a pattern; the others stay with this one. If several
    /// patterns match a tensor, it belongs to the narrowest: the one with the most characters other than <c>*</c> and <c>?</c>. Parts that concern all parameters together stay around the groups: <see cref="ClipGlobalNorm"/>,
    /// <see cref="SkipNonFinite"/>, <see cref="Accumulate"/>, <see cref="Maximize"/> and the parts in front of them; <see cref="Lookahead"/>,
    /// <see cref="Ema"/>, <see cref="Swa"/> and the parts behind them. All other parts, such as <see cref="L2"/>, apply to this one's tensors alone.
    /// </summary>
    /// <param name="pattern">For names such as <c>layers.0.bias</c>: <c>*</c> stands for any characters, <c>?</c> for one.</param>
    /// <param name="optimizer">The optimizer of these tensors.</param>
    /// <param name="optional">True if the pattern may match no tensor; otherwise <c>Init</c> fails then.</param>
    /// <exception cref="ArgumentException">The pattern has an optimizer already, or the other optimizer has a norm over all tensors.</exception>
    public Optimizer For(string pattern, Optimizer optimizer, bool optional = false)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(optimizer);
        var added = new ParameterGroup(pattern, optional, optimizer.Core);
        return Within(original =>
        {
            CoreOptimizer[] parts = [.. original.Parts];
            var rule = RuleIndex(parts);
            if (rule is { } at && parts[at].Groups.Count > 0)
            {
                var groups = parts[at].Groups.ToList();
                groups.Insert(Grouping.placeOf(pattern, groups), added);
                parts[at] = OptimizerModule.groupsOf(groups);
                return OptimizerModule.chain(parts);
            }

            return Inherit(pattern, optional, InPlaceOfOwnParts, original);
        });

        CoreOptimizer InPlaceOfOwnParts(CoreOptimizer original)
        {
            CoreOptimizer[] parts = [.. original.Parts];
            var rule = RuleIndex(parts) ?? parts.Length;
            var start = 1 + Array.FindLastIndex(parts[..rule], ConcernsAllTensors);
            var end = Array.FindIndex(parts, rule, ConcernsAllTensors);
            return OptimizerModule.chain([.. parts[..start], optimizer.Core, .. parts[(end < 0 ? parts.Length : end)..]]);
        }
    }

    /// <summary>
    /// Changes the optimizer for the tensors whose names match a pattern:
    /// <c>optimizer.For("*.bias", o => o.With("weight_decay", 0))</c>. All others keep it. Schedules and the learning rate are inherited.
    /// </summary>
    /// <remarks>
    /// The order of calls with different patterns does not matter. If several patterns match a tensor, it belongs to the narrowest: the one with the most characters
    /// other than <c>*</c> and <c>?</c>. Parts that are the same in all groups are written once, before or after the groups.
    /// </remarks>
    /// <param name="pattern">For names such as <c>layers.0.bias</c>: <c>*</c> matches any characters, <c>?</c> matches one.</param>
    /// <param name="change">The change. Its argument is the optimizer of the tensors that are in no group.</param>
    /// <param name="optional">True if the pattern can match no tensor. Otherwise, <c>Init</c> then throws.</param>
    /// <exception cref="ArgumentException">
    /// The pattern is given twice, the change adds a norm over all tensors, or the groups of this optimizer have no last group <c>*</c>.
    /// </exception>
    public Optimizer For(string pattern, Func<Optimizer, Optimizer> change, bool optional = false)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(change);
        return new(Inherit(pattern, optional, Changed, Core));

        CoreOptimizer Changed(CoreOptimizer original) =>
            change(new(original))?.Core ?? throw new ArgumentException("The change returned null. It must return an optimizer.", nameof(change));
    }

    /// <summary>
    /// Multiplies the learning rate by a factor for the tensors whose names match a pattern. Schedules and later changes of the learning rate
    /// keep the factor.
    /// </summary>
    /// <remarks>
    /// A <c>scale</c> after the rule multiplies the step. In rules whose step is not proportional to the learning rate, such as <c>rprop</c>,
    /// it is a factor of the step only. Patterns are as for <see cref="For(string, Func{Optimizer, Optimizer}, bool)"/>.
    /// </remarks>
    /// <param name="pattern">For names such as <c>layers.0.bias</c>: <c>*</c> matches any characters, <c>?</c> matches one.</param>
    /// <param name="factor">The factor, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is negative or not finite.</exception>
    /// <exception cref="ArgumentException">The pattern is given twice, or the rule keeps averages of the parameters.</exception>
    public Optimizer LearningRateFactor(string pattern, double factor)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new(Grouping.learningRateFactor(pattern, factor, Core));
    }

    /// <summary>
    /// Freezes the parameters whose names match a pattern: they and their part of the state do not change until <see cref="Thaw"/>. No norm,
    /// sum, check or average includes them. The order of this call and of others, such as <see cref="For(string, Optimizer, bool)"/> and
    /// <see cref="ClipGlobalNorm"/>, does not matter. Freeze before the first state is made: a state continues only through thawing and
    /// freezing again.
    /// </summary>
    /// <remarks>
    /// If several patterns match a parameter, the narrowest decides: the one with the most characters other than <c>*</c> and <c>?</c>. Thawing a wider pattern does not thaw
    /// the parameters of a narrower one. Rules that estimate one number over all parameters (<c>dog</c>,
    /// <c>dowg</c>, <c>dadapt_adam</c>, <c>prodigy</c>) are copied for the pattern.
    /// Each copy has its own estimate, also after thawing.
    /// </remarks>
    /// <param name="pattern">For names such as <c>layers.0.bias</c>: <c>*</c> stands for any characters, <c>?</c> for one.</param>
    public Optimizer Freeze(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new Optimizer(Freezing.freeze(pattern, Core));
    }

    /// <summary>Thaws the parameters that <see cref="Freeze"/> has frozen with the same pattern. A state continues.</summary>
    /// <remarks>Parameters of a narrower frozen pattern stay frozen. Copies of rules that <see cref="Freeze"/> has made stay separate.</remarks>
    /// <param name="pattern">The pattern, as it was frozen.</param>
    /// <exception cref="ArgumentException">No parameters were frozen with this pattern.</exception>
    public Optimizer Thaw(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new Optimizer(Freezing.thaw(pattern, Core));
    }

    private static CoreOptimizer Inherit(string pattern, bool optional, Func<CoreOptimizer, CoreOptimizer> change, CoreOptimizer optimizer) =>
        Grouping.inheritOptionally(optional, pattern, FuncConvert.FromFunc(change), optimizer);

    private Optimizer Within(Func<CoreOptimizer, CoreOptimizer> change) => new(Freezing.within(change, Core));

    private Optimizer InFront(Optimizer part) =>
        Within(original =>
        {
            CoreOptimizer[] parts = [.. original.Parts];
            var rule = RuleIndex(parts) ?? parts.Length;
            return OptimizerModule.chain([.. parts[..rule], part.Core, .. parts[rule..]]);
        });

    private Optimizer Behind(Optimizer part) => Within(original => OptimizerModule.chain([original, part.Core]));

    // Applied to each group separately, such a part would mean something else. It stays outside of groups, as do the parts beyond it.
    private static bool ConcernsAllTensors(CoreOptimizer part) => part.Kind.Has(Trait.AllTensors);

    // Returns the index of a chain's rule or groups of rules; null if there is none.
    private static int? RuleIndex(CoreOptimizer[] parts) =>
        Array.FindIndex(parts, HasRule) is >= 0 and var index ? index : null;

    private static bool HasRule(CoreOptimizer part) =>
        part.Groups.Count > 0
            ? part.Groups.Any(group => group.Optimizer.Parts.Any(HasRule))
            : part.Kind.IsRule;
}
