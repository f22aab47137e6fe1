namespace CuteDl.Studies

open CuteDl.Studies.Statistics

/// <summary>States which differences a study can find with its number of seeds.</summary>
[<RequireQualifiedAccess>]
module StudyPower =
    // Small, medium and large differences, in standard deviations.
    let private shown = [ 1.0; 1.5; 2.0; 3.0 ]

    /// <summary>
    /// Returns the power to name a winner, in sentences: the smallest difference that is found in 80 % of studies, and the probability to find
    /// some others. Differences are in standard deviations of the difference between two runs with one seed. The level is the strictest of
    /// Holm's correction, at the last interim look. The text is empty if there is only one contender.
    /// </summary>
    /// <param name="study">The study, as it is carried out.</param>
    let sentence (study: StudyDesign) : string =
        let pairs = (Measures.pairs study).Length
        let seeds = Array.last (Analysis.planned study)

        if pairs = 0 then
            ""
        else
            let pairText = if pairs = 1 then "1 pair" else $"{pairs} pairs"
            let subject = $"Power: with {SentenceText.seeds seeds} and {pairText}"
            let isRanked = seeds >= Measures.FewestToRank
            let level = lazy (Array.last (Analysis.levels study) / float pairs)
            let least = if isRanked then Power.detectable level.Value seeds else infinity

            if least = infinity then
                $"{subject}, no difference is found in 80 %% of studies, however large."
            else
                let found difference = round (100.0 * Power.ofDifference level.Value seeds difference) / 100.0

                let each =
                    shown
                    |> List.map (fun difference -> $"of {difference} in {SentenceText.percent (found difference)}")

                $"{subject}, a difference of {SentenceText.ratio least} standard deviations is found in 80 %% of studies; one {SentenceText.list each}. This is the standard deviation of the difference between two runs with the same seed."
