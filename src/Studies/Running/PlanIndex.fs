namespace CuteDl.Studies

open System.Collections.Generic

/// A plan as the scheduler asks it, many times between two results: what is unfinished, who stands before whom, how much is done.
[<Sealed>]
type internal PlanIndex(plan: Plan, budget: Trial -> float, isFinished: string -> bool) =
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

    let weight = plan.Trials |> Array.sumBy budget
    let left = unfinished |> Array.sumBy (fun struct (_, trial) -> budget trial)

    member _.Plan = plan

    /// The trials that have no result, with their ids, in the plan's order.
    member _.Unfinished = unfinished

    /// The ids of the tuning trials of the same contender, task and seed whose settings are earlier.
    member _.Before(trial: Trial) : string array =
        [| for struct (id, other) in group trial do
               if other.Setting < trial.Setting then
                   id |]

    /// The share of the planned steps that is done, with these under way.
    member _.Share(underWay: float) : float = if weight > 0.0 then min 1.0 ((weight - left + underWay) / weight) else 0.0
