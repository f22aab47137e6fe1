namespace CuteDl.Core.Optimizers

open System

/// <summary>Suggests known names after an unknown one.</summary>
module Suggestion =
    /// Longer names are not misspellings of a known name, and the search time grows with the length.
    [<Literal>]
    let private longestName = 64

    /// Returns the edit distance (insertions, deletions, replacements) of two names: Levenshtein 1966.
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

    /// <summary>Returns the known name nearest to a given one; None if none is near, or if the name is longer than 64 characters.</summary>
    let nearest (known: string seq) (name: string) : string option =
        let near (candidate: string) =
            let edits = distance (candidate.ToLowerInvariant()) (name.ToLowerInvariant())

            if edits <= max 1 (max candidate.Length name.Length / 2) then Some(edits, candidate) else None

        if name.Length > longestName then
            None
        else
            known |> Seq.choose near |> Seq.sortBy fst |> Seq.tryHead |> Option.map snd

    /// <summary>Returns <c>Did you mean adam?</c></summary>
    let meant (name: string) : string = $"Did you mean {name}?"

    /// <summary>Returns <c>Known names are a, b, c.</c> with at most 12 names.</summary>
    let listed (known: string seq) : string = $"Known names are {Quotation.list known}."

    /// <summary>
    /// Returns the sentence that follows a message about an unknown name: <c>Did you mean adam?</c> if a known name is near, otherwise
    /// <c>Known names are a, b, c.</c> with at most 12 names.
    /// </summary>
    let describe (known: string seq) (name: string) : string =
        match nearest known name with
        | Some candidate -> meant candidate
        | None -> listed known
