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

    /// <summary>
    /// Returns the small form: about a quarter of the steps, usually at most four settings for each optimizer, one tuning, and no
    /// extensions. The validation interval is shorter if the smaller budget needs it. If stop rules can end runs, the steps are unchanged. It has at most ten seeds, one look and no default settings. The
    /// frontier keeps every second rate, with one seed. Smaller values are unchanged. The name gets the suffix "(quick)".
    /// </summary>
    let study (study: StudyDesign) : StudyDesign =
        let protocol = study.Protocol
        let confirmation = protocol.Confirmation

        let tasks =
            // Stop rules count validations.
            if protocol.CanStop then study.Tasks else List.map (task confirmation.EqualWithin) study.Tasks

        { study with
            Name = $"{study.Name} (quick)"
            Tasks = tasks
            Protocol =
                { protocol with
                    Tuning = protocol.Tuning |> Option.map (tuning study.Contenders)
                    Confirmation =
                        { confirmation with
                            Seeds = List.truncate seeds confirmation.Seeds
                            InterimLooks = None
                            Defaults = false }
                    Frontier =
                        protocol.Frontier
                        |> Option.map (fun frontier -> { Rates = everySecond frontier.Rates; Seeds = List.truncate 1 frontier.Seeds }) } }
