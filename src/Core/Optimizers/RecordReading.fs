namespace CuteDl.Core.Optimizers

open System
open System.Collections.Concurrent
open System.Diagnostics.CodeAnalysis
open System.Reflection

/// Reads a kind of rule from the attributes of its record.
module internal RecordReading =

    /// What reflection finds in a record.
    [<NoEquality; NoComparison>]
    type Members =
        { Record: Type
          Constructors: ConstructorInfo array
          Properties: PropertyInfo array
          Fields: FieldInfo array }

    let private mistake (record: Type) (problem: string) : 'any =
        raise (ArgumentException $"{record.Name} does not describe a rule. {problem}")

    let private expectedType (form: ValueForm) =
        match form with
        | ValueForm.Number -> typeof<float>
        | ValueForm.Whole -> typeof<int64>
        | ValueForm.Flag -> typeof<bool>

    let private checkName (record: Type) (name: string) =
        match Naming.problem name with
        | "" -> ()
        | problem -> mistake record problem

    let private argument (members: Members) (property: PropertyInfo) : Argument option =
        let record = members.Record

        match property.GetCustomAttribute<HyperParameterAttribute> true with
        | null -> None
        | attribute ->
            checkName record attribute.Name
            let expected = expectedType attribute.Form

            if property.PropertyType <> expected then
                mistake record $"{property.Name} has the type {property.PropertyType.Name}. Its attribute needs {expected.Name}."

            // The fields of F# records, and of C# properties that the compiler implements.
            let isField (field: FieldInfo) =
                field.Name = $"{property.Name}@" || field.Name = $"<{property.Name}>k__BackingField"

            match members.Fields |> Array.tryFind isField with
            | None -> mistake record $"{property.Name} is computed. A hyper-parameter must be a field of a record."
            | Some field ->
                let argument = Argument(attribute, property, field)

                if not (argument.Allows argument.Default) then
                    mistake record $"The default of {argument.Name} must {argument.Must}, not {argument.Write argument.Default}."

                Some argument

    let private checkTogether (record: Type) (arguments: Argument list) : unit =
        match arguments |> List.countBy _.Name |> List.tryFind (fun (_, count) -> count > 1) with
        | Some(name, _) -> mistake record $"Two arguments are named {name}. Give each its own name."
        | None -> ()

        for argument in arguments do
            if
                argument.Follows <> ""
                && not (arguments |> List.exists (fun other -> other.Name = argument.Follows))
            then
                mistake
                    record
                    $"{argument.Name} follows {Quotation.quote argument.Follows}, which is no argument. Name an argument of the record."

    let private content (members: Members) : RecordContent =
        let record = members.Record

        let constructor =
            match members.Constructors |> Array.sortByDescending _.GetParameters().Length |> Array.tryHead with
            | Some constructor -> constructor
            | None -> mistake record "It has no public constructor. Make the record public."

        let isNamed (name: string) (parameter: ParameterInfo) = String.Equals(name, parameter.Name, StringComparison.OrdinalIgnoreCase)
        let parameters = constructor.GetParameters()

        // In the order of the constructor, if it names them; that is the order in which the record declares them.
        let place (argument: Argument) =
            parameters
            |> Array.tryFindIndex (isNamed argument.Property)
            |> Option.defaultValue parameters.Length

        let arguments =
            members.Properties |> Array.toList |> List.choose (argument members) |> List.sortBy place

        checkTogether record arguments

        let valueOf (parameter: ParameterInfo) =
            match arguments |> List.tryFind (fun argument -> isNamed argument.Property parameter) with
            | Some argument -> argument.Box argument.Default
            | None ->
                let property = members.Properties |> Array.tryFind (fun property -> isNamed property.Name parameter)
                let name = property |> Option.map _.Name |> Option.defaultValue (string parameter.Name)
                mistake record $"{name} has no attribute. Describe it, for example [<Rate(0.1)>] or [<Number(...)>]."

        let start = constructor.Invoke(Array.map valueOf parameters) :?> IPart
        let defaults = arguments |> List.fold (fun part argument -> argument.Set(part, argument.Default)) start
        { Defaults = defaults; Arguments = arguments }

    /// Returns the kind of a record. Its arguments are read at their first use.
    let read (members: Members) (description: RuleDescription) : RuleKind =
        checkName members.Record description.Name
        RuleKind(members.Record, description, true, (fun () -> content members))

/// The kinds, one for each record.
module internal KnownKinds =
    let kinds = ConcurrentDictionary<Type, RuleKind>()

/// <summary>A kind of rule whose hyper-parameters are a record of type <c>'H</c>.</summary>
[<Sealed>]
type RuleKind<[<DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)>] 'H
    when 'H: not null and 'H :> IPart and 'H :> IDescribed<'H>> internal (kind: RuleKind) =
    /// <summary>The hyper-parameters' defaults.</summary>
    member _.Defaults: 'H = unbox<'H>(box kind.Defaults)
    /// <summary>The kind without the type of its record.</summary>
    member _.Kind = kind

    /// The kind of the record, of which only the description is read.
    static member internal Unread: RuleKind<'H> =
        let record = typeof<'H>

        let kind =
            match KnownKinds.kinds.TryGetValue record with
            | true, kind -> kind
            | _ ->
                let flags = BindingFlags.Instance ||| BindingFlags.Public

                let members: RecordReading.Members =
                    { Record = record
                      Constructors = record.GetConstructors()
                      Properties = record.GetProperties flags
                      Fields = record.GetFields(flags ||| BindingFlags.NonPublic) }

                // If two threads read the same record, both get the kind of the first.
                KnownKinds.kinds.GetOrAdd(record, RecordReading.read members 'H.Description)

        RuleKind<'H> kind

    /// <summary>The kind of the record. It is read at the first use.</summary>
    /// <exception cref="T:System.ArgumentException">The record's attributes or its description are not valid.</exception>
    static member Of: RuleKind<'H> =
        let kind = RuleKind<'H>.Unread
        kind.Kind.Defaults |> ignore
        kind
