namespace CuteDl.Core.Optimizers

open System

/// <summary>
/// The text form of optimizers: <c>rule(name=value, ...)</c>, where omitted arguments have their defaults. Chains use bars, and groups use
/// braces: <c>clip_norm(1) | { "*.bias": sgd(lr=0.1), "*": adamw(lr=cosine(0.01, steps=2000)) }</c>. <c>parse (string optimizer) =
/// optimizer</c>; an optimizer with rules or schedules of one's own needs <c>parseWith</c> and a registry that has them.
/// </summary>
module Expression =

    let private fail (text: string) (at: int) (problem: string) : 'any = raise (ExpressionException(text, at, problem))

    /// Throws for a name that is missing or unknown.
    let private unknown (text: string) (at: int) (known: string list) (name: string) (problem: string) : 'any =
        fail text at $"{problem}. {Suggestion.describe known name}"

    let private unknownRule (registry: Registry) (text: string) (at: int) (name: string) (problem: string) : 'any =
        let known = [ for kind in registry.Kinds -> kind.Name ]

        match Suggestion.nearest known name with
        | Some near -> fail text at $"{problem}. {Suggestion.meant near}"
        | None -> fail text at $"{problem}. {Suggestion.listed known} `cutedl list` prints all names."

    /// The part of a rule that is read so far.
    type private Reading = { Part: IPart; Scheduled: (Argument * Setting) list }

    let private withValue
        (registry: Registry)
        (text: string)
        (kind: RuleKind)
        (reading: Reading)
        (argument: Argument)
        (value: Node)
        : Reading =
        let checkedValue number =
            if argument.Allows number then
                { reading with Part = argument.Set(reading.Part, number) }
            else
                fail text value.At $"{argument.Name} of {kind.Name} must {argument.Must}, not {argument.Write number}."

        let isSchedule (word: string) =
            Schedules.plateau :: Schedules.all |> List.exists _.IsNamed(word)
            || (OwnSchedules.tryFind word registry.Schedules).IsSome

        match argument.Form, value.Term with
        | (ValueForm.Number | ValueForm.Whole), Term.Number number -> checkedValue number
        | ValueForm.Flag, Term.Flag isOn -> checkedValue (if isOn then 1.0 else 0.0)
        // A single word is more likely a misspelled number than a schedule.
        | ValueForm.Number, Term.Call(word, []) when not (isSchedule word) ->
            fail
                text
                value.At
                $"{Quotation.quote word} is neither a number nor a schedule in the registry. {argument.Name} must {argument.Must}, or follow a schedule. Add a schedule of your own to the registry."
        | ValueForm.Number, Term.Call(word, _) when Schedules.plateau.IsNamed word ->
            { reading with
                Scheduled = (argument, Setting.Plateau(Plateau.ofNode text value)) :: reading.Scheduled }
        | ValueForm.Number, Term.Call _ ->
            match Schedule.ofNode registry.Schedules text value with
            | Schedule.Constant number -> checkedValue number
            | schedule -> { reading with Scheduled = (argument, Setting.Schedule schedule) :: reading.Scheduled }
        | ValueForm.Flag, _ -> fail text value.At $"{Syntax.describe value} is neither true nor false. {argument.Name} must be one of them."
        | _ -> fail text value.At $"{Syntax.describe value} is not a number. {argument.Name} must {argument.Must}."

    let private withEntry (registry: Registry) (text: string) (kind: RuleKind) (index: int) (reading: Reading) (entry: Entry) : Reading =
        let known = [ for argument in kind.Arguments -> argument.Name ]

        match entry.Name with
        // The first argument of a transformation needs no name.
        | ValueNone when index = 0 && not kind.IsRule && not known.IsEmpty ->
            withValue registry text kind reading kind.Arguments.Head entry.Value
        | ValueNone -> unknown text entry.At known "" "An argument's name is missing"
        | ValueSome name ->
            match kind.Arguments |> List.tryFind (fun argument -> argument.Name = name) with
            | Some argument -> withValue registry text kind reading argument entry.Value
            | None -> unknown text entry.At known name $"{kind.Name} has no argument {Quotation.quote name}"

    let rec private ofNode (registry: Registry) (text: string) (node: Node) : Optimizer =
        match node.Term with
        | Term.Call(name, entries) ->
            match registry.TryFind name with
            | Some kind ->
                let start = { Part = kind.Defaults; Scheduled = [] }

                let reading =
                    entries
                    |> List.indexed
                    |> List.fold (fun reading (i, entry) -> withEntry registry text kind i reading entry) start

                let given =
                    [ for entry in entries do
                          match entry.Name with
                          | ValueSome name -> name
                          | ValueNone -> kind.Arguments.Head.Name ]

                match given |> List.countBy id |> List.tryFind (fun (_, count) -> count > 1) with
                | Some(name, _) -> fail text node.At $"{name} is given twice. Give it once."
                | None -> ()

                try
                    Optimizer(OptimizerTree.Single(kind, reading.Part, Scheduled.inOrder kind reading.Scheduled))
                with :? ArgumentException as error ->
                    fail text node.At (Refusal.sentence error)
            | None -> unknownRule registry text node.At name $"No rule is named {Quotation.quote name}"
        | Term.Chain parts ->
            let read = parts |> List.map (ofNode registry text)

            try
                Optimizer.chain read
            with :? ArgumentException as error ->
                fail text node.At (Refusal.sentence error)
        | Term.Groups groups ->
            let read =
                [ for group in groups do
                      match group.Pattern.Term with
                      | Term.Text pattern ->
                          { Pattern = pattern; IsOptional = group.IsOptional; Optimizer = ofNode registry text group.Value }
                      | _ -> fail text group.Pattern.At "A group's pattern must be a text in quotes." ]

            try
                Optimizer.groupsOf read
            with :? ArgumentException as error ->
                fail text node.At (Refusal.sentence error)
        | _ -> unknownRule registry text node.At "" "A rule's name is missing"

    /// <summary>Parses the text form of an optimizer that may have rules and schedules of one's own.</summary>
    /// <param name="registry">The rules and schedules that the text can name.</param>
    /// <param name="text">The text form.</param>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">As for <c>parse</c>.</exception>
    let parseWith (registry: Registry) (text: string) : Optimizer = ofNode registry text (Syntax.parse text)

    /// <summary>Parses the text form of an optimizer of the library.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// A rule, a schedule or an argument is unknown; a value has the wrong type or is out of range; or the text does not have the form of an
    /// optimizer.
    /// </exception>
    let parse (text: string) : Optimizer = parseWith Registry.Standard text
