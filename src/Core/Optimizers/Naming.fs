namespace CuteDl.Core.Optimizers

open System

/// Names of rules, schedules and arguments.
module internal Naming =

    /// Returns the problem of a name, as a sentence; empty if the name is valid.
    let problem (name: string) : string =
        let isAllowed =
            name <> ""
            && name |> Seq.forall (fun c -> Char.IsAsciiLetterLower c || Char.IsAsciiDigit c || c = '_')

        if isAllowed && Char.IsAsciiLetterLower name[0] then
            ""
        else
            $"The name {Quotation.quote name} must start with a small letter and have only small letters, digits and underscores."
