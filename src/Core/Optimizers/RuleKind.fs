namespace CuteDl.Core.Optimizers

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Diagnostics.CodeAnalysis
open System.Reflection
open System.Text.RegularExpressions

/// <summary>A hyper-parameter of a kind of rule.</summary>
[<Sealed>]
type Argument
    internal
    (attribute: HyperParameterAttribute, property: PropertyInfo, field: FieldInfo, get: IPart -> float, setter: Action<obj, float> voption)
    =
    let range = attribute.Range

    // All parts are immutable to others, so a copy with one changed field is the same as a new part.
    static let copy: Func<obj, obj> =
        match typeof<obj>.GetMethod("MemberwiseClone", BindingFlags.Instance ||| BindingFlags.NonPublic) with
        | null -> invalidOp "Object has no MemberwiseClone."
        | clone -> clone.CreateDelegate<Func<obj, obj>>()

    /// <summary>The name in the text form.</summary>
    member _.Name = attribute.Name
    /// <summary>The name of the property of the record.</summary>
    member _.Property = property.Name
    /// <summary>A short description.</summary>
    member _.Summary = attribute.Summary
    /// <summary>The form of the value in the text form.</summary>
    member _.Form = attribute.Form
    /// <summary>The allowed range.</summary>
    member _.Range = range
    /// <summary>The default; NaN if the default is the value of another argument.</summary>
    member _.Default = attribute.Default
    /// <summary>The name of the argument whose value is the default; empty if the default is a number.</summary>
    member _.Follows = attribute.Follows
    /// <summary>True if the text form omits the argument at its default, such as ε and flags.</summary>
    member _.IsTechnical = attribute.Technical
    /// <summary>True if the argument is a factor of weight decay: at 0, the part does not pull the parameters towards 0.</summary>
    member _.IsWeightDecay = attribute.DecaysWeights
    /// <summary>True if the argument means the same in all kinds that have it.</summary>
    member _.IsShared = attribute.Shared
    /// <summary>The power of the gradient's unit that the argument has.</summary>
    member _.GradientPower = attribute.GradientPower

    /// <summary>True if the value is allowed.</summary>
    member _.Allows(value: float) =
        match attribute.Form with
        | ValueForm.Number -> range.Contains value || Double.IsNaN value && attribute.Follows <> ""
        | ValueForm.Whole -> range.Contains value && Math.Floor value = value
        | ValueForm.Flag -> value = 0.0 || value = 1.0

    /// <summary>Describes the allowed values: an interval, whole numbers in an interval, or true and false.</summary>
    member _.Allowed =
        match attribute.Form with
        | ValueForm.Flag -> "true or false"
        | ValueForm.Whole when range.Upper = ArgumentRange.counts.Upper -> $"a whole number of at least {NumberText.ofFloat range.Lower}"
        | ValueForm.Whole -> $"a whole number in {range}"
        | ValueForm.Number -> $"{range}"

    /// <summary>Returns a value as the text form writes it.</summary>
    member _.Write(value: float) =
        match attribute.Form with
        | ValueForm.Flag -> if value <> 0.0 then "true" else "false"
        | ValueForm.Number
        | ValueForm.Whole -> NumberText.ofFloat value

    /// The condition on a value, as the end of a sentence "lr must ...".
    member internal argument.Must =
        match attribute.Form with
        | ValueForm.Number -> $"be in {range}"
        | ValueForm.Whole
        | ValueForm.Flag -> $"be {argument.Allowed}"

    member internal argument.OutOfRange(ofKind: string, value: float) =
        ArgumentOutOfRangeException(argument.Name, value, $"{argument.Name} of {ofKind} ({argument.Summary}) must {argument.Must}.")

    member internal _.Get(part: IPart) : float = get part

    /// The value as the field holds it.
    member internal _.Box(value: float) : objnull =
        match attribute.Form with
        | ValueForm.Number -> box value
        | ValueForm.Whole -> box (int64 value)
        | ValueForm.Flag -> box (value <> 0.0)

    /// Returns a copy of the part with another value.
    member internal argument.Set(part: IPart, value: float) : IPart =
        let next = copy.Invoke part
        field.SetValue(next, argument.Box value)
        next :?> IPart

    /// The field of the record, for parts that are written in place.
    member internal _.Field = field

    /// Sets a number of a part in place, where the property has a setter. F# records have none, C# records have <c>init</c>.
    member internal _.Setter = setter

    static member internal Copy(part: IPart) : IPart = copy.Invoke part :?> IPart

/// The name of a type that stays the same from one compilation to the next.
module private RecordName =
    // Compilers number types without a name, and F# Interactive numbers its submissions.
    let private numbers = Regex(@"@\d+(-\d+)?|FSI_\d+", RegexOptions.CultureInvariant)

    let ofType (record: Type) : string = numbers.Replace(string record, "")

/// <summary>A kind of rule: its description and arguments. The text form, lists and checks are derived from it.</summary>
[<Sealed>]
type RuleKind internal (record: Type, description: RuleDescription, defaults: IPart, arguments: Argument list, isDescribed: bool) =
    let derived =
        [ match defaults with
          | :? ITensorRule
          | :? ICompositeRule
          | :? IReducingRule -> Trait.WholeTensor
          | _ -> Trait.Elementwise
          if defaults :? IGate then
              Trait.Gate
          if defaults :? IAveraging then
              Trait.Averaging
          if defaults :? IShapedPart then
              Trait.NeedsMatrix
          if arguments |> List.exists _.IsWeightDecay then
              Trait.DecaysWeights ]

    let traits = derived @ description.Traits |> List.distinct

    let identity =
        lazy
            (let names = String.Join(", ", arguments |> List.map _.Name)
             $"{RecordName.ofType record}({names})")

    /// <summary>The name in the text form: <c>adam</c>. It is read in any case and printed in this one.</summary>
    member _.Name = description.Name
    /// <summary>The record of its hyper-parameters.</summary>
    member _.Record = record
    /// <summary>Its description.</summary>
    member _.Description = description
    /// <summary>Its role.</summary>
    member _.Role = description.Role
    /// <summary>True for rules, false for transformations.</summary>
    member _.IsRule = description.Role.IsAnyRule
    /// <summary>A description in one line.</summary>
    member _.Summary = description.Summary
    /// <summary>Its traits: those of its description, and those that its record shows.</summary>
    member _.Traits: IReadOnlyList<Trait> = traits
    /// <summary>True if it has a trait.</summary>
    member _.Has(``trait``: Trait) = List.contains ``trait`` traits
    /// <summary>The arguments in the order of the text form.</summary>
    member _.Arguments = arguments
    member internal _.Defaults = defaults

    /// <summary>True if the record implements <c>IDescribed</c>, so that the arguments are all of its hyper-parameters.</summary>
    member _.IsDescribed = isDescribed

    /// Tells kinds of one name apart: the type of the record, and the names of the arguments.
    member internal _.Identity: string = identity.Value

    /// <summary>Returns the name.</summary>
    override _.ToString() = description.Name

/// Reads the arguments of a record from the attributes of its properties.
module private RecordReading =

    let private mistake (record: Type) (problem: string) : 'any =
        raise (ArgumentException $"{record.Name} does not describe a rule. {problem}")

    let private expectedType (form: ValueForm) =
        match form with
        | ValueForm.Number -> typeof<float>
        | ValueForm.Whole -> typeof<int64>
        | ValueForm.Flag -> typeof<bool>

    // A delegate is four times as fast as reflection.
    let private getter<'H when 'H: not null> (property: PropertyInfo) (form: ValueForm) : IPart -> float =
        match property.GetMethod with
        | null -> mistake typeof<'H> $"{property.Name} cannot be read."
        | read ->
            match form with
            | ValueForm.Number ->
                let read = read.CreateDelegate<Func<'H, float>>()
                fun part -> read.Invoke(unbox<'H>(box part))
            | ValueForm.Whole ->
                let read = read.CreateDelegate<Func<'H, int64>>()
                fun part -> float (read.Invoke(unbox<'H>(box part)))
            | ValueForm.Flag ->
                let read = read.CreateDelegate<Func<'H, bool>>()
                fun part -> if read.Invoke(unbox<'H>(box part)) then 1.0 else 0.0

    let private setter<'H when 'H: not null> (property: PropertyInfo) (form: ValueForm) : Action<obj, float> voption =
        match property.SetMethod, form with
        | null, _
        | _, ValueForm.Whole
        | _, ValueForm.Flag -> ValueNone
        | write, ValueForm.Number ->
            let write = (Unchecked.nonNull write).CreateDelegate<Action<'H, float>>()
            ValueSome(Action<obj, float>(fun part value -> write.Invoke(unbox<'H> part, value)))

    let private checkName (record: Type) (name: string) =
        let isAllowed =
            name <> ""
            && name |> Seq.forall (fun c -> Char.IsAsciiLetterLower c || Char.IsAsciiDigit c || c = '_')

        if not (isAllowed && Char.IsAsciiLetterLower name[0]) then
            mistake
                record
                $"The name {Quotation.quote name} must start with a small letter and have only small letters, digits and underscores."

    let private argument<[<DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)>] 'H when 'H: not null> (property: PropertyInfo) =
        let record = typeof<'H>
        let flags = BindingFlags.Instance ||| BindingFlags.NonPublic ||| BindingFlags.Public

        match property.GetCustomAttribute<HyperParameterAttribute> true with
        | null -> None
        | attribute ->
            checkName record attribute.Name

            if property.PropertyType <> expectedType attribute.Form then
                mistake
                    record
                    $"{property.Name} has the type {property.PropertyType.Name}. Its attribute needs {(expectedType attribute.Form).Name}."

            // The fields of F# records, and of C# properties that the compiler implements.
            match record.GetField(property.Name + "@", flags), record.GetField($"<{property.Name}>k__BackingField", flags) with
            | null, null -> mistake record $"{property.Name} is computed. A hyper-parameter must be a field of a record."
            | null, field
            | field, _ ->
                let argument =
                    Argument(
                        attribute,
                        property,
                        Unchecked.nonNull field,
                        getter<'H> property attribute.Form,
                        setter<'H> property attribute.Form
                    )

                if not (argument.Allows argument.Default) then
                    mistake record $"The default of {argument.Name} must {argument.Must}, not {argument.Write argument.Default}."

                Some argument

    let private constructorOf<[<DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)>] 'H> () : ConstructorInfo =
        match typeof<'H>.GetConstructors() |> Array.sortByDescending _.GetParameters().Length |> Array.tryHead with
        | Some constructor -> constructor
        | None -> mistake typeof<'H> "It has no public constructor. Make the record public."

    let private newPart<[<DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)>] 'H> (arguments: Argument list) : IPart =
        let constructor = constructorOf<'H>()

        let values =
            [| for parameter in constructor.GetParameters() ->
                   match
                       arguments
                       |> List.tryFind (fun argument ->
                           String.Equals(argument.Property, parameter.Name, StringComparison.OrdinalIgnoreCase))
                   with
                   | Some argument -> argument.Box argument.Default
                   | None ->
                       let name =
                           typeof<'H>.GetProperties()
                           |> Array.tryFind (fun property ->
                               String.Equals(property.Name, parameter.Name, StringComparison.OrdinalIgnoreCase))
                           |> Option.map _.Name
                           |> Option.defaultValue (string parameter.Name)

                       mistake typeof<'H> $"{name} has no attribute. Describe it, for example [<Rate(0.1)>] or [<Number(...)>]." |]

        constructor.Invoke values :?> IPart

    let read<[<DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)>] 'H when 'H: not null and 'H :> IPart>
        (description: RuleDescription)
        : RuleKind =
        let record = typeof<'H>
        checkName record description.Name
        let flags = BindingFlags.Instance ||| BindingFlags.Public
        let parameters = constructorOf<'H>().GetParameters() |> Array.map _.Name

        // In the order of the constructor, if it names them; that is the order in which the record declares them.
        let place (argument: Argument) =
            parameters
            |> Array.tryFindIndex (fun name -> String.Equals(name, argument.Property, StringComparison.OrdinalIgnoreCase))
            |> Option.defaultValue parameters.Length

        let arguments =
            record.GetProperties flags |> Array.toList |> List.choose argument<'H> |> List.sortBy place

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

        let start = newPart<'H> arguments
        let defaults = arguments |> List.fold (fun part argument -> argument.Set(part, argument.Default)) start
        RuleKind(record, description, defaults, arguments, true)

/// The kinds that were read, one for each record. A failed reading is not kept, so that its error is thrown each time.
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

    /// <summary>The kind of the record. It is read at the first use.</summary>
    /// <exception cref="T:System.ArgumentException">The record's attributes or its description are not valid.</exception>
    static member Of: RuleKind<'H> =
        RuleKind<'H>(KnownKinds.kinds.GetOrAdd(typeof<'H>, fun _ -> RecordReading.read<'H> 'H.Description))
