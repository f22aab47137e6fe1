namespace CuteDl.Core.Optimizers

open System
open System.Collections.Concurrent
open System.Linq.Expressions
open System.Reflection

/// Mutates a privately owned record in place, to avoid one allocation per step.
module internal HyperParameterField =

    // Compiled once for each field, and shared by all optimizers.
    let private writers = ConcurrentDictionary<FieldInfo, Action<IPart, float>>()

    let private compile (field: FieldInfo) : Action<IPart, float> =
        let part = Expression.Parameter typeof<IPart>
        let value = Expression.Parameter typeof<float>

        match field.DeclaringType with
        | null -> invalidOp "The field of a record has no declaring type."
        | record ->
            let place = Expression.Field(Expression.Convert(part, record), field)
            Expression.Lambda<Action<IPart, float>>(Expression.Assign(place, value), part, value).Compile()

    /// Finds a setter for a hyper-parameter, by comparing two parts made with two values. If one field differs, the setter writes it. If
    /// none differs, the setter does nothing. Otherwise returns ValueNone.
    let find (first: IPart, firstValue: float) (second: IPart, secondValue: float) : Action<IPart, float> voption =
        if first.GetType() <> second.GetType() then
            ValueNone
        else
            let differing =
                first.GetType().GetFields(BindingFlags.Instance ||| BindingFlags.Public ||| BindingFlags.NonPublic)
                |> Array.filter (fun field -> not (Object.Equals(field.GetValue first, field.GetValue second)))

            match differing with
            | [||] -> ValueSome(Action<IPart, float>(fun _ _ -> ()))
            | [| field |] when
                not field.IsInitOnly
                && Object.Equals(field.GetValue first, firstValue)
                && Object.Equals(field.GetValue second, secondValue)
                ->
                ValueSome(writers.GetOrAdd(field, compile))
            | _ -> ValueNone

/// <summary>
/// A part whose hyper-parameters follow schedules, with the values of the current step. Its first step creates new records, which is
/// cheaper for an optimizer that takes only one step. Its second step finds out how to write the values into its own record, so that later
/// steps allocate nothing.
/// </summary>
/// <param name="whole">The part with its constants.</param>
/// <param name="select">Selects the part itself, or one of its components.</param>
/// <param name="arguments">The hyper-parameters that follow schedules.</param>
[<Sealed>]
type internal ScheduledPart(whole: IPart, select: IPart -> IPart, arguments: Argument array) =
    let mutable steps = 0L
    let mutable writers: Action<IPart, float> array = [||]
    let mutable isWritten = false
    let mutable current = whole
    let mutable part = whole

    let findWriters () =
        let middle (argument: Argument) = Scheduled.middle argument.Range
        let below (argument: Argument) = (argument.Range.Lower + middle argument) / 2.0
        let start = (whole, arguments) ||> Array.fold (fun part argument -> argument.Set(part, middle argument))

        let found =
            [| for argument in arguments do
                   let other = argument.Set(start, below argument)
                   HyperParameterField.find (select start, middle argument) (select other, below argument) |]

        // Hyper-parameters that depend on each other are checked together.
        let isSeen =
            match whole with
            | :? ICompositeRule -> not (whole :? ICheckedPart)
            | _ -> true

        if isSeen && found |> Array.forall ValueOption.isSome then
            writers <- found |> Array.map ValueOption.get
            part <- select start
            isWritten <- true

    /// Begins a step, in which all values must be set.
    member _.Begin() : unit =
        steps <- steps + 1L

        if steps = 2L then
            findWriters ()

        current <- whole

    /// Sets an argument to an allowed value.
    member _.Set(index: int, value: float) : unit =
        if isWritten then
            writers[index].Invoke(part, value)
        else
            current <- arguments[index].Set(current, value)

    /// The contradiction between hyper-parameters, as a sentence; empty if there is none.
    member _.Problem: string =
        match (if isWritten then part else current) with
        | :? ICheckedPart as part -> part.Problem
        | _ -> ""

    /// The part with the values of this step.
    member _.Part: IPart =
        if not isWritten then
            part <- select current

        part
