namespace CuteDl.Core.Optimizers

open System

/// <summary>The nearest of known names, for "did you mean".</summary>
module Suggestion =
    /// Edits (insert, delete, replace) between two names: Levenshtein 1966.
    let private distance (a: string) (b: string) =
        let mutable above = Array.init (b.Length + 1) id

        for i in 1 .. a.Length do
            let row = Array.zeroCreate (b.Length + 1)
            row[0] <- i

            for j in 1 .. b.Length do
                let replace = above[j - 1] + (if a[i - 1] = b[j - 1] then 0 else 1)
                row[j] <- min replace (1 + min above[j] row[j - 1])

            above <- row

        above[b.Length]

    /// <summary>The known name nearest to a given one, unless none is near.</summary>
    let nearest (known: string seq) (name: string) : string option =
        let near (candidate: string) =
            let edits = distance (candidate.ToLowerInvariant()) (name.ToLowerInvariant())

            if edits <= max 1 (max candidate.Length name.Length / 2) then Some(edits, candidate) else None

        match known |> Seq.choose near |> Seq.sortBy fst |> Seq.tryHead with
        | Some(_, candidate) -> Some candidate
        | None -> None

    /// <summary>"did you mean b? Known are a, b, c.", the end of a sentence.</summary>
    let describe (known: string seq) (name: string) : string =
        let list = String.Join(", ", known)

        match nearest known name with
        | Some candidate -> $"did you mean {candidate}? Known are {list}."
        | None -> $"known are {list}."
