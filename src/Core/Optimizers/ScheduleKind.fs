namespace CuteDl.Core.Optimizers

/// <summary>What a schedule's argument may be.</summary>
[<RequireQualifiedAccess>]
type ArgumentForm =
    /// <summary>A number in a range.</summary>
    | Number of range: ArgumentRange
    /// <summary>A whole number of at least so much, below 2⁵³: up to there the numbers of a text are exact.</summary>
    | Whole of least: int64
    /// <summary>One of some words.</summary>
    | Word of words: string list
    /// <summary>A schedule.</summary>
    | Schedule

    /// <summary>For lists: <c>[0, ∞)</c>, <c>whole, at least 1</c>, <c>cosine or linear</c>, <c>a schedule</c>.</summary>
    override form.ToString() =
        match form with
        | Number range -> string range
        | Whole least -> $"whole, at least {least}"
        | Word words -> String.concat " or " words
        | Schedule -> "a schedule"

/// <summary>Where a schedule's argument stands in the text form.</summary>
[<RequireQualifiedAccess>]
type ArgumentPlace =
    /// <summary>In front, without a name.</summary>
    | First
    /// <summary>After those in front, without a name, together with the others of its kind any number of times.</summary>
    | Repeated
    /// <summary>Anywhere after those, as <c>name=value</c>.</summary>
    | Named

/// <summary>What an argument is where it is left out.</summary>
[<RequireQualifiedAccess>]
type ArgumentDefault =
    /// <summary>It may not be left out.</summary>
    | Required
    /// <summary>This.</summary>
    | Value of value: Term
    /// <summary>What another argument is.</summary>
    | SameAs of name: string

/// <summary>An argument of a kind of schedule.</summary>
type ScheduleArgument =
    {
        /// <summary>Its name in the text form, or only in lists and messages if it has none there.</summary>
        Name: string
        /// <summary>What it is, in a few words.</summary>
        Summary: string
        /// <summary>What it may be.</summary>
        Form: ArgumentForm
        /// <summary>Where it stands.</summary>
        Place: ArgumentPlace
        /// <summary>What it is where it is left out.</summary>
        Default: ArgumentDefault
    }

    /// <summary>The default as the text form writes it, or the name of the argument that it follows; none if required.</summary>
    member argument.DefaultText: string voption =
        match argument.Default with
        | ArgumentDefault.Required -> ValueNone
        | ArgumentDefault.Value(Term.Call(word, [])) -> ValueSome word
        | ArgumentDefault.Value term -> ValueSome(Syntax.print { At = 0; Term = term })
        | ArgumentDefault.SameAs name -> ValueSome name

/// <summary>A kind of schedule: name, source and arguments. What all of the text form, the lists and the checks come from.</summary>
type ScheduleKind =
    {
        /// <summary>The name in the text form: <c>cosine</c>.</summary>
        Name: string
        /// <summary>One line: what the schedule does.</summary>
        Summary: string
        /// <summary>The paper that the schedule comes from, or the frameworks that have it.</summary>
        Source: string
        /// <summary>The arguments in the order of the text form.</summary>
        Arguments: ScheduleArgument list
    }

    /// True if a text form means this kind, in any case.
    member internal kind.IsNamed(given: string) =
        System.String.Equals(kind.Name, given, System.StringComparison.OrdinalIgnoreCase)

    member internal kind.At(place: ArgumentPlace) = kind.Arguments |> List.filter (fun argument -> argument.Place = place)

    /// <summary>How the text form is written: <c>cosine(value, steps=..., end=0)</c>.</summary>
    member kind.Usage: string =
        let written (argument: ScheduleArgument) =
            match argument.Place with
            | ArgumentPlace.Named -> argument.Name + "=" + ValueOption.defaultValue "..." argument.DefaultText
            | _ -> argument.Name

        let goesOn = if (kind.At ArgumentPlace.Repeated).IsEmpty then [] else [ "..." ]

        let inOrder =
            List.map written (kind.At ArgumentPlace.First @ kind.At ArgumentPlace.Repeated)
            @ goesOn
            @ List.map written (kind.At ArgumentPlace.Named)

        kind.Name + "(" + String.concat ", " inOrder + ")"
