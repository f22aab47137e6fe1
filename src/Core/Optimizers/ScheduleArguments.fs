namespace CuteDl.Core.Optimizers

/// The checked arguments of a call to a kind of schedule, with defaults filled in.
[<Sealed>]
type internal ScheduleArguments(byName: Map<string, Node>, repeats: Node list list) =

    static let otherForm (node: Node) : 'any =
        invalidOp $"{Syntax.describe node} does not have the form that the schedule reads."

    static member Number(node: Node) : float =
        match node.Term with
        | Term.Number value -> value
        | Term.Percent _
        | Term.Flag _
        | Term.Text _
        | Term.Call _
        | Term.Chain _
        | Term.Groups _ -> otherForm node

    static member Whole(node: Node) : int64 = int64 (ScheduleArguments.Number node)

    static member Count(node: Node) : StepCount =
        match node.Term with
        | Term.Percent percent -> Percent percent
        | Term.Number value -> Steps(int64 value)
        | Term.Flag _
        | Term.Text _
        | Term.Call _
        | Term.Chain _
        | Term.Groups _ -> otherForm node

    member _.Node(name: string) : Node = byName[name]
    member _.Number(name: string) : float = ScheduleArguments.Number byName[name]
    member _.Whole(name: string) : int64 = ScheduleArguments.Whole byName[name]
    member _.Count(name: string) : StepCount = ScheduleArguments.Count byName[name]

    member _.Word(name: string) : string =
        match byName[name].Term with
        | Term.Call(word, []) -> word
        | Term.Number _
        | Term.Percent _
        | Term.Flag _
        | Term.Text _
        | Term.Call _
        | Term.Chain _
        | Term.Groups _ -> otherForm byName[name]

    /// The values of the repeated arguments, in order.
    member _.Repeats = repeats

/// Converts between the arguments of a schedule and the entries of a call.
module internal ScheduleArguments =

    let private wholeLimit = float (1L <<< 53)

    /// Returns the problem of a value for an argument; ValueNone if it is valid.
    let private problem (kind: ScheduleKind) (argument: ScheduleArgument) (value: Node) : string voption =
        let name = argument.Name

        let mustBe (what: string) =
            match value.Term with
            | Term.Number number -> ValueSome $"{name} of {kind.Name} must {what}, not {NumberText.ofFloat number}."
            | Term.Percent _
            | Term.Flag _
            | Term.Text _
            | Term.Call _
            | Term.Chain _
            | Term.Groups _ -> ValueSome $"{Syntax.describe value} is not a number. {name} of {kind.Name} must {what}."

        let isWhole (least: int64) (number: float) = number = floor number && number >= float least && number < wholeLimit

        match argument.Form, value.Term with
        | ArgumentForm.Number range, Term.Number number when range.Contains number -> ValueNone
        | ArgumentForm.Number range, _ -> mustBe $"be in {range}"
        | ArgumentForm.Whole least, Term.Number number when isWhole least number -> ValueNone
        | ArgumentForm.Whole least, _ -> mustBe $"be a whole number of at least {least}"
        | ArgumentForm.Steps least, Term.Number number when isWhole least number -> ValueNone
        | ArgumentForm.Steps least, Term.Percent percent when percent <= 100.0 && (percent > 0.0 || percent = 0.0 && least = 0L) ->
            ValueNone
        | ArgumentForm.Steps least, Term.Percent percent ->
            let opening = if least = 0L then "[" else "("
            ValueSome $"{name} of {kind.Name} must be in {opening}0%%, 100%%], not {NumberText.ofFloat percent}%%."
        | ArgumentForm.Steps least, _ -> mustBe $"be a whole number of at least {least}, or a share of the run such as 10%%"
        | ArgumentForm.Word words, Term.Call(word, []) when List.contains word words -> ValueNone
        | ArgumentForm.Word words, Term.Call(word, []) ->
            ValueSome $"{name} of {kind.Name} cannot be {Quotation.quote word}. {Suggestion.describe words word}"
        | ArgumentForm.Word _, _ -> ValueSome $"{name} of {kind.Name} must be {argument.Form}, not {Syntax.describe value}."
        | ArgumentForm.Schedule, _ -> ValueNone

    /// Reads the arguments of a call to a kind of schedule.
    let read (text: string) (kind: ScheduleKind) (at: int) (entries: Entry list) : ScheduleArguments =
        let fail at problem : 'any = raise (ExpressionException(text, at, problem))

        let refuse (argument: ScheduleArgument) (value: Node) (problem: string) : 'any =
            raise (ExpressionException(text, value.At, problem, argument.Name))

        let check (argument: ScheduleArgument) (value: Node) =
            match problem kind argument value with
            | ValueSome problem -> refuse argument value problem
            | ValueNone -> value

        let inOrder =
            [ for entry in entries do
                  if entry.Name.IsNone then
                      entry.Value ]

        let firstArguments = kind.At ArgumentPlace.First
        let repeatedArguments = kind.At ArgumentPlace.Repeated
        let namedArguments = kind.At ArgumentPlace.Named

        let missing (argument: ScheduleArgument) = fail at $"{argument.Name} of {kind.Name} is missing. Write {kind.Usage}."

        if inOrder.Length < firstArguments.Length then
            missing firstArguments[inOrder.Length]

        let first, rest = List.splitAt firstArguments.Length inOrder

        match repeatedArguments, rest with
        | [], tooMany :: _ -> fail tooMany.At $"An argument's name is missing. Write {kind.Usage}."
        | _ :: _, _ when rest.Length % repeatedArguments.Length <> 0 -> missing repeatedArguments[rest.Length % repeatedArguments.Length]
        | _ -> ()

        let repeats =
            [ for together in List.chunkBySize (max 1 repeatedArguments.Length) rest -> List.map2 check repeatedArguments together ]

        // Repeated step numbers must ascend. A number and a share can be compared only in a run.
        repeatedArguments
        |> List.iteri (fun i argument ->
            match argument.Form with
            | ArgumentForm.Steps _ ->
                for before, after in List.pairwise [ for together in repeats -> together[i] ] do
                    let ascends =
                        match ScheduleArguments.Count before, ScheduleArguments.Count after with
                        | Steps before, Steps after -> before < after
                        | Percent before, Percent after -> before < after
                        | Steps _, Percent _
                        | Percent _, Steps _ -> true

                    if not ascends then
                        refuse
                            argument
                            after
                            $"{argument.Name} = {Syntax.print after} follows {argument.Name} = {Syntax.print before}. Each must be greater than the one before."
            | ArgumentForm.Number _
            | ArgumentForm.Whole _
            | ArgumentForm.Word _
            | ArgumentForm.Schedule -> ())

        let given =
            Map
                [ for entry in entries do
                      match entry.Name with
                      | ValueNone -> ()
                      | ValueSome name ->
                          match namedArguments |> List.tryFind (fun argument -> argument.Name = name) with
                          | Some argument -> name, check argument entry.Value
                          | None ->
                              let known = [ for argument in namedArguments -> argument.Name ]
                              let described = if known.IsEmpty then $"Write {kind.Usage}." else Suggestion.describe known name
                              fail entry.At $"{kind.Name} has no argument {Quotation.quote name}. {described}" ]

        let rec named (argument: ScheduleArgument) : Node =
            match given.TryFind argument.Name, argument.Default with
            | Some value, _ -> value
            | None, ArgumentDefault.Value term -> { At = at; Term = term }
            | None, ArgumentDefault.SameAs name -> namedArguments |> List.find (fun other -> other.Name = name) |> named
            | None, ArgumentDefault.Required -> missing argument

        let byName =
            Map
                [ for argument, value in List.zip firstArguments first -> argument.Name, check argument value
                  for argument in namedArguments -> argument.Name, named argument ]

        ScheduleArguments(byName, repeats)

    /// Writes a call of a kind of schedule, without named arguments that have their defaults.
    let write (kind: ScheduleKind) (first: Term list) (repeated: Term list) (named: Term list) : Node =
        let node term = { At = 0; Term = term }
        let entry name term = { Name = name; At = 0; Value = node term }
        let values = List.zip (kind.At ArgumentPlace.Named) named

        let valueOf name =
            values |> List.pick (fun (argument, term) -> if argument.Name = name then Some term else None)

        let isDefault (argument: ScheduleArgument) (term: Term) =
            match argument.Default with
            | ArgumentDefault.Required -> false
            | ArgumentDefault.Value value -> term = value
            | ArgumentDefault.SameAs name -> term = valueOf name

        let entries =
            [ for term in first @ repeated do
                  entry ValueNone term
              for argument, term in values do
                  if not (isDefault argument term) then
                      entry (ValueSome argument.Name) term ]

        node (Term.Call(kind.Name, entries))
