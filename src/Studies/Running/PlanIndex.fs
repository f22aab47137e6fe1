namespace CuteDl.Studies

open System.Collections.Generic

/// An index of a plan for the schedule's frequent queries: unfinished trials, earlier trials of a group, and progress.
[<Sealed>]
type internal PlanIndex(plan: Plan, budget: string -> float, isFinished: string -> bool) =
    let unfinished =
        [| for trial in plan.Trials do
               let id = trial.Id

               if not (isFinished id) then
                   struct (id, trial) |]

    let groups = Dictionary<struct (string * string * int), struct (string * Trial) array>()

    let isOfGroup (struct (task, contender, seed)) (trial: Trial) =
        trial.Phase = Phase.Tuning && trial.Seed = seed && trial.Contender = contender && trial.Task = task

    let group (trial: Trial) =
        let key = struct (trial.Task, trial.Contender, trial.Seed)

        match groups.TryGetValue key with
        | true, known -> known
        | _ ->
            let made =
                [| for other in plan.Trials do
                       if isOfGroup key other then
                           struct (other.Id, other) |]

            groups[key] <- made
            made

    let later = plan.Later |> List.sumBy (fun (task, count) -> float count * budget task)
    let weight = later + (plan.Trials |> Array.sumBy (fun trial -> budget trial.Task))
    let left = later + (unfinished |> Array.sumBy (fun struct (_, trial) -> budget trial.Task))

    member _.Plan = plan

    /// The trials without a result, with their ids, in the order of the plan.
    member _.Unfinished = unfinished

    /// Returns the ids of the tuning trials with the same contender, task and seed, and an earlier setting.
    member _.Before(trial: Trial) : string array =
        [| for struct (id, other) in group trial do
               if other.Setting < trial.Setting then
                   id |]

    /// Returns the finished share of the expected steps. The steps of started trials are added.
    member _.Share(underWay: float) : float = if weight > 0.0 then min 1.0 ((weight - left + underWay) / weight) else 0.0
