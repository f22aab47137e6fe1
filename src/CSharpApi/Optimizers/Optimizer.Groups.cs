using CuteDl.Core.Optimizers;
using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

// Groups of parameters. An optimizer is seen as parts in front, the core (a rule, or groups of them), and parts behind.
public sealed partial class Optimizer
{
    private const string All = "*";

    // What would mean something else for each group alone: up to the last of these in front, parts stay in front of the groups.
    private static readonly HashSet<string> WholeInFront =
    [
        CoreRules.clipGlobalNorm.Kind.Name, CoreRules.skipNonFinite.Kind.Name, CoreRules.accumulate.Kind.Name, CoreRules.maximize.Kind.Name,
    ];

    // What cannot stand within a group, or would see only that group.
    private static readonly HashSet<string> SeesAll = [CoreRules.clipGlobalNorm.Kind.Name, CoreRules.skipNonFinite.Kind.Name];

    // From the first of these behind, parts stay behind the groups.
    private static readonly HashSet<string> WholeBehind =
        [CoreRules.lookahead.Kind.Name, CoreRules.ema.Kind.Name, CoreRules.swa.Kind.Name];

    /// <summary>
    /// The same optimizer with another one for the tensors whose names match a pattern; the others stay with this one. A pattern of an
    /// earlier call comes first. What concerns all parameters together stays around the groups: <see cref="ClipGlobalNorm"/>,
    /// <see cref="SkipNonFinite"/>, <see cref="Accumulate"/>, <see cref="Maximize"/> and what stands in front of them; <see cref="Lookahead"/>,
    /// <see cref="Ema"/>, <see cref="Swa"/> and what stands behind them. All else, such as <see cref="L2"/>, holds for this one's tensors alone.
    /// </summary>
    /// <param name="pattern">For names such as <c>layers.0.bias</c>: <c>*</c> stands for any characters, <c>?</c> for one.</param>
    /// <param name="optimizer">The optimizer of these tensors.</param>
    /// <exception cref="ArgumentException">The pattern is there already, or the other optimizer has a norm over all tensors.</exception>
    public Optimizer For(string pattern, Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(optimizer);
        CoreOptimizer[] parts = [.. Core.Parts];
        var rule = RuleIndex(parts);
        if (rule is { } frozenAt && IsFrozenAndRest(parts[frozenAt]))
        {
            // What is frozen has its own copy of everything, so it gets the groups, too: as if they had come before the freezing.
            parts[frozenAt] = OfGroups(parts[frozenAt].Groups.Select(group => (group.Key, WithGroup(group.Value))));
            return OfParts(parts);
        }

        if (rule is { } at && parts[at].Groups.Count > 0)
        {
            var groups = parts[at].Groups.Select(group => (group.Key, group.Value)).ToList();
            var last = groups.FindIndex(group => group.Key == All);
            groups.Insert(last < 0 ? groups.Count : last, (pattern, optimizer.Core));
            parts[at] = OfGroups(groups);
            return OfParts(parts);
        }

        var start = CountInFront(parts[..(rule ?? parts.Length)], part => WholeInFront.Contains(part.Kind.Name));
        var end = Array.FindIndex(parts, rule ?? parts.Length, part => WholeBehind.Contains(part.Kind.Name));
        end = end < 0 ? parts.Length : end;
        var rest = OptimizerModule.chain(parts[start..end]);
        return OfParts([.. parts[..start], OfGroups([(pattern, optimizer.Core), (All, rest)]), .. parts[end..]]);

        CoreOptimizer WithGroup(CoreOptimizer part)
        {
            CoreOptimizer[] inner = [.. part.Parts];
            return IsFreeze(part)
                ? OptimizerModule.chain([inner[0], new Optimizer(OptimizerModule.chain(inner[1..])).For(pattern, optimizer).Core])
                : new Optimizer(part).For(pattern, optimizer).Core;
        }
    }

    /// <summary>
    /// The same optimizer, standing still where names match a pattern: these parameters stay as they are, and their part of the state too,
    /// until <see cref="Thaw"/>. Groups that <see cref="For"/> adds later are the same as if they had come before. Comes before a first state is
    /// made: a state goes on only through freezing again and thawing.
    /// </summary>
    /// <param name="pattern">For names such as <c>layers.0.bias</c>: <c>*</c> stands for any characters, <c>?</c> for one.</param>
    /// <exception cref="ArgumentException">The pattern has an optimizer of its own: it can be frozen in its place.</exception>
    public Optimizer Freeze(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (SetFrozen(pattern, isFrozen: true) is { } again)
        {
            return again;
        }

        // The frozen have their own copy of everything, so that what they remember rests with them. Norms over all tensors cannot be
        // copied; they see no frozen tensor, because a mask in front holds it back.
        CoreOptimizer[] parts = [.. Core.Parts];
        var rule = RuleIndex(parts) ?? parts.Length;
        var start = CountInFront(parts[..rule], part => SeesAll.Contains(part.Kind.Name));
        var freeze = Optimizers.Freeze().Core;
        var rest = OptimizerModule.chain(parts[start..]);
        var frozen = OptimizerModule.chain([freeze, rest]);
        var groups = rest.Groups.Count > 0 && rest.Groups.Any(group => IsFreeze(group.Value))
            ? [(pattern, OptimizerModule.chain([freeze, WithoutFrozen(rest)])), .. rest.Groups.Select(group => (group.Key, group.Value))]
            : new List<(string, CoreOptimizer)> { (pattern, frozen), (All, rest) };
        if (start == 0)
        {
            return OfParts([OfGroups(groups)]);
        }

        var mask = IsMask(parts[0]) ? parts[0].Groups.Select(group => (group.Key, group.Value)) : [(All, Optimizers.Identity().Core)];
        return OfParts([OfGroups([(pattern, freeze), .. mask]), .. parts[(IsMask(parts[0]) ? 1 : 0)..start], OfGroups(groups)]);
    }

    /// <summary>The same optimizer, going on where <see cref="Freeze"/> with the same pattern has stopped it; a state goes on too.</summary>
    /// <param name="pattern">The pattern, as it was frozen.</param>
    /// <exception cref="ArgumentException">Nothing is frozen by that pattern.</exception>
    public Optimizer Thaw(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return SetFrozen(pattern, isFrozen: false) ?? throw new ArgumentException($"{this} has no frozen group \"{pattern}\". Give a pattern that was frozen before.", nameof(pattern));
    }

    private Optimizer InFront(Optimizer part)
    {
        CoreOptimizer[] parts = [.. Core.Parts];
        var rule = RuleIndex(parts) ?? parts.Length;
        return OfParts([.. parts[..rule], part.Core, .. parts[rule..]]);
    }

    // What stands behind a rule rests with the frozen too, so it has to be in each of their groups.
    private Optimizer Behind(Optimizer part)
    {
        CoreOptimizer[] parts = [.. Core.Parts];
        if (IsMask(parts[^1]) || !parts[^1].Groups.Any(group => IsFreeze(group.Value)))
        {
            return Then(part);
        }

        parts[^1] = OfGroups(parts[^1].Groups.Select(group => (group.Key, OptimizerModule.chain([group.Value, part.Core]))));
        return OfParts(parts);
    }

    // The optimizer with its groups of a pattern frozen or thawed; null, if there is none that can be.
    private Optimizer? SetFrozen(string pattern, bool isFrozen)
    {
        var found = false;

        CoreOptimizer Walk(CoreOptimizer part) =>
            part.Groups.Count == 0
                ? part
                : OfGroups(part.Groups.Select(group =>
                {
                    if (group.Key != pattern || !IsFreeze(group.Value))
                    {
                        return (group.Key, Walk(group.Value));
                    }

                    found = true;
                    CoreOptimizer[] parts = [.. group.Value.Parts];
                    parts[0] = Optimizers.Freeze(isFrozen).Core;
                    return (group.Key, OptimizerModule.chain(parts));
                }));

        var parts = Core.Parts.Select(Walk).ToArray();
        return found ? OfParts(parts) : null;
    }

    // Where a chain has its rule, or its groups of rules.
    private static int? RuleIndex(CoreOptimizer[] parts) =>
        Array.FindIndex(parts, HasRule) is >= 0 and var index ? index : null;

    // How many parts stay in front of groups: up to the last that must.
    private static int CountInFront(CoreOptimizer[] parts, Predicate<CoreOptimizer> mustStay) =>
        1 + Array.FindLastIndex(parts, part => IsMask(part) || mustStay(part));

    private static bool HasRule(CoreOptimizer part) =>
        part.Groups.Count > 0
            ? part.Groups.Any(group => group.Value.Parts.Any(HasRule))
            : part.Kind.Role.Equals(Role.Rule);

    private static bool IsFreeze(CoreOptimizer part) => part.Parts[0].Kind.Name == CoreRules.freeze.Kind.Name;

    // What Freeze makes: the frozen, each with a copy of everything, and the rest.
    private static bool IsFrozenAndRest(CoreOptimizer part) =>
        part.Groups.Any(group => IsFreeze(group.Value))
        && part.Groups.Where(group => !IsFreeze(group.Value)).Select(group => group.Key).SequenceEqual([All]);

    // Groups in front that hold back the gradients of what is frozen, and nothing else.
    private static bool IsMask(CoreOptimizer part) =>
        part.Groups.Count > 0 && part.Groups.All(group => group.Value.Kind.Name == CoreRules.identity.Kind.Name || (IsFreeze(group.Value) && group.Value.Parts.Count == 1));

    private static CoreOptimizer WithoutFrozen(CoreOptimizer optimizer) =>
        optimizer.Groups.Where(group => !IsFreeze(group.Value)).Select(group => (group.Key, group.Value)).ToArray() is [(All, var all)]
            ? all
            : OfGroups(optimizer.Groups.Where(group => !IsFreeze(group.Value)).Select(group => (group.Key, group.Value)));

    private static CoreOptimizer OfGroups(IEnumerable<(string Pattern, CoreOptimizer Optimizer)> groups) =>
        OptimizerModule.groups(groups.Select(group => Tuple.Create(group.Pattern, group.Optimizer)));

    private static Optimizer OfParts(CoreOptimizer[] parts) => new(OptimizerModule.chain(parts));
}
