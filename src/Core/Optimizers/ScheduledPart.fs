namespace CuteDl.Core.Optimizers

open System
open System.Collections.Concurrent
open System.Linq.Expressions
open System.Reflection

/// Writing a hyper-parameter into a record that nobody else has, where a new record for each value would be too much.
module internal HyperParameterField =

    // Compiled once for each field, however many optimizers have a schedule of it.
    let private writers = ConcurrentDictionary<FieldInfo, Action<IPart, float>>()

    let private compile (field: FieldInfo) : Action<IPart, float> =
        let part = Expression.Parameter typeof<IPart>
        let value = Expression.Parameter typeof<float>

        match field.DeclaringType with
        | null -> invalidOp "the field of a record has a type."
        | record ->
            let place = Expression.Field(Expression.Convert(part, record), field)
            Expression.Lambda<Action<IPart, float>>(Expression.Assign(place, value), part, value).Compile()

    /// How to give a part another value of a hyper-parameter, found by comparing two that were made with two values: by writing to the
    /// one field that holds it; by doing nothing, where the part has nothing of it. None, if it is anything else.
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
/// A part whose hyper-parameters follow schedules, as it is in the step at hand. Its second step finds out how to write the values into a
/// record of its own, so that further steps allocate nothing; the first makes new records, which is less for a plan that takes one step,
/// as those of pure steps do.
/// </summary>
/// <param name="whole">The part with its constants.</param>
/// <param name="select">What is used of it: itself, or one of those that it is made of.</param>
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

        // Hyper-parameters that must fit together are checked as a whole.
        let isSeen =
            match whole with
            | :? ICompositeRule -> not (whole :? ICheckedPart)
            | _ -> true

        if isSeen && found |> Array.forall ValueOption.isSome then
            writers <- found |> Array.map ValueOption.get
            part <- select start
            isWritten <- true

    /// A step begins, in which all values will be set.
    member _.Begin() : unit =
        steps <- steps + 1L

        if steps = 2L then
            findWriters ()

        current <- whole

    /// Gives one of the arguments a value, which must be allowed.
    member _.Set(index: int, value: float) : unit =
        if isWritten then
            writers[index].Invoke(part, value)
        else
            current <- arguments[index].Set(current, value)

    /// What does not fit together, as a sentence; empty if all does.
    member _.Problem: string =
        match (if isWritten then part else current) with
        | :? ICheckedPart as part -> part.Problem
        | _ -> ""

    /// The part with its values.
    member _.Part: IPart =
        if not isWritten then
            part <- select current

        part
