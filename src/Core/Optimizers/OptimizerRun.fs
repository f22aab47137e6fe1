namespace CuteDl.Core.Optimizers

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

    // Parts count only the steps that they take: those after accumulate(k) take every k-th one.
    let private after (part: Optimizer) (steps: int64) : int64 =
        match part.Tree with
        | OptimizerTree.Single(_, (:? Accumulate as accumulate), _) -> max 1L (steps / accumulate.Steps)
        | OptimizerTree.Single _
        | OptimizerTree.Chain _
        | OptimizerTree.Groups _ -> steps

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
                let resolved =
                    parts |> List.mapFold (fun steps part -> resolve steps part, after part steps) steps |> fst

                Optimizer(OptimizerTree.Chain resolved)
            | OptimizerTree.Groups groups ->
                Optimizer(OptimizerTree.Groups [ for group in groups -> { group with Optimizer = resolve steps group.Optimizer } ])
