using System.Globalization;
using CuteDl.Studies;
using CuteDl.Studies.Statistics;

namespace CuteDl.Reports;

/// <summary>Formats numbers and names of studies.</summary>
internal static class StudyText
{
    /// <summary>The text for a missing value.</summary>
    public const string Nothing = "–";

    /// <summary>Returns <c>28,140</c>, or <c>never</c>.</summary>
    public static string Steps(double steps) =>
        double.IsNaN(steps) ? Nothing : double.IsInfinity(steps) ? "never" : steps.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Returns <c>0.9712</c>.</summary>
    public static string Accuracy(double accuracy) => double.IsNaN(accuracy) ? Nothing : accuracy.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>Returns <c>85 %</c>.</summary>
    public static string Percent(double share) => (100 * share).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    /// <summary>Returns a number with three significant digits: <c>0.0123</c>, <c>31.4</c>, <c>1.2e-07</c>.</summary>
    public static string Number(double value) =>
        double.IsNaN(value) ? Nothing
        : double.IsInfinity(value) ? value > 0 ? "∞" : "−∞"
        : Math.Abs(value) is not 0 and (< 1e-4 or >= 1e6) ? value.ToString("0.##e+0", CultureInfo.InvariantCulture)
        : double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>Returns <c>+0.42</c> or <c>−0.42</c>.</summary>
    public static string Points(double points) =>
        double.IsNaN(points) ? Nothing : (points < 0 ? "−" : "+") + Math.Abs(points).ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>Returns a value with its interval, <c>0.9 [0.8, 1.1]</c>, or the value alone if it has none.</summary>
    public static string Range(Interval? interval, Func<double, string> text) =>
        interval is not { } there || double.IsNaN(there.Value) ? Nothing
        : there.HasEnds ? $"{text(there.Value)} [{text(there.Low)}, {text(there.High)}]"
        : text(there.Value);

    /// <summary>Returns <c>lr=0.01, decay=0.9</c>.</summary>
    public static string Values(IEnumerable<(string Name, double Value)> values) =>
        string.Join(", ", values.Select(value => FormattableString.Invariant($"{value.Name}={value.Value}")));

    /// <summary>Returns a task's name, or "all tasks" for the empty name.</summary>
    public static string Task(string name) => name.Length == 0 ? "all tasks" : name;

    public static string Of(Variant variant) =>
        variant switch
        {
            Variant.Tuned => "tuned",
            Variant.Defaults => "defaults",
            _ => "as given",
        };

    public static string Of(Outcome outcome) =>
        outcome switch
        {
            Outcome.Wins => "wins",
            Outcome.Equal => "equal",
            Outcome.Undecided => "undecided",
            _ => "not ranked",
        };

    public static string Of(FailureKind failure) =>
        failure switch
        {
            FailureKind.Diverged => "diverged",
            FailureKind.Failed => "failed",
            FailureKind.TargetMissed => "target missed",
            _ => "outlier",
        };

    /// <summary>Returns an enumeration value as files have it, in snake case.</summary>
    public static string Key<T>(T value)
        where T : struct, Enum =>
        System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>True if a trial reached its target and did not diverge.</summary>
    public static bool IsReached(TrialResult result) => !result.HasFailed && double.IsFinite(result.StepsToTarget);

    /// <summary>Returns the steps to the target; infinite for a trial that diverged or missed it.</summary>
    public static double StepsToTarget(TrialResult result) => IsReached(result) ? result.StepsToTarget : double.PositiveInfinity;
}
