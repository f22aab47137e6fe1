namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic

/// <summary>
/// The kinds of rules and transformations, and the schedules of one's own, that a text form can name, as an immutable value. Everything that
/// reads text forms uses the standard registry unless another one is given.
/// </summary>
[<Sealed>]
type Registry private (kinds: RuleKind list, schedules: OwnSchedule list) =
    let byName = Dictionary<string, RuleKind>(StringComparer.OrdinalIgnoreCase)

    do
        for kind in kinds do
            byName.Add(kind.Name, kind)

    /// <summary>The rules and transformations of the library. It has all schedules of the library and no others.</summary>
    static member val Standard = Registry(Rules.known, [])

    /// <summary>The kinds: those of the library, then the others in the order in which they were added.</summary>
    member _.Kinds: IReadOnlyList<RuleKind> = kinds

    /// <summary>The schedules of one's own, in the order in which they were added.</summary>
    member _.Schedules: IReadOnlyList<OwnSchedule> = schedules

    /// <summary>Returns a registry with one more kind; this registry does not change.</summary>
    /// <param name="kind">The kind of a record that describes itself: <c>RuleKind&lt;MyRule&gt;.Of.Kind</c>.</param>
    /// <exception cref="T:System.ArgumentException">
    /// The registry has a kind or a schedule of this name, or the kind does not describe its hyper-parameters.
    /// </exception>
    member _.Add(kind: RuleKind) : Registry =
        if (OwnSchedules.tryFind kind.Name schedules).IsSome then
            raise (ArgumentException($"The registry has a schedule {kind.Name} already. Give the rule another name.", nameof kind))

        if not kind.IsDescribed then
            raise (
                ArgumentException(
                    $"{kind.Name} does not describe its hyper-parameters, so its text form would lose them. Implement IDescribed in the record of the rule.",
                    nameof kind
                )
            )

        match byName.TryGetValue kind.Name with
        | true, known ->
            raise (
                ArgumentException(
                    $"The registry has {known.Name} already, for the type {known.Record}. Give each rule a name of its own.",
                    nameof kind
                )
            )
        | _ -> Registry(kinds @ [ kind ], schedules)

    /// <summary>Returns a registry with one more schedule; this registry does not change.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <exception cref="T:System.ArgumentException">The registry has a schedule or a rule of this name.</exception>
    member _.Add(schedule: OwnSchedule) : Registry =
        let refuse (what: string) : Registry =
            raise (
                ArgumentException(
                    $"The registry has a {what} {schedule} already. Give the schedule another name, and add each schedule once.",
                    nameof schedule
                )
            )

        if byName.ContainsKey schedule.Name then refuse "rule"
        elif (OwnSchedules.tryFind schedule.Name schedules).IsSome then refuse "schedule"
        else Registry(kinds, schedules @ [ schedule ])

    /// Returns the kind of a name, in any case.
    member internal _.TryFind(name: string) : RuleKind option =
        match byName.TryGetValue name with
        | true, kind -> Some kind
        | _ -> None

    /// True if this kind, and not another one of its name, is registered.
    member internal registry.Has(kind: RuleKind) : bool =
        registry.TryFind kind.Name |> Option.exists (fun known -> obj.ReferenceEquals(known, kind))
