namespace CuteDl.Studies

open CuteDl.Core.Optimizers

/// The format of <c>frontier</c>.
[<RequireQualifiedAccess>]
module internal FrontierFormat =
    let private rate = Shape.number ArgumentRange.positive

    /// Rates with equal ratios. They are printed as a list.
    let private spread: Shape<float list> =
        let shape =
            record<float * float * int> {
                let! low =
                    Field.optional "from" "The smallest learning rate." rate StudyDefaults.LowestRate (fun (low, _, _) -> low)

                and! high =
                    Field.optional "to" "The largest learning rate." rate StudyDefaults.HighestRate (fun (_, high, _) -> high)

                and! points =
                    Field.optional "points" "The number of learning rates." (Shape.whole 2 1000) StudyDefaults.Rates (fun (_, _, points) ->
                        points)

                return low, high, points
            }

        let rates (low, high, points) = if low < high then Settings.logarithmic low high points else []

        shape
        |> Shape.ensure "\"from\" below \"to\", with room for \"points\" distinct rates" (fun spread ->
            let rates = rates spread
            not rates.IsEmpty && rates |> List.pairwise |> List.forall (fun (before, after) -> before < after))
        |> Shape.convert rates (fun rates -> List.head rates, List.last rates, rates.Length)

    let private rates: Shape<float list> =
        Form.choice
            [ Shape.items "rates" rate |> Shape.ascending |> Form.make Form.isList "a list of rates" id Some
              spread
              |> Form.make Form.isObject "{ \"from\": ..., \"to\": ..., \"points\": ... }" id (fun _ -> None) ]

    let private field name = Field.from StudyDefaults.frontier name

    let shape: Shape<Frontier> =
        record<Frontier> {
            let! rates =
                field
                    "rates"
                    "The learning rates in ascending order, or a range and a number of points. The points have equal ratios, rounded to three digits."
                    rates
                    _.Rates

            and! seeds =
                field "seeds" "The seeds for each learning rate." (Form.seeds StudyDefaults.FirstFrontierSeed) _.Seeds

            return { Rates = rates; Seeds = seeds }
        }
