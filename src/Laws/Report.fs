namespace CuteDl.Laws

open System
open System.Collections.Generic
open System.Text

/// <summary>The result of checking a law.</summary>
type Verdict =
    /// <summary>The law held in every case.</summary>
    | Held = 0
    /// <summary>The law did not hold in a case, although it should.</summary>
    | Broken = 1
    /// <summary>The law does not apply to the optimizer.</summary>
    | Exempt = 2

/// <summary>The result of checking one law for one optimizer.</summary>
[<NoComparison>]
type LawResult =
    {
        /// <summary>The number of the law, such as <c>P9</c>. Parts of a law share a number, and differ in their names.</summary>
        Id: string
        /// <summary>The name, in a few words.</summary>
        Name: string
        /// <summary>The statement, in one line.</summary>
        Statement: string
        /// <summary>The source: a paper or an argument.</summary>
        Source: string
        /// <summary>The verdict.</summary>
        Verdict: Verdict
        /// <summary>The number of cases; 0 for a law that does not concern the optimizer.</summary>
        Cases: int
        /// <summary>The smallest case found in which the law does not hold, with the expected and the actual value; empty if there is none.</summary>
        CounterExample: string
        /// <summary>The reason of the exemption; empty if the optimizer is not exempt.</summary>
        Reason: string
    }

    /// <summary>True if the exemption is not needed, because the law held in all cases.</summary>
    member result.IsUnusedExemption =
        result.Verdict = Verdict.Exempt && result.Cases > 0 && result.CounterExample = ""

    /// <summary>The number of cases, the counter-example or the reason, in one line.</summary>
    member result.Detail =
        match result.Verdict with
        | Verdict.Held -> if result.Cases = 1 then "1 case" else $"{result.Cases} cases"
        | Verdict.Broken -> result.CounterExample
        | _ when result.Cases = 0 -> result.Reason
        | _ when result.CounterExample = "" -> $"{result.Reason} (not needed: the law held in {result.Cases} cases)"
        | _ -> $"{result.Reason} (confirmed by a counter-example)"

/// <summary>Thrown if an optimizer breaks laws that it should obey. The message lists them, each with its counter-example.</summary>
[<Sealed>]
type LawsBrokenException(message: string) =
    inherit Exception(message)

/// <summary>The results of all laws for one optimizer.</summary>
[<Sealed>]
type LawReport internal (optimizer: string, claim: string, seed: int, results: LawResult list) =
    let results = List.toArray results

    let having verdict = results |> Array.filter (fun result -> result.Verdict = verdict)

    /// <summary>The optimizer's text form.</summary>
    member _.Optimizer = optimizer
    /// <summary>The kind that the optimizer claims to be; empty if it was checked as its own kind.</summary>
    member _.Claim = claim
    /// <summary>The seed. The same seed gives the same report.</summary>
    member _.Seed = seed
    /// <summary>The results of all laws, in the order of their numbers.</summary>
    member _.Results: IReadOnlyList<LawResult> = Array.AsReadOnly results
    /// <summary>The laws that held.</summary>
    member _.Held: IReadOnlyList<LawResult> = having Verdict.Held
    /// <summary>The laws that broke.</summary>
    member _.Broken: IReadOnlyList<LawResult> = having Verdict.Broken
    /// <summary>The laws that do not apply to the optimizer.</summary>
    member _.Exempt: IReadOnlyList<LawResult> = having Verdict.Exempt

    /// <summary>The exemptions that are not needed.</summary>
    member _.UnusedExemptions: IReadOnlyList<LawResult> =
        Array.AsReadOnly(results |> Array.filter _.IsUnusedExemption)

    /// <summary>True if a law broke.</summary>
    member report.IsBroken = report.Broken.Count > 0

    /// <summary>Returns one line with the optimizer and the numbers of laws that held, broke, or do not apply.</summary>
    member report.Summary =
        let asWhat = if claim = "" then "" else $" as {claim}"
        $"{optimizer}{asWhat}: {report.Held.Count} held, {report.Broken.Count} broken, {report.Exempt.Count} exempt (seed {seed})"

    /// <summary>Throws if a law broke.</summary>
    /// <exception cref="T:CuteDl.Laws.LawsBrokenException">A law broke.</exception>
    member report.ThrowIfBroken() : unit =
        if report.IsBroken then
            let lines =
                [ for law in report.Broken -> $"  {law.Id} {law.Name} ({law.Statement}): {law.CounterExample}" ]

            raise (LawsBrokenException(String.Join("\n", report.Summary :: lines)))

    /// <summary>Returns the summary, and one line per law in aligned columns: verdict, number, name and detail.</summary>
    override report.ToString() =
        let wide (text: LawResult -> string) = results |> Array.map (text >> String.length) |> Array.fold max 0
        let ids = wide _.Id
        let names = wide _.Name
        let text = StringBuilder().Append(report.Summary).Append('\n')

        for result in results do
            let verdict = (string result.Verdict).ToLowerInvariant().PadRight 6

            text.Append($"{verdict}  {result.Id.PadRight ids}  {result.Name.PadRight names}  {result.Detail}").Append('\n')
            |> ignore

        text.ToString()
