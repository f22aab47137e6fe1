namespace CuteDl.Core.Optimizers

open System

/// Shares of the run in the schedules of an optimizer.
module internal OptimizerRun =

    let private schedules (optimizer: Optimizer) : Schedule list =
        [ for _, _, scheduled in optimizer.Singles do
              for _, setting in scheduled do
                  match setting with
                  | Setting.Schedule schedule -> schedule
                  | Setting.Plateau _ -> () ]

    /// True if a schedule has a share of the run.
    let dependsOnRun (optimizer: Optimizer) : bool = schedules optimizer |> List.exists Schedule.dependsOnRun

    /// Throws if a schedule has a share of the run.
    let refuse (optimizer: Optimizer) : unit =
        match List.tryPick RunLength.tryFindShare (schedules optimizer) with
        | Some(schedule, percent) -> raise (RunLength.unknown schedule percent)
        | None -> ()

    /// Returns the steps that the parts after this one count: those after accumulate(k) take every k-th one. Groups can differ.
    let rec private after (part: Optimizer) (steps: int64) : int64 list =
        match part.Tree with
        | OptimizerTree.Single(_, (:? Accumulate as accumulate), _) -> [ max 1L (steps / accumulate.Steps) ]
        | OptimizerTree.Single _ -> [ steps ]
        | OptimizerTree.Chain parts -> List.fold (fun lengths part -> afterAny part lengths) [ steps ] parts
        | OptimizerTree.Groups groups -> groups |> List.collect (fun group -> after group.Optimizer steps) |> List.distinct

    and private afterAny (part: Optimizer) (lengths: int64 list) : int64 list = lengths |> List.collect (after part) |> List.distinct

    /// Returns the number of steps of a part with a share of the run; throws if the groups before it take different numbers of steps.
    let private lengthOf (part: Optimizer) (lengths: int64 list) : int64 =
        match lengths with
        | [ steps ] -> steps
        | _ ->
            let numbers = String.Join(" and ", List.sort lengths)

            raise (
                ArgumentException(
                    $"{Quotation.shorten (string part)} has a share of the run, but the groups before it take different numbers of steps: {numbers}. "
                    + "Use numbers of steps instead of shares, or write the part inside each group.",
                    "optimizer"
                )
            )

    /// Returns the optimizer in a run of this many steps; the same object if no schedule has a share of the run.
    let rec resolve (steps: int64) (optimizer: Optimizer) : Optimizer =
        if not (dependsOnRun optimizer) then
            optimizer
        else
            match optimizer.Tree with
            | OptimizerTree.Single(kind, part, scheduled) ->
                let resolved =
                    [ for argument, setting in scheduled do
                          match setting with
                          | Setting.Schedule schedule -> argument, Setting.Schedule(Schedule.forRun steps schedule)
                          | Setting.Plateau _ -> argument, setting ]

                Optimizer(OptimizerTree.Single(kind, part, resolved))
            | OptimizerTree.Chain parts ->
                let next (lengths: int64 list) (part: Optimizer) =
                    let resolved = if dependsOnRun part then resolve (lengthOf part lengths) part else part
                    resolved, afterAny part lengths

                Optimizer(OptimizerTree.Chain(fst (List.mapFold next [ steps ] parts)))
            | OptimizerTree.Groups groups ->
                Optimizer(OptimizerTree.Groups [ for group in groups -> { group with Optimizer = resolve steps group.Optimizer } ])
