using CuteDl.Core.Optimizers;

namespace CuteDl;

/// <summary>A kind of update rule, without values for its arguments.</summary>
public sealed class Rule
{
    internal Rule(RuleKind core)
    {
        Name = core.Name;
        Summary = core.Summary;
        Source = core.Source;
        Arguments = [.. core.Arguments.Select(argument => new RuleArgument(argument))];
    }

    /// <summary>The name in the text form: <c>adam</c>.</summary>
    public string Name { get; }

    /// <summary>One line: what the rule does.</summary>
    public string Summary { get; }

    /// <summary>The paper that the rule comes from.</summary>
    public string Source { get; }

    /// <summary>The arguments in the order of the text form.</summary>
    public IReadOnlyList<RuleArgument> Arguments { get; }

    /// <summary>The text form with every argument at its default: <c>adam(lr=0.0001, beta1=0.9, beta2=0.99, eps=1e-8)</c>.</summary>
    public override string ToString() =>
        $"{Name}({string.Join(", ", Arguments.Select(argument => $"{argument.Name}={argument.DefaultText}"))})";
}

/// <summary>An argument of a rule.</summary>
public sealed class RuleArgument
{
    internal RuleArgument(Argument core)
    {
        Name = core.Name;
        Summary = core.Summary;
        Range = core.Range.ToString();
        Default = core.Default;
        DefaultText = NumberText.ofFloat(core.Default);
    }

    /// <summary>The name in the text form: <c>lr</c>.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public string Summary { get; }

    /// <summary>The values allowed, as an interval: <c>(0, 1)</c>.</summary>
    public string Range { get; }

    /// <summary>The value where none is given.</summary>
    public double Default { get; }

    /// <summary>The default as the text form writes it: <c>1e-8</c>.</summary>
    public string DefaultText { get; }
}
