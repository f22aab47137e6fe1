using CuteDl.Laws;

namespace CuteDl.Cli;

/// <summary>Describes a law from which a rule is exempt.</summary>
/// <param name="Law">The number of the law.</param>
/// <param name="Name">The name of the law.</param>
/// <param name="Reason">The reason of the exemption.</param>
internal sealed record ExemptionText(string Law, string Name, string Reason)
{
    public static ExemptionText Of(LawExemption exemption) =>
        // Several laws share a number, but a rule can be exempt from only one of them.
        new(exemption.Law, LawChecker.Laws.Single(law => law.Id == exemption.Law && law.AllowsExemptions).Name, exemption.Reason);

    /// <summary>Returns <c>P9 scale: Δ is proportional to the gradient</c>.</summary>
    public override string ToString() => $"{Law} {Name}: {Reason}";
}
