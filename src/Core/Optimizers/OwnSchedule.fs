namespace CuteDl.Core.Optimizers

open System

/// <summary>
/// A schedule of one's own: a name and any function of the step. Two of them are equal if their names are equal. A text form is the name; to
/// read it, the schedule must be in the registry.
/// </summary>
/// <param name="name">The name: small letters, digits and underscores.</param>
/// <param name="value">
/// Returns the value at a step t = 0, 1, 2, ... It must depend only on the step, so that a run can resume at any step.
/// </param>
/// <exception cref="T:System.ArgumentException">The name is not valid, or belongs to a schedule of the library.</exception>
[<Sealed>]
type OwnSchedule(name: string, value: Func<int64, float>) =
    let refuse (problem: string) : unit = raise (ArgumentException(problem, nameof name))

    do
        match Naming.problem name with
        | "" -> ()
        | problem -> refuse problem

        if Schedules.plateau :: Schedules.all |> List.exists (fun kind -> kind.Name = name) then
            refuse $"The library has a schedule {name}. Give the schedule another name."

        if List.contains name [ "true"; "false"; "inf" ] then
            refuse $"In a text form, {name} is a value. Give the schedule another name."

    /// <summary>The name in the text form. It is read in any case.</summary>
    member _.Name = name

    /// <summary>Returns the value at a step.</summary>
    member _.At(step: int64) : float = value.Invoke step

    member private _.Value = value

    /// True if both have the same name and function.
    member internal own.IsSame(other: OwnSchedule) : bool =
        obj.ReferenceEquals(own, other) || own.Name = other.Name && value.Equals(other.Value: obj)

    override _.Equals(other: obj | null) =
        match other with
        | :? OwnSchedule as other -> other.Name = name
        | _ -> false

    override _.GetHashCode() = name.GetHashCode StringComparison.Ordinal

    /// <summary>Returns the name.</summary>
    override _.ToString() = name

/// <summary>Lists of schedules of one's own.</summary>
module OwnSchedules =

    /// <summary>Returns each schedule once.</summary>
    /// <exception cref="T:System.ArgumentException">Two of one name have different functions.</exception>
    let distinct (schedules: OwnSchedule list) : OwnSchedule list =
        [ for name, same in schedules |> List.groupBy _.Name do
              if same |> List.exists (fun other -> not (other.IsSame same.Head)) then
                  raise (
                      ArgumentException(
                          $"Two schedules with different functions are named {name}. Give each its own name, or create the schedule once and use it in both places.",
                          nameof schedules
                      )
                  )

              same.Head ]

    /// Returns the schedule of a name, in any case.
    let internal tryFind (name: string) (schedules: OwnSchedule seq) : OwnSchedule option =
        schedules
        |> Seq.tryFind (fun own -> String.Equals(own.Name, name, StringComparison.OrdinalIgnoreCase))
