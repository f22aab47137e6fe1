namespace CuteDl.Studies

/// <summary>Makes a small form of a study, for a quick test before the full study.</summary>
[<RequireQualifiedAccess>]
module Quick =
    // The number of seeds that a ranking of up to seven optimizers needs: see Lint.
    let private seeds = 10
    let private trials = 4
    let private share = 4L

    /// Keeps the validation interval, unless it resolves times in the smaller budget worse than in the whole one.
    let private task (equalWithin: float) (task: StudyTask) : StudyTask =
        let steps = (task.Steps + share - 1L) / share

        let every =
            int64 (min task.ValidateEvery (max (task.ValidateEvery / int share) (Lint.coarsest equalWithin steps)))

        // The budget ends with a validation.
        { task with
            ValidateEvery = int every
            Steps = min task.Steps ((steps + every - 1L) / every * every) }

    let private tuning (contenders: Contender list) (tuning: Tuning) : Tuning =
        let fewer =
            { tuning with
                Trials = min trials tuning.Trials
                Seeds = List.truncate 1 tuning.Seeds
                Extensions = 0
                Nested = false }

        // Some combinations of choices need more trials.
        if contenders |> List.forall (fun contender -> (Settings.problems fewer contender).IsEmpty) then
            fewer
        else
            { fewer with Trials = tuning.Trials }

    let private everySecond (values: 'value list) : 'value list =
        values |> List.indexed |> List.filter (fun (i, _) -> i % 2 = 0) |> List.map snd

    /// Reduces the seeds, and the other values if a study can set them.
    let private confirmation (kind: ProtocolKind) (confirmation: Confirmation) : Confirmation =
        let fewer = { confirmation with Seeds = List.truncate seeds confirmation.Seeds }

        if kind.Has ProtocolKey.Confirmation then { fewer with InterimLooks = None; Defaults = false }
        elif kind.Has ProtocolKey.Seeds then fewer
        else confirmation

    let private frontier (frontier: Frontier) : Frontier = { Rates = everySecond frontier.Rates; Seeds = List.truncate 1 frontier.Seeds }

    /// <summary>
    /// Returns the small form of a study. It has about a quarter of the steps, and a shorter validation interval if this needs one. If stop
    /// rules can end runs, the steps are unchanged. It has one tuning without extensions, usually of at most four settings for each optimizer,
    /// and one tuning seed. It has at most ten seeds, one look and no default settings. The frontier keeps every second rate, with one seed.
    /// Smaller values are unchanged, and so are the parts that the protocol does not let a study set. The name gets the suffix "(quick)".
    /// </summary>
    let study (study: StudyDesign) : StudyDesign =
        let protocol = study.Protocol
        let kind = protocol.Kind

        let tasks =
            // Stop rules count validations.
            if protocol.CanStop then
                study.Tasks
            else
                List.map (task protocol.Confirmation.EqualWithin) study.Tasks

        let ifSet key (smaller: 'part -> 'part) (part: 'part) : 'part = if kind.Has key then smaller part else part

        { study with
            Name = $"{study.Name} (quick)"
            Tasks = tasks
            Protocol =
                { protocol with
                    Tuning = protocol.Tuning |> ifSet ProtocolKey.Tuning (Option.map (tuning study.Contenders))
                    Confirmation = confirmation kind protocol.Confirmation
                    Frontier = protocol.Frontier |> ifSet ProtocolKey.Frontier (Option.map frontier) } }
