namespace CuteDl.Studies

open System.Collections.Generic
open System.Collections.Immutable

/// What an index reads from a plan, once.
type private PlanContent =
    {
        Plan: Plan
        Ids: string array
        Positions: Dictionary<string, int>
        Budget: string -> float
        /// The weight of all trials that are needed.
        Weight: float
        Groups: Dictionary<struct (string * string * int), int array>
    }

/// An index of a plan for the schedule's frequent queries: unfinished trials, earlier trials of a group, and progress. Immutable.
[<Sealed>]
type internal PlanIndex private (content: PlanContent, unfinished: ImmutableSortedSet<int>, left: float) =
    let { Plan = plan; Ids = ids } = content

    let isOfGroup (struct (task, contender, seed)) (trial: Trial) =
        trial.Phase = Phase.Tuning && trial.Seed = seed && trial.Contender = contender && trial.Task = task

    let group (trial: Trial) : int array =
        let key = struct (trial.Task, trial.Contender, trial.Seed)

        match content.Groups.TryGetValue key with
        | true, known -> known
        | _ ->
            let made =
                [| for position in 0 .. plan.Trials.Length - 1 do
                       if isOfGroup key plan.Trials[position] then
                           position |]

            content.Groups[key] <- made
            made

    /// <summary>Makes the index of a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="idOf">Returns the id of a trial.</param>
    /// <param name="budget">Returns the weight of a trial by its task.</param>
    /// <param name="isFinished">True if the trial with an id has a result.</param>
    static member Of(plan: Plan, idOf: Trial -> string, budget: string -> float, isFinished: string -> bool) : PlanIndex =
        let ids = Array.map idOf plan.Trials
        let positions = Dictionary<string, int> ids.Length
        ids |> Array.iteri (fun position id -> positions[id] <- position)

        let unfinished =
            [| for position in 0 .. ids.Length - 1 do
                   if not (isFinished ids[position]) then
                       position |]

        let later = plan.Later |> List.sumBy (fun (task, count) -> float count * budget task)
        let weight = later + (plan.Trials |> Array.sumBy (fun trial -> budget trial.Task))
        let left = later + (unfinished |> Array.sumBy (fun position -> budget plan.Trials[position].Task))

        let content =
            { Plan = plan
              Ids = ids
              Positions = positions
              Budget = budget
              Weight = weight
              Groups = Dictionary() }

        PlanIndex(content, ImmutableSortedSet.CreateRange unfinished, left)

    /// <summary>Returns the index of the same plan after a trial has ended.</summary>
    member index.Without(id: string) : PlanIndex =
        match content.Positions.TryGetValue id with
        | true, position when unfinished.Contains position ->
            PlanIndex(content, unfinished.Remove position, left - content.Budget plan.Trials[position].Task)
        | _ -> index

    member _.Plan = plan

    /// The number of trials without a result.
    member _.UnfinishedCount = unfinished.Count

    /// The trials without a result, with their ids, in the order of the plan.
    member _.Unfinished: struct (string * Trial) seq =
        unfinished |> Seq.map (fun position -> struct (ids[position], plan.Trials[position]))

    /// Returns the trial with an id, if the plan has it.
    member _.Find(id: string) : Trial voption =
        match content.Positions.TryGetValue id with
        | true, position -> ValueSome plan.Trials[position]
        | _ -> ValueNone

    /// Returns the ids of the tuning trials with the same contender, task and seed, and an earlier setting.
    member _.Before(trial: Trial) : string array =
        [| for position in group trial do
               if plan.Trials[position].Setting < trial.Setting then
                   ids[position] |]

    /// Returns the finished share of the expected steps. The steps of started trials are added.
    member _.Share(underWay: float) : float =
        if content.Weight > 0.0 then min 1.0 ((content.Weight - left + underWay) / content.Weight) else 0.0
