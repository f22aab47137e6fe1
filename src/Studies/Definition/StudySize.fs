namespace CuteDl.Studies

/// <summary>Estimates the size of a study before it runs.</summary>
[<RequireQualifiedAccess>]
module StudySize =
    let private rated (contender: Contender) = not (Settings.arguments "lr" contender.Optimizer).IsEmpty

    /// Returns the seeds of the compared trials that follow from the study alone.
    let private seeds (study: StudyDesign) (untilDecided: bool) : int list =
        let confirmation = study.Protocol.Confirmation

        match confirmation.InterimLooks with
        | Some looks when untilDecided -> StudyDesign.seedsToLook confirmation looks |> List.truncate (List.head looks.Seeds)
        | Some _
        | None -> confirmation.Seeds

    /// Returns the number of frontier trials on each task. Rates that an optimizer rejects are counted.
    let internal frontier (study: StudyDesign) : int =
        match study.Protocol.Frontier with
        | Some frontier -> (study.Contenders |> List.filter rated).Length * frontier.Rates.Length * frontier.Seeds.Length
        | None -> 0

    /// <summary>
    /// Returns the number of trials on each task that follow after tuning. Seeds added at interim looks need more. Rates of the frontier that an
    /// optimizer rejects are counted, but not run.
    /// </summary>
    /// <param name="study">The study.</param>
    /// <param name="untilDecided">True if seeds are added at the interim looks. Then only the seeds of the first look are counted.</param>
    let afterTuning (study: StudyDesign) (untilDecided: bool) : int =
        let variants = if study.Protocol.Confirmation.Defaults then 2 else 1
        study.Contenders.Length * (seeds study untilDecided).Length * variants + frontier study

    /// <summary>Returns the number of trials that follows from the study alone. Extensions of search spaces need more.</summary>
    /// <param name="study">The study. Its search spaces must fit the search.</param>
    /// <param name="untilDecided">True if seeds are added at the interim looks: see <c>afterTuning</c>.</param>
    let trials (study: StudyDesign) (untilDecided: bool) : int =
        let settings =
            match study.Protocol.Tuning with
            | None -> 0
            | Some tuning ->
                // Every repetition has as many settings and tuning seeds as the first.
                (Repetitions.ofSeeds study.Protocol (seeds study untilDecided)).Length
                * tuning.Seeds.Length
                * (study.Contenders |> List.sumBy (fun contender -> (Settings.start tuning contender).Settings.Length))

        study.Tasks.Length * (settings + afterTuning study untilDecided)
