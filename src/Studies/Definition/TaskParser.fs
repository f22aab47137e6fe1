namespace CuteDl.Studies

open System
open System.Globalization
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// Reads a task from a JSON tree.
[<RequireQualifiedAccess>]
module internal TaskParser =
    let private most = Int32.MaxValue

    let private source (reading: Reading) (place: Place) : ImageSource * int option =
        match place.Tree.Value with
        | JsonValue.Text "mnist" -> Mnist, Some StudyKeys.mnistImages
        | JsonValue.Object _ ->
            let found = reading.Members(place, StudyKeys.folder)
            let path = found.Required("folder", "?", reading.Text)

            let classes =
                found.Optional("classes", StudyKeys.mnistClasses, (fun place -> reading.Int(place, 2, 256)))

            let images = found.Optional("training_images", None, (fun place -> Some(reading.Int(place, 1, most))))

            let expansion =
                found.Optional("max_expansion", Growing.DefaultExpansion, (fun place -> reading.Int(place, 1, most)))

            Folder(path, classes, expansion), images
        | _ ->
            reading.FailValue(place, "\"mnist\" or { \"folder\": ..., \"classes\": ... }")
            Mnist, None

    let private split (reading: Reading) (images: int option) (place: Place) : Split =
        match place.Tree.Value with
        | JsonValue.Text word when word = StudyKeys.TestAsValidation -> TestAsValidation
        | JsonValue.Object _ ->
            let found = reading.Members(place, StudyKeys.holdOut)
            let largest = (defaultArg images most) - 1

            let validation =
                found.Optional("validation", min 5000 largest, (fun place -> reading.Int(place, 1, largest)))

            HoldOut(validation, found.Optional("seed", 0, (fun place -> reading.Int(place, Int32.MinValue, most))))
        | _ ->
            reading.FailValue(place, $"{{ \"validation\": ..., \"seed\": ... }} or \"{StudyKeys.TestAsValidation}\"")
            TestAsValidation

    let private initialization (reading: Reading) (place: Place) : Initialization =
        match place.Tree.Value with
        | JsonValue.Text "he" -> He
        | JsonValue.Text "glorot" -> Glorot
        | JsonValue.Text text when text.StartsWith("normal(", StringComparison.Ordinal) && text.EndsWith ')' ->
            let inner = text.Substring(7, text.Length - 8)

            match Double.TryParse(inner, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, deviation when deviation > 0.0 && Double.IsFinite deviation -> Normal deviation
            | _ ->
                reading.FailValue(place, "\"normal(σ)\" with a standard deviation σ above 0")
                He
        | _ ->
            reading.FailValue(place, "\"he\", \"glorot\" or \"normal(0.01)\"")
            He

    let private layer (reading: Reading) (place: Place) : Layer =
        let isDropout =
            match place.Tree.Value with
            | JsonValue.Object members -> members |> List.exists (fst >> (=) "dropout")
            | _ -> false

        if isDropout then
            let found = reading.Members(place, StudyKeys.dropout)
            Dropout(found.Required("dropout", 0.0, (fun place -> reading.Number(place, ArgumentRange.belowOne))))
        else
            let found = reading.Members(place, StudyKeys.dense)
            let units = found.Required("dense", 1, (fun place -> reading.Int(place, 1, most)))
            Dense(units, found.Optional("activation", ReLU, (fun place -> reading.Word(place, StudyKeys.activations))))

    let private layers (reading: Reading) (found: Members) (classes: int) : Layer list =
        let word name otherwise =
            found.Optional(name, otherwise, (fun place -> reading.Word(place, StudyKeys.activations)))

        match found.TryFind "layers" with
        | None ->
            let hidden =
                found.Optional(
                    "hidden",
                    [ 128 ],
                    fun place ->
                        match place.Tree.Value with
                        | JsonValue.List [] -> []
                        | _ -> reading.Items(place, "numbers of units") |> List.map (fun item -> reading.Int(item, 1, most))
                )

            let dropout =
                found.Optional("dropout", 0.0, (fun place -> reading.Number(place, ArgumentRange.belowOne)))

            StudyKeys.layers hidden (word "activation" ReLU) dropout (word "output" Linear) classes
        | Some place ->
            for name in [ "hidden"; "activation"; "dropout"; "output" ] do
                match found.TryFind name with
                | Some other -> reading.Fail(other, $"\"{name}\" cannot be used beside \"layers\". Write all layers in \"layers\".")
                | None -> ()

            let layers = reading.Items(place, "layers") |> List.map (layer reading)

            match List.tryLast layers with
            | Some(Dense(units, _)) when units = classes -> ()
            | _ -> reading.Fail(place, $"The last layer must be dense with {classes} units, one for each of the {classes} classes.")

            layers

    let private target (reading: Reading) (allowsAccuracy: bool) (place: Place) : Target =
        let has name =
            match place.Tree.Value with
            | JsonValue.Object members -> members |> List.exists (fst >> (=) name)
            | _ -> false

        if has "accuracy" && not allowsAccuracy then
            reading.FailValue(place, "{ \"loss\": ... }, because this function has no classes")
            Target.Loss 1.0
        elif has "loss" || not allowsAccuracy then
            let found = reading.Members(place, StudyKeys.lossTarget)
            Target.Loss(found.Required("loss", 1.0, (fun place -> reading.Number(place, ArgumentRange.positive))))
        else
            let found = reading.Members(place, StudyKeys.accuracyTarget)
            Accuracy(found.Required("accuracy", 1.0, (fun place -> reading.Number(place, ArgumentRange.aboveZeroToOne))))

    let private ownProblem (registry: StudyRegistry) (reading: Reading) (place: Place) : IProblem =
        let name = reading.Text place

        match registry.TryProblem name with
        | Some problem -> problem
        | None ->
            let known = registry.Problems |> Seq.map _.Kind |> List.ofSeq

            let advice =
                if known.IsEmpty then
                    "The registry has none. Read the study in its program, with a registry that has the problem."
                else
                    Suggestion.describe known name

            reading.Fail(place, $"{Quotation.quote name} is not a problem of the registry. {advice}")
            Quadratic(1, 1.0)

    let private largestCount = 1L <<< 53

    let task (registry: StudyRegistry) (reading: Reading) (place: Place) : StudyTask =
        let has (name: string) =
            match place.Tree.Value with
            | JsonValue.Object members -> members |> List.exists (fst >> (=) name)
            | _ -> false

        let isOwn = has "problem"
        let isFunction = not isOwn && has "function"
        let isImages = not (isOwn || isFunction)

        let keys =
            if isOwn then StudyKeys.ownTask
            elif isFunction then StudyKeys.functionTask
            else StudyKeys.imagesTask

        let found = reading.Members(place, keys)

        let name = found.Required("name", "?", reading.Name)
        let whole low high = fun place -> reading.Int(place, low, high)

        let precision =
            found.Optional("precision", TaskPrecision.Single, (fun place -> reading.Word(place, StudyKeys.precisions)))

        let problem, epoch =
            if isOwn then
                found.Required("problem", Quadratic(1, 1.0) :> IProblem, ownProblem registry reading), None
            elif isFunction then
                let dimensions low otherwise = found.Optional("dimensions", otherwise, whole low 1_000_000)

                let refuse name =
                    match found.TryFind name with
                    | Some place -> reading.Fail(place, $"This function has no \"{name}\". Remove this key.")
                    | None -> ()

                let kind =
                    found.Required(
                        "function",
                        "quadratic",
                        (fun place -> reading.Word(place, [ for name in StudyKeys.functions -> name, name ]))
                    )

                match kind with
                | "rosenbrock" ->
                    refuse "condition"
                    refuse "examples"
                    let dimensions = dimensions 2 2

                    if dimensions % 2 <> 0 then
                        reading.FailValue((found.TryFind "dimensions").Value, "an even number of dimensions")

                    Rosenbrock dimensions :> IProblem, None
                | "logistic_regression" ->
                    refuse "condition"
                    let examples = found.Optional("examples", 200, whole 2 1_000_000)
                    LogisticRegression(dimensions 1 10, examples), None
                | _ ->
                    refuse "examples"

                    let condition =
                        found.Optional(
                            "condition",
                            100.0,
                            (fun place -> reading.Number(place, { ArgumentRange.positive with Lower = 1.0; LowerIncluded = true }))
                        )

                    Quadratic(dimensions 1 10, condition), None
            else
                let source, images = found.Optional("data", (Mnist, Some StudyKeys.mnistImages), source reading)
                let split = found.Optional("split", HoldOut(5000, 0), split reading images)

                let classes =
                    match source with
                    | Folder(_, classes, _) -> classes
                    | _ -> StudyKeys.mnistClasses

                let batch = found.Optional("batch", 64, whole 1 1_000_000)

                let trained =
                    match split, images with
                    | HoldOut(validation, _), Some images -> Some(images - validation)
                    | TestAsValidation, images -> images
                    | _ -> None

                let images: ImagesProblem =
                    { Source = source
                      Split = split
                      Layers = layers reading found classes
                      Loss = found.Optional("loss", SoftmaxCrossEntropy, (fun place -> reading.Word(place, StudyKeys.losses)))
                      Initialization = found.Optional("initial_weights", He, initialization reading)
                      Batch = batch
                      Order = found.Optional("order", Shuffled, (fun place -> reading.Word(place, StudyKeys.orders))) }

                images :> IProblem, trained |> Option.map (fun images -> max 1 (Batches.count (max 1 images) batch))

        let steps =
            match found.TryFind "steps", (if isImages then found.TryFind "epochs" else None), epoch with
            | Some steps, Some epochs, _ ->
                reading.Fail(epochs, "\"epochs\" cannot be used beside \"steps\". Keep one of them.")
                reading.Whole(steps, 1L, largestCount)
            | Some steps, None, _ -> reading.Whole(steps, 1L, largestCount)
            | None, Some epochs, Some epoch -> reading.Whole(epochs, 1L, 1_000_000L) * int64 epoch
            | None, Some epochs, None ->
                reading.Fail(epochs, "The steps in an epoch are unknown. Use \"steps\" instead, or add \"training_images\" to the folder.")
                1L
            | None, None, Some epoch -> 10L * int64 epoch
            | None, None, None when not isImages -> 1000L
            | None, None, None ->
                reading.Fail(
                    place,
                    "The key \"steps\" is missing, and the steps in an epoch are unknown. Add \"steps\", or \"training_images\" to the folder."
                )

                1L

        let largest = int (min steps (int64 most))

        { Name = name
          Problem = problem
          Precision = precision
          Steps = steps
          ValidateEvery = found.Optional("validate_every", min largest (StudyTask.validateEvery steps), whole 1 largest)
          Target = found.Required("target", Accuracy 1.0, target reading problem.HasAccuracy) }
