namespace CuteDl.Core.Optimizers

open System
open System.Reflection

/// <summary>A hyper-parameter of a kind of rule.</summary>
[<Sealed>]
type Argument internal (attribute: HyperParameterAttribute, property: PropertyInfo, field: FieldInfo) =
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

    member internal _.Get(part: IPart) : float =
        match attribute.Form, field.GetValue part with
        | ValueForm.Number, value -> unbox<float> value
        | ValueForm.Whole, value -> float (unbox<int64> value)
        | ValueForm.Flag, value -> if unbox<bool> value then 1.0 else 0.0

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

    /// The property of the record. F# records have no setter, C# records have <c>init</c>.
    member internal _.PropertyInfo = property

    static member internal Copy(part: IPart) : IPart = copy.Invoke part :?> IPart
