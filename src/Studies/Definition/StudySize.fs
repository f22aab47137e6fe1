namespace CuteDl.Studies

/// <summary>How much work a study is, before anything is computed.</summary>
[<RequireQualifiedAccess>]
module StudySize =
    let private rated (contender: Contender) = not (Settings.arguments "lr" contender.Optimizer).IsEmpty

    /// <summary>
    /// The trials that it needs, as far as the study alone tells: those of spaces that tuning makes longer, and of seeds that a look adds,
    /// come on top; rates of the frontier that an optimizer refuses are left out later.
    /// </summary>
    /// <param name="study">The study, whose spaces can be searched.</param>
    /// <param name="untilDecided">Whether seeds are added at the study's looks: then the first look's are counted.</param>
    let trials (study: StudyDesign) (untilDecided: bool) : int =
        let contenders = study.Contenders.Length

        let perTask =
            match study.Protocol with
            | Document seeds -> contenders * seeds.Length
            | Fair(tuning, confirmation, frontier) ->
                let settings =
                    study.Contenders |> List.sumBy (fun contender -> (Settings.start tuning contender).Settings.Length)

                let seeds =
                    match confirmation.Looks with
                    | Some looks when untilDecided -> List.head looks.Seeds
                    | _ -> confirmation.Seeds.Length

                let rates =
                    match frontier with
                    | Some frontier -> (study.Contenders |> List.filter rated).Length * frontier.Rates.Length * frontier.Seeds.Length
                    | None -> 0

                settings * tuning.Seeds.Length
                + contenders * seeds * (if confirmation.Defaults then 2 else 1)
                + rates

        study.Tasks.Length * perTask
