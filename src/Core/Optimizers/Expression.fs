namespace CuteDl.Core.Optimizers

open System

/// <summary>
/// The text form of optimizers: <c>rule(name=value, ...)</c>, the list or any part of it left out for defaults; chains with bars, and
/// groups in braces: <c>clip_norm(1) | { "*.bias": sgd(lr=0.1), "*": adamw(lr=cosine(0.01, steps=2000)) }</c>.
/// <c>parse (string optimizer) = optimizer</c>.
/// </summary>
module Expression =

    let private fail (text: string) (at: int) (problem: string) : 'any = raise (ExpressionException(text, at, problem))

    /// A name that is missing or not among the known ones.
    let private unknown (text: string) (at: int) (known: string list) (name: string) (problem: string) : 'any =
        fail text at $"{problem}: {Suggestion.describe known name}"

    /// What is read so far of a rule.
    type private Reading = { Part: IPart; Scheduled: (Argument * Setting) list }

    let private withValue (text: string) (kind: RuleKind) (reading: Reading) (argument: Argument) (value: Node) : Reading =
        let checkedValue number =
            if argument.Allows number then
                { reading with Part = argument.Set(reading.Part, number) }
            else
                let name = argument.Name
                fail text value.At $"{name} = {argument.Write number}, but {name} of {kind.Name} must {argument.Must}."

        match argument.Form, value.Term with
        | (ValueForm.Number | ValueForm.Whole), Term.Number number -> checkedValue number
        | ValueForm.Flag, Term.Flag isOn -> checkedValue (if isOn then 1.0 else 0.0)
        // A word alone is more likely meant as a number than as a schedule.
        | ValueForm.Number, Term.Call(word, []) when Schedules.plateau :: Schedules.all |> List.forall (fun kind -> kind.Name <> word) ->
            fail text value.At $"'{word}' is not a number; {argument.Name} must {argument.Must}, or follow a schedule."
        | ValueForm.Number, Term.Call(word, _) when word = Schedules.plateau.Name ->
            { reading with
                Scheduled = (argument, Setting.Plateau(Plateau.ofNode text value)) :: reading.Scheduled }
        | ValueForm.Number, Term.Call _ ->
            match Schedule.ofNode text value with
            | Schedule.Constant number -> checkedValue number
            | schedule -> { reading with Scheduled = (argument, Setting.Schedule schedule) :: reading.Scheduled }
        | ValueForm.Flag, _ -> fail text value.At $"{Syntax.describe value} is neither true nor false, as {argument.Name} must be."
        | _ -> fail text value.At $"{Syntax.describe value} is not a number; {argument.Name} must {argument.Must}."

    let private withEntry (text: string) (kind: RuleKind) (index: int) (reading: Reading) (entry: Entry) : Reading =
        let known = [ for argument in kind.Arguments -> argument.Name ]

        match entry.Name with
        // Of a transformation the first argument, what it is all about, needs no name.
        | ValueNone when index = 0 && kind.Role = Role.Transformation && not known.IsEmpty ->
            withValue text kind reading kind.Arguments.Head entry.Value
        | ValueNone -> unknown text entry.At known "" "an argument's name is missing"
        | ValueSome name ->
            match kind.Arguments |> List.tryFind (fun argument -> argument.Name = name) with
            | Some argument -> withValue text kind reading argument entry.Value
            | None -> unknown text entry.At known name $"{kind.Name} has no argument '{name}'"

    let rec private ofNode (text: string) (node: Node) : Optimizer =
        let known = [ for kind in Rules.known -> kind.Name ]

        match node.Term with
        | Term.Call(name, entries) ->
            match Rules.known |> List.tryFind (fun kind -> kind.Name = name) with
            | Some kind ->
                let start = { Part = kind.Defaults; Scheduled = [] }

                let reading =
                    entries
                    |> List.indexed
                    |> List.fold (fun reading (i, entry) -> withEntry text kind i reading entry) start

                let given =
                    [ for entry in entries do
                          match entry.Name with
                          | ValueSome name -> name
                          | ValueNone -> kind.Arguments.Head.Name ]

                match given |> List.countBy id |> List.tryFind (fun (_, count) -> count > 1) with
                | Some(name, _) -> fail text node.At $"{name} is given twice."
                | None -> ()

                let scheduled =
                    [ for argument in kind.Arguments do
                          yield! reading.Scheduled |> List.filter (fun (other, _) -> other.Name = argument.Name) ]

                try
                    Optimizer(Shape.Single(kind, reading.Part, scheduled))
                with :? ArgumentException as error ->
                    fail text node.At error.Message
            | None -> unknown text node.At known name $"no rule is named '{name}'"
        | Term.Chain parts ->
            let read = parts |> List.map (ofNode text)

            try
                Optimizer.chain read
            with :? ArgumentException as error ->
                fail text node.At error.Message
        | Term.Groups groups ->
            let read =
                groups
                |> List.map (fun (pattern, value) ->
                    match pattern.Term with
                    | Term.Text pattern -> pattern, ofNode text value
                    | _ -> fail text pattern.At "a group's pattern is a text in quotes.")

            try
                Optimizer.groups read
            with :? ArgumentException as error ->
                fail text node.At error.Message
        | _ -> unknown text node.At known "" "a rule's name is missing"

    /// <summary>The optimizer that a text form names.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// A rule, a schedule or an argument is unknown (with what is known and the nearest), a value is not what it must be or out of its
    /// range, or the text is not of the form.
    /// </exception>
    let parse (text: string) : Optimizer = ofNode text (Syntax.parse text)
