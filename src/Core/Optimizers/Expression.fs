namespace CuteDl.Core.Optimizers

/// <summary>
/// The text form of optimizers: <c>rule(name=number, ...)</c>, the list or any part of it left out for defaults.
/// <c>parse (string optimizer) = optimizer</c>.
/// </summary>
module Expression =

    let private fail (text: string) (at: int) (problem: string) : 'any = raise (ExpressionException(text, at, problem))

    /// A name that is missing or not among the known ones.
    let private unknown (text: string) (at: int) (known: string list) (name: string) (problem: string) : 'any =
        fail text at $"{problem}: {Suggestion.describe known name}"

    let private withArgument (text: string) (kind: RuleKind) (rule: IRule) (entry: Entry) : IRule =
        let known = [ for argument in kind.Arguments -> argument.Name ]
        let value = entry.Value

        match entry.Name with
        | ValueNone -> unknown text entry.At known "" "an argument's name is missing"
        | ValueSome name ->
            match kind.Arguments |> List.tryFind (fun argument -> argument.Name = name), value.Term with
            | None, _ -> unknown text entry.At known name $"{kind.Name} has no argument '{name}'"
            | Some argument, Term.Number number when argument.Range.Contains number -> argument.Set(rule, number)
            | Some argument, Term.Number number ->
                fail text value.At $"{name} = {NumberText.ofFloat number}, but {name} of {kind.Name} must lie in {argument.Range}."
            | Some argument, _ -> fail text value.At $"{Syntax.describe value} is not a number; {name} must be one in {argument.Range}."

    /// <summary>The optimizer that a text form names.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// The rule or an argument is unknown (with what is known and the nearest), a value is no number or out of its range, or
    /// the text is not of the form.
    /// </exception>
    let parse (text: string) : Optimizer =
        let node = Syntax.parse text
        let known = [ for kind in Rules.all -> kind.Name ]

        match node.Term with
        | Term.Call(name, entries) ->
            match Rules.all |> List.tryFind (fun kind -> kind.Name = name) with
            | Some kind -> Optimizer(kind, entries |> List.fold (withArgument text kind) kind.Defaults)
            | None -> unknown text node.At known name $"no rule is named '{name}'"
        | Term.Chain(_ :: second :: _) -> fail text second.At "nothing may follow the optimizer."
        | _ -> unknown text node.At known "" "a rule's name is missing"
