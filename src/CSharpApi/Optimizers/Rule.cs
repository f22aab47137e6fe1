using CuteDl.Core.Optimizers;

namespace CuteDl;

/// <summary>What a kind of rule is for.</summary>
public enum RuleRole
{
    /// <summary>From gradients to steps.</summary>
    Rule,

    /// <summary>A change of gradients or of steps, for use in a chain.</summary>
    Transformation,
}

/// <summary>A kind of update rule or transformation, without values for its arguments.</summary>
public sealed class Rule
{
    internal Rule(RuleKind core)
    {
        Name = core.Name;
        Role = core.IsRule ? RuleRole.Rule : RuleRole.Transformation;
        Summary = core.Summary;
        Formula = core.Description.Formula;
        Source = core.Description.Source;
        Exemptions = [.. core.Description.Exempt.Select(exemption => new LawExemption(exemption.Item1, exemption.Item2))];
        if (core.Role is Role.Rule { facts: var facts })
        {
            Reproduces = facts.Reproduces;
            Conventions = new RuleConventions(facts);
            Learns = new LearnedSetting(facts.Learns.Optimizer, facts.Learns.Accuracy, facts.Learns.Note);
        }

        Arguments = [.. core.Arguments.Select(argument => new RuleArgument(argument))];
    }

    /// <summary>The name in the text form: <c>adam</c>.</summary>
    public string Name { get; }

    /// <summary>What it is for.</summary>
    public RuleRole Role { get; }

    /// <summary>One line: what the rule does.</summary>
    public string Summary { get; }

    /// <summary>The equations in the order of their evaluation.</summary>
    public string Formula { get; }

    /// <summary>The paper that the rule comes from; empty if there is none.</summary>
    public string Source { get; }

    /// <summary>Which settings of which frameworks it reproduces, and where it differs; empty if there is nothing to say.</summary>
    public string Reproduces { get; } = "";

    /// <summary>The conventions that differ between libraries; null for transformations and rules of one's own.</summary>
    public RuleConventions? Conventions { get; }

    /// <summary>A setting that learns MNIST; null for transformations and rules of one's own.</summary>
    public LearnedSetting? Learns { get; }

    /// <summary>The laws that it does not obey, each with the reason.</summary>
    public IReadOnlyList<LawExemption> Exemptions { get; }

    /// <summary>The arguments in the order of the text form, which is that of the parameters in C#.</summary>
    public IReadOnlyList<RuleArgument> Arguments { get; }

    /// <summary>The text form with every argument at its default: <c>adam(lr=0.0001, beta1=0.9, beta2=0.99, eps=1e-8)</c>.</summary>
    public override string ToString() =>
        $"{Name}({string.Join(", ", Arguments.Where(argument => argument.DefaultText.Length > 0).Select(argument => $"{argument.Name}={argument.DefaultText}"))})";
}

/// <summary>
/// What rules of the same name do differently from library to library, in words; each begins with <c>none</c> where there is no such
/// thing.
/// </summary>
public sealed class RuleConventions
{
    internal RuleConventions(RuleFacts core)
    {
        Rate = core.Rate.ToString();
        Epsilon = core.Epsilon.ToString();
        InitialState = [.. core.InitialState.Select(start => new InitialValue(start.Item1, start.Item2.ToString()))];
        BiasCorrection = core.BiasCorrection.ToString();
        WeightDecay = core.WeightDecay.ToString();
    }

    /// <summary>
    /// Where the learning rate stands. <c>outside</c>: Δ is in proportion to the rate of the step. <c>inside</c> something: that is
    /// remembered with the rates of all steps so far.
    /// </summary>
    public string Rate { get; }

    /// <summary>Where ε stands: <c>outside the root</c>, √s + ε, or <c>inside the root</c>, √(s + ε), or elsewhere.</summary>
    public string Epsilon { get; }

    /// <summary>
    /// What slots and numbers are before the first step; empty if nothing is kept. A new state holds zeros: what is to begin otherwise is
    /// set as the first step is taken.
    /// </summary>
    public IReadOnlyList<InitialValue> InitialState { get; }

    /// <summary>Which decaying means are divided by 1 − βᵗ, the weight that they have given out so far.</summary>
    public string BiasCorrection { get; }

    /// <summary>
    /// How its own argument λ pulls the parameters towards 0. <c>decoupled</c>: beside all means, <c>L2</c>: through the gradient.
    /// </summary>
    public string WeightDecay { get; }

    /// <summary>One line: <c>rate outside, epsilon outside the root, decay none</c>.</summary>
    public override string ToString() => $"rate {Rate}, epsilon {Epsilon}, decay {WeightDecay}";
}

/// <summary>What a slot or a number of a state is before the first step.</summary>
/// <param name="Name">Its name in the state: <c>square_sum</c>.</param>
/// <param name="Value">A number, or the name of the argument whose value it is, or in words.</param>
public sealed record InitialValue(string Name, string Value)
{
    /// <summary><c>square_sum = initial</c></summary>
    public override string ToString() => $"{Name} = {Value}";
}

/// <summary>
/// A setting with which a rule learns MNIST: a 784-128-10 network with relu and linear logits, batches of 64 shuffled images, single
/// precision, initial weights normal(0.01), seed 0. It reaches a validation accuracy of more than 95 % within five epochs.
/// </summary>
/// <param name="Optimizer">The optimizer as a text form.</param>
/// <param name="Accuracy">The validation accuracy after five epochs, in [0, 1].</param>
/// <param name="Note">What the rule needs besides its learning rate; empty if nothing.</param>
public sealed record LearnedSetting(string Optimizer, double Accuracy, string Note);

/// <summary>A law that a kind of rule does not obey.</summary>
/// <param name="Law">Its name in <c>docs/laws.md</c>: <c>P22</c>.</param>
/// <param name="Reason">Why not.</param>
public sealed record LawExemption(string Law, string Reason);

/// <summary>What an argument's value is written as.</summary>
public enum ArgumentForm
{
    /// <summary>A number, or a schedule.</summary>
    Number,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Flag,
}

/// <summary>An argument of a rule.</summary>
public sealed class RuleArgument
{
    internal RuleArgument(Argument core)
    {
        Name = core.Name;
        Summary = core.Summary;
        Form = core.Form.Tag switch
        {
            ValueForm.Tags.Whole => ArgumentForm.Whole,
            ValueForm.Tags.Flag => ArgumentForm.Flag,
            _ => ArgumentForm.Number,
        };
        Range = core.Range.ToString();
        Allowed = core.Allowed;
        Default = core.Default;
        DefaultText = double.IsNaN(core.Default) ? "" : core.Write(core.Default);
    }

    /// <summary>The name in the text form: <c>lr</c>.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public string Summary { get; }

    /// <summary>What its value is written as; numbers can follow a schedule, the others not.</summary>
    public ArgumentForm Form { get; }

    /// <summary>The values allowed, as an interval: <c>(0, 1)</c>; 0 and 1 stand for false and true.</summary>
    public string Range { get; }

    /// <summary>The values allowed, in words: <c>(0, 1)</c>, <c>true or false</c>.</summary>
    public string Allowed { get; }

    /// <summary>The value where none is given; NaN where that depends on another argument, as the summary says.</summary>
    public double Default { get; }

    /// <summary>The default as the text form writes it: <c>1e-8</c>; empty where it depends on another argument.</summary>
    public string DefaultText { get; }

    /// <summary>One line: <c>beta1=0.9, (0, 1)</c>.</summary>
    public override string ToString() => DefaultText.Length > 0 ? $"{Name}={DefaultText}, {Allowed}" : $"{Name}, {Allowed}";
}
