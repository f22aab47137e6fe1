using CuteDl.Laws;

namespace CuteDl.Cli;

/// <summary>Describes a law from which a rule is exempt.</summary>
/// <param name="Law">The number of the law.</param>
/// <param name="Name">The name of the law.</param>
/// <param name="Reason">The reason of the exemption.</param>
internal sealed record ExemptionText(string Law, string Name, string Reason)
{
    // Several laws share each of these numbers. Rules are exempt from only one of them.
    private static readonly Dictionary<string, string> NamesOfSharedNumbers = new() { ["P16"] = "decay forms", ["P21"] = "zero gradient" };

    public static ExemptionText Of(LawExemption exemption)
    {
        var name = NamesOfSharedNumbers.TryGetValue(exemption.Law, out var shared)
            ? shared
            : LawChecker.Laws.Single(law => law.Id == exemption.Law).Name;

        return new(exemption.Law, name, exemption.Reason);
    }

    /// <summary>Returns <c>P9 scale: Δ is proportional to the gradient</c>.</summary>
    public override string ToString() => $"{Law} {Name}: {Reason}";
}
