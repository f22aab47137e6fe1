namespace CuteDl.Laws

open System
open System.Collections.Generic
open System.Text

/// <summary>What the check of a law came to.</summary>
type Verdict =
    /// <summary>It held in every case.</summary>
    | Held = 0
    /// <summary>A case was found in which it does not hold, and should.</summary>
    | Broken = 1
    /// <summary>The optimizer need not obey it.</summary>
    | Exempt = 2

/// <summary>One law, held against one optimizer.</summary>
[<NoComparison>]
type LawResult =
    {
        /// <summary>The law's number: <c>P9</c>. Some laws have several parts, told apart by their names.</summary>
        Id: string
        /// <summary>Its name, a few words.</summary>
        Name: string
        /// <summary>What it says, in one line.</summary>
        Statement: string
        /// <summary>Where it comes from.</summary>
        Source: string
        /// <summary>What came of it.</summary>
        Verdict: Verdict
        /// <summary>How many cases were tried; 0 for a law that is about other optimizers.</summary>
        Cases: int
        /// <summary>The smallest case found in which the law does not hold, what was expected and what came; empty if none was.</summary>
        CounterExample: string
        /// <summary>Why the optimizer is exempt; empty if it is not.</summary>
        Reason: string
    }

    /// <summary>An exemption that no case made use of: the law held in all of them.</summary>
    member result.IsUnusedExemption =
        result.Verdict = Verdict.Exempt && result.Cases > 0 && result.CounterExample = ""

    /// <summary>Cases, counter-example or reason, in one line.</summary>
    member result.Detail =
        match result.Verdict with
        | Verdict.Held -> if result.Cases = 1 then "1 case" else $"{result.Cases} cases"
        | Verdict.Broken -> result.CounterExample
        | _ when result.Cases = 0 -> result.Reason
        | _ when result.CounterExample = "" -> $"{result.Reason} (unused: it held in {result.Cases} cases)"
        | _ -> $"{result.Reason} (and does break it)"

/// <summary>An optimizer breaks laws that it should obey; the message names them, each with its counter-example.</summary>
[<Sealed>]
type LawsBrokenException(message: string) =
    inherit Exception(message)

/// <summary>All laws, held against one optimizer.</summary>
[<Sealed>]
type LawReport internal (optimizer: string, claim: string, seed: int, results: LawResult list) =
    let results = List.toArray results

    let having verdict = results |> Array.filter (fun result -> result.Verdict = verdict)

    /// <summary>The optimizer's text form.</summary>
    member _.Optimizer = optimizer
    /// <summary>What it was checked as; empty if as itself.</summary>
    member _.Claim = claim
    /// <summary>The seed: the same one gives the same report.</summary>
    member _.Seed = seed
    /// <summary>Every law, in the order of their numbers.</summary>
    member _.Results: IReadOnlyList<LawResult> = Array.AsReadOnly results
    /// <summary>The laws that held.</summary>
    member _.Held: IReadOnlyList<LawResult> = having Verdict.Held
    /// <summary>The laws that broke.</summary>
    member _.Broken: IReadOnlyList<LawResult> = having Verdict.Broken
    /// <summary>The laws that the optimizer need not obey.</summary>
    member _.Exempt: IReadOnlyList<LawResult> = having Verdict.Exempt

    /// <summary>The exemptions that no case made use of.</summary>
    member _.UnusedExemptions: IReadOnlyList<LawResult> =
        Array.AsReadOnly(results |> Array.filter _.IsUnusedExemption)

    /// <summary>Whether a law broke.</summary>
    member report.IsBroken = report.Broken.Count > 0

    /// <summary>One line: the optimizer, and how many laws held, broke, or do not apply.</summary>
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

    /// <summary>The summary, and a line for each law in aligned columns: verdict, number, name and detail.</summary>
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
