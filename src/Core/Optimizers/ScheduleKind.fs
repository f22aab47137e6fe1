namespace CuteDl.Core.Optimizers

/// <summary>The form of a schedule's argument.</summary>
[<RequireQualifiedAccess>]
type ArgumentForm =
    /// <summary>A number in a range.</summary>
    | Number of range: ArgumentRange
    /// <summary>A whole number of at least <c>least</c> and below 2⁵³, where numbers in text forms are exact.</summary>
    | Whole of least: int64
    /// <summary>A number of steps: whole and of at least <c>least</c>, or a share of the run.</summary>
    | Steps of least: int64
    /// <summary>One of several words.</summary>
    | Word of words: string list
    /// <summary>A schedule.</summary>
    | Schedule

    /// <summary>
    /// Returns a description for lists: <c>[0, ∞)</c>, <c>whole, at least 1</c>, <c>whole, at least 1, or a share of the run such as 10%</c>,
    /// <c>cosine or linear</c>, <c>a schedule</c>.
    /// </summary>
    override form.ToString() =
        match form with
        | Number range -> string range
        | Whole least -> $"whole, at least {least}"
        | Steps least -> $"whole, at least {least}, or a share of the run such as 10%%"
        | Word words -> String.concat " or " words
        | Schedule -> "a schedule"

/// <summary>The place of a schedule's argument in the text form.</summary>
[<RequireQualifiedAccess>]
type ArgumentPlace =
    /// <summary>At the start, without a name.</summary>
    | First
    /// <summary>
    /// After the first arguments, without a name. All repeated arguments together form a group, which can occur any number of times.
    /// </summary>
    | Repeated
    /// <summary>After all others, as <c>name=value</c>.</summary>
    | Named

/// <summary>The default of an argument.</summary>
[<RequireQualifiedAccess>]
type ArgumentDefault =
    /// <summary>No default: the argument is required.</summary>
    | Required
    | Value of value: Term
    /// <summary>The value of another argument.</summary>
    | SameAs of name: string

/// <summary>An argument of a kind of schedule.</summary>
type ScheduleArgument =
    {
        /// <summary>The name in the text form; for arguments without a name, only in lists and messages.</summary>
        Name: string
        /// <summary>A short description.</summary>
        Summary: string
        /// <summary>The form of its value.</summary>
        Form: ArgumentForm
        /// <summary>The place in the text form.</summary>
        Place: ArgumentPlace
        /// <summary>The default.</summary>
        Default: ArgumentDefault
    }

    /// <summary>
    /// The default as in the text form, or the name of the argument whose value it takes; ValueNone if the argument is required.
    /// </summary>
    member argument.DefaultText: string voption =
        match argument.Default with
        | ArgumentDefault.Required -> ValueNone
        | ArgumentDefault.Value(Term.Call(word, [])) -> ValueSome word
        | ArgumentDefault.Value term -> ValueSome(Syntax.print { At = 0; Term = term })
        | ArgumentDefault.SameAs name -> ValueSome name

/// <summary>A kind of schedule: name, source and arguments. The text form, lists and checks are derived from it.</summary>
type ScheduleKind =
    {
        /// <summary>The name in the text form: <c>cosine</c>.</summary>
        Name: string
        /// <summary>A description in one line.</summary>
        Summary: string
        /// <summary>The paper that introduced the schedule, or the frameworks that have it.</summary>
        Source: string
        /// <summary>The arguments in the order of the text form.</summary>
        Arguments: ScheduleArgument list
    }

    /// True if a text form names this kind, in any case.
    member internal kind.IsNamed(given: string) =
        System.String.Equals(kind.Name, given, System.StringComparison.OrdinalIgnoreCase)

    member internal kind.At(place: ArgumentPlace) = kind.Arguments |> List.filter (fun argument -> argument.Place = place)

    /// <summary>The pattern of the text form: <c>cosine(value, steps=..., end=0)</c>.</summary>
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
