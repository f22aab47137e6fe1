namespace CuteDl.Studies

/// A tuning, and the seeds of the compared trials that use the settings it selects.
type internal Repetition =
    {
        /// The number of the repetition, from 0.
        Number: int
        /// None if contenders run as they are given.
        Tuning: Tuning option
        Seeds: int list
    }

/// Repeats a nested tuning for each seed of the compared trials.
[<RequireQualifiedAccess>]
module internal Repetitions =
    /// Returns the tuning seeds of all repetitions, without end. The first repetition has the tuning seeds of the study. The others have the
    /// numbers after the greatest of them, except the seeds of other trials. So a repetition has the same seeds at each interim look.
    let private tuningSeeds (protocol: Protocol) (tuning: Tuning) : int list seq =
        let taken =
            Set.ofList
                [ yield! tuning.Seeds
                  yield! StudyDesign.seedsAtMost protocol.Confirmation
                  match protocol.Frontier with
                  | Some frontier -> yield! frontier.Seeds
                  | None -> () ]

        let greatest = List.max tuning.Seeds

        // Beyond the largest whole number, the sum continues at the smallest one.
        Seq.initInfinite (fun i -> greatest + 1 + i)
        |> Seq.filter (taken.Contains >> not)
        |> Seq.chunkBySize tuning.Seeds.Length
        |> Seq.map List.ofArray
        |> Seq.append [ tuning.Seeds ]

    /// <summary>
    /// Returns the repetitions for the first seeds of a study: one for each seed if the tuning is nested, else one for all. The first tuning
    /// seed scrambles the search, so each repetition of a quasi-random search tries other settings.
    /// </summary>
    /// <param name="protocol">The protocol.</param>
    /// <param name="seeds">The first seeds of the compared trials.</param>
    let ofSeeds (protocol: Protocol) (seeds: int list) : Repetition list =
        match protocol.Tuning with
        | Some tuning when tuning.Nested ->
            Seq.zip seeds (tuningSeeds protocol tuning)
            |> Seq.mapi (fun number (seed, tuningSeeds) ->
                { Number = number; Tuning = Some { tuning with Seeds = tuningSeeds }; Seeds = [ seed ] })
            |> List.ofSeq
        | Some _
        | None -> [ { Number = 0; Tuning = protocol.Tuning; Seeds = seeds } ]
