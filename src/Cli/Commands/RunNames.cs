using CuteDl.Core.Optimizers;

namespace CuteDl.Cli;

/// <summary>RUN on the command line: the name of a documented run, or an optimizer in its text form.</summary>
internal static class RunNames
{
    public const string Help = "A documented run (see 'cutedl list') or an optimizer such as \"adam(lr=0.001)\".";

    public static NamedRun Parse(string text)
    {
        if (Mnist.DocumentedRuns.FirstOrDefault(run => run.Name == text) is { } documented)
        {
            return documented;
        }

        var rules = Optimizers.Rules.Select(rule => rule.Name);
        if (!text.Contains('(', StringComparison.Ordinal) && !rules.Contains(text))
        {
            var known = Mnist.DocumentedRuns.Select(run => run.Name).Concat(rules).Distinct();
            throw new UsageException($"no run or rule is named '{text}': {Suggestion.describe(known, text)}");
        }

        var optimizer = Optimizers.Parse(text);
        return new NamedRun(optimizer.ToString(), optimizer);
    }
}
