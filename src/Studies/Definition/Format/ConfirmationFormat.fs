namespace CuteDl.Studies

open CuteDl.Core.Optimizers

/// The format of <c>confirmation</c>.
[<RequireQualifiedAccess>]
module internal ConfirmationFormat =
    let private looks: Shape<InterimLooks option> =
        Shape.items "numbers of seeds" (Shape.atLeast 1)
        |> Shape.ascending
        |> Shape.convert (fun seeds -> { InterimLooks.Seeds = seeds }) _.Seeds
        |> Form.orWord "none" Form.isList "a list of numbers of seeds"

    /// A study starts with its seeds, and adds seeds up to its last look.
    let private seedsWith (usual: Confirmation) (looks: InterimLooks option) : int list =
        match looks with
        | Some looks -> usual.Seeds |> List.truncate (List.last looks.Seeds)
        | None -> usual.Seeds

    /// Default settings differ from the others only after tuning.
    let private defaults (usual: Confirmation) (isTuned: bool) : Fields<Confirmation, bool> =
        if isTuned then
            Field.from usual "defaults" "True to train the default settings too, in addition to the tuned settings." Shape.flag _.Defaults
        else
            Fields.constant false

    /// The format of comparisons with these values by default.
    let shape (usual: Confirmation) (isTuned: bool) : Shape<Confirmation> =
        let field name = Field.from usual name

        fields<Confirmation> {
            let! seeds =
                Field.given
                    "seeds"
                    $"The fresh seeds; every optimizer is trained with each of them. A ranking needs at least 6 seeds. The default is {usual.Seeds.Length}, or the last of the looks if that is smaller."
                    (Form.seeds StudyDefaults.FirstConfirmationSeed)
                    (fun confirmation -> Some confirmation.Seeds)

            and! alpha =
                field "alpha" "The family-wise error rate for each task and metric." (Shape.number ArgumentRange.betweenZeroAndOne) _.Alpha

            and! equalWithin =
                field
                    "equal_within"
                    "The margin of equality: ratios of steps up to this value count as equal."
                    (Shape.number { ArgumentRange.positive with Lower = 1.0 })
                    _.EqualWithin

            and! looks =
                field
                    "looks"
                    "The interim looks: the numbers of seeds, ascending, at which the study can end early. Seeds are added up to the last number."
                    looks
                    _.InterimLooks

            and! defaults = defaults usual isTuned

            return
                { Seeds = seeds |> Option.defaultWith (fun () -> seedsWith usual looks)
                  Alpha = alpha
                  EqualWithin = equalWithin
                  InterimLooks = looks
                  Defaults = defaults }
        }
        |> Fields.choose (fun found confirmation ->
            match confirmation.InterimLooks with
            | Some looks when List.last looks.Seeds < confirmation.Seeds.Length ->
                found.Fail(
                    "looks",
                    $"The last interim look is at {List.last looks.Seeds} seeds, but the study starts with {confirmation.Seeds.Length}. Use a last look of at least {confirmation.Seeds.Length} seeds."
                )

                None
            | Some _
            | None -> Some confirmation)
        |> Fields.shape
