namespace CuteDl.Core.Optimizers

open System
open System.Collections.Concurrent
open System.Linq.Expressions
open System.Reflection
open System.Runtime.CompilerServices

/// Writes a hyper-parameter into a scheduled part, which owns its record. Writing saves the allocation of a new record at each step.
module internal HyperParameterField =

    // Compiled once for each field, and shared by all optimizers.
    let private writers = ConcurrentDictionary<FieldInfo, Action<obj, float>>()

    /// The property of a C# record has a setter, and its field is read-only. F# records have no setter.
    let private isWritable (argument: Argument) = argument.PropertyInfo.CanWrite || not argument.Field.IsInitOnly

    let private compile (argument: Argument) : Action<obj, float> =
        let part = Expression.Parameter typeof<obj>
        let value = Expression.Parameter typeof<float>

        match argument.Field.DeclaringType with
        | null -> invalidOp "The field of a record has no declaring type."
        | record ->
            let own = Expression.Convert(part, record)

            let place =
                if argument.PropertyInfo.CanWrite then
                    Expression.Property(own, argument.PropertyInfo)
                else
                    Expression.Field(own, argument.Field)

            Expression.Lambda<Action<obj, float>>(Expression.Assign(place, value), part, value).Compile()

    /// Returns a writer. Where code cannot be compiled at run time, and for read-only properties, it allocates a boxed number.
    let writer (argument: Argument) : Action<obj, float> =
        if RuntimeFeature.IsDynamicCodeCompiled && isWritable argument then
            writers.GetOrAdd(argument.Field, (fun _ -> compile argument))
        else
            Action<obj, float>(fun part value -> argument.Field.SetValue(part, box value))

/// <summary>
/// A part whose hyper-parameters follow schedules, with the values of the current step. It owns its record, and writes into it. Its first
/// step uses reflection, which is cheaper for an optimizer that takes only one step; later steps allocate nothing.
/// </summary>
/// <param name="whole">The part with its constants.</param>
/// <param name="select">Selects the part itself, or one of its components.</param>
/// <param name="arguments">The hyper-parameters that follow schedules.</param>
[<Sealed>]
type internal ScheduledPart(whole: IPart, select: IPart -> IPart, arguments: Argument array) =
    let own = Argument.Copy whole
    // Components read the hyper-parameters of the part that made them.
    let part = select own
    let mutable steps = 0L
    let mutable writers: Action<obj, float> array = [||]

    /// Begins a step, in which all values must be set.
    member _.Begin() : unit =
        steps <- steps + 1L

        if steps = 2L then
            writers <- arguments |> Array.map HyperParameterField.writer

    /// Sets an argument to an allowed value.
    member _.Set(index: int, value: float) : unit =
        if writers.Length > 0 then
            writers[index].Invoke(own, value)
        else
            arguments[index].Field.SetValue(own, box value)

    /// The contradiction between hyper-parameters, as a sentence; empty if there is none.
    member _.Problem: string =
        match own with
        | :? ICheckedPart as part -> part.Problem
        | _ -> ""

    /// The part with the values of this step.
    member _.Part: IPart = part
