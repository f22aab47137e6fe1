namespace CuteDl.Studies

open System
open System.IO
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// <summary>The division of examples into training, validation and test sets.</summary>
type Split =
    /// <summary>
    /// A hold-out of the training examples is used for validation: the number of examples, and the seed that selects them, stratified by
    /// class. The test set is scored once, at the end of a confirmation trial.
    /// </summary>
    | HoldOut of validation: int * seed: int
    /// <summary>
    /// Validates on the test set, as the source document does. Nothing else is scored.
    /// </summary>
    | TestAsValidation
    /// <summary>Validates on the validation set that data in memory have. Their test set, if any, is scored as for a hold-out.</summary>
    | GivenValidation

/// The sizes of MNIST, which this assembly does not contain.
module internal MnistSizes =
    let trainingImages = 60_000
    let classes = 10
    let shape = TensorShape.Planes(1, 28, 28)

/// Initial parameters: drawn with the trial's seed, or read.
type private InitialValues =
    | OfSeed of Initialization
    | Given of float array

/// The data set of a problem, read and divided.
type private PreparedDataSet =
    { Model: Model
      Initial: InitialValues
      Batch: int
      Order: Order
      Mean: ValidationMean
      ScoresTraining: bool
      Data: DataSets
      DataHash: string
      Identity: string }

    interface IPreparedProblem with
        member prepared.Layout = Layout.Of(Model.parameters prepared.Model)
        member prepared.Identity = prepared.Identity
        member prepared.DataHash = prepared.DataHash

        member prepared.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(seed) =
            let workload =
                NetworkWorkload<'T>(
                    prepared.Model,
                    prepared.Data,
                    prepared.Batch,
                    prepared.Order,
                    seed,
                    prepared.Mean,
                    prepared.ScoresTraining
                )

            let test (set: DataSet) (parameters: 'T array) cancellation : Quality =
                // A separate network, because its buffers fit the batches of the test set.
                let sets = { prepared.Data with Training = set; Validation = set }

                let scored: IWorkload<'T> =
                    NetworkWorkload<'T>(prepared.Model, sets, prepared.Batch, FileOrder, seed, OverExamples)

                parameters.CopyTo scored.Parameters

                match scored.Validate cancellation with
                | ValueSome(struct (quality, _)) -> quality
                | ValueNone -> raise (OperationCanceledException cancellation)

            { new IProblemInstance<'T> with
                member _.Workload = workload

                member _.Initial =
                    match prepared.Initial with
                    | OfSeed initialization -> Model.initialParameters<'T> prepared.Model initialization seed
                    | Given values -> values |> Array.map 'T.CreateTruncating

                member _.Test(parameters, cancellation) =
                    match prepared.Data.Test with
                    | Some set -> ValueSome(test set parameters cancellation)
                    | None -> ValueNone

                member _.Health() =
                    let logits = LogitHealth.measure workload.Network workload.Data

                    { Health.Sound with
                        DeadLogits = List.toArray logits.Dead
                        AlmostDeadLogits = List.toArray logits.AlmostDead
                        AccuracyCeiling = logits.AccuracyCeiling
                        DeadUnits = HiddenUnits.dead workload.Network workload.Data }

                member _.Model parameters =
                    TrainedModel.Of(prepared.Model, parameters, ?standardization = prepared.Data.Standardization) }

/// <summary>A model that is trained on a data set.</summary>
type DataSetProblem =
    {
        /// <summary>The examples.</summary>
        Source: DataSource
        /// <summary>The division of the examples.</summary>
        Split: Split
        /// <summary>The layers, in order. The outputs fit the targets: at least one for each class, or one for each value.</summary>
        Layers: Layer list
        /// <summary>The loss function.</summary>
        Loss: Loss
        /// <summary>The initial weights.</summary>
        Weights: StartingWeights
        /// <summary>The number of examples per step.</summary>
        Batch: int
        /// <summary>The order of the examples in an epoch. The trial's seed decides it.</summary>
        Order: Order
        /// <summary>The mean that the validation loss is. The source document takes the mean of the batches' means.</summary>
        Mean: ValidationMean
        /// <summary>True if each validation scores the training examples, too. This costs a forward pass over them.</summary>
        ScoresTraining: bool
    }

    static member internal KindName = "data"

    /// True if the targets are classes.
    member private task.HasClasses =
        match task.Source with
        | Held(_, data) -> data.Training.Targets.HasClasses
        | Mnist
        | Folder _ -> true

    member private task.Outputs = Layers.units task.Layers |> Option.defaultValue 0

    member private task.Model(shape: TensorShape) = Model.ofShape (Layers.inputFor shape task.Layers) task.Layers task.Loss

    /// Returns the reason why the outputs do not fit the targets.
    member private _.WrongOutputs(data: DataParts, model: Model) : string option =
        match data.Training.Targets with
        | Targets.Labels(_, classes) when model.Outputs < classes ->
            Some $"The data have {classes} classes, and the last layer has {model.Outputs} units. Each class needs one unit."
        | Targets.Values(width, _) when model.Outputs <> width ->
            Some $"The targets have {width} values each, and the last layer has {model.Outputs} units. Each value needs one unit."
        | Targets.Labels _
        | Targets.Values _ -> None

    /// Returns the reason why the examples cannot be divided or do not fit the layers.
    member private task.Mismatch(data: DataParts, model: Model) : string option =
        let examples = data.Training.Count

        match task.WrongOutputs(data, model), task.Split with
        | Some problem, _ -> Some problem
        | None, HoldOut(validation, _) when validation < 1 || validation >= examples ->
            Some
                $"{validation} of {examples} training examples cannot be held out for validation. Hold out at least 1 and at most {examples - 1}."
        | None, HoldOut _ when data.Validation.IsSome -> Some "The data have a validation set already, so none is held out."
        | None, TestAsValidation when data.Test.IsNone -> Some "The data have no test set to validate on. Hold out a part for validation."
        | None, GivenValidation when data.Validation.IsNone -> Some "The data have no validation set. Hold out a part for validation."
        | None, (HoldOut _ | TestAsValidation | GivenValidation) -> None

    member private task.Checked(data: DataParts) : Result<Layout, string> =
        let model = task.Model data.Training.Shape

        match task.Mismatch(data, model) with
        | Some problem -> Error problem
        | None -> Ok(Layout.Of(Model.parameters model))

    interface IProblem with
        member _.Kind = DataSetProblem.KindName
        member task.HasAccuracy = task.HasClasses
        member task.ComparesAccuracy = task.HasClasses

        member task.ValidatesOnTest =
            match task.Split with
            | TestAsValidation -> true
            | HoldOut _
            | GivenValidation -> false

        member _.HasData = true
        member task.ExamplesAStep = task.Batch

        member task.StepsAnEpoch =
            let examples =
                match task.Source with
                | Mnist -> Some MnistSizes.trainingImages
                | Held(_, data) -> Some data.Training.Count
                | Folder _ -> None

            match task.Split with
            | HoldOut(validation, _) -> examples |> Option.map (fun count -> int64 (Batches.count (max 1 (count - validation)) task.Batch))
            | TestAsValidation
            | GivenValidation -> examples |> Option.map (fun count -> int64 (Batches.count count task.Batch))

        member task.Classes = if task.HasClasses then task.Outputs else 0

        member task.GuessedLoss =
            if task.HasClasses && task.Loss = SoftmaxCrossEntropy then
                Math.Log(float (max 1 task.Outputs))
            else
                infinity

        member task.Findings(path) =
            if Layers.outputActivation task.Layers = ReLU then
                [ { Code = "S008"
                    Severity = Severity.Warning
                    Path = $"{path}.output"
                    Message =
                      "The outputs are relu. An output that is 0 for every image gets no gradient, so its class is lost; the initial weights decide this by chance."
                    Advice = "Use linear outputs." } ]
            else
                []

        member task.Layout() =
            try
                match task.Source with
                | Mnist -> Ok(Layout.Of(Model.parameters (task.Model MnistSizes.shape)))
                | Folder(path, classes, expansion) -> task.Checked(MnistFormat.readFolderWithin expansion classes path)
                | Held(_, data) -> task.Checked data
            with
            | :? ArgumentException as error -> Error(Refusal.sentence error)
            | :? DataFormatException
            | :? IOException
            | :? UnauthorizedAccessException as error -> Error error.Message

        member task.InFolder(folder) =
            let source =
                match task.Source with
                | Folder(path, classes, expansion) -> Folder(Path.GetFullPath(path, folder), classes, expansion)
                | Mnist
                | Held _ -> task.Source

            let weights =
                match task.Weights with
                | File(path, expansion) -> StartingWeights.File(Path.GetFullPath(path, folder), expansion)
                | Drawn _
                | Reference -> task.Weights

            { task with Source = source; Weights = weights }

        member task.ForDocument(read) =
            let epoch = Batches.count (read.Invoke task.Source).Training.Count task.Batch
            ValueSome(struct ({ task with Split = TestAsValidation; Mean = OverBatches } :> IProblem, epoch))

        member task.Prepare(name, read) =
            let parts = read.Invoke task.Source

            let data =
                match task.Split with
                | TestAsValidation -> DataParts.testAsValidation parts
                | HoldOut(validation, seed) -> DataParts.holdOut validation seed parts
                | GivenValidation -> DataParts.given parts

            if task.Batch < 1 then
                raise (
                    ArgumentOutOfRangeException(
                        "batch",
                        task.Batch,
                        $"The task '{name}' has batches of {task.Batch} examples. Use at least 1."
                    )
                )

            let model = task.Model data.Training.Shape

            task.WrongOutputs(parts, model)
            |> Option.iter (fun problem -> raise (ArgumentException($"The task '{name}' cannot be trained. {problem}", "task")))

            // Built here, so that no trial waits for it or counts it in its training time.
            if data.Standardization.IsNone then
                for set in data.Training :: data.Validation :: Option.toList data.Test do
                    set.Sparse |> ignore

            let initial, weights, hash =
                let hash = DataSets.checksum data

                match task.Weights, StartingWeights.read model task.Weights with
                | Drawn initialization, _ -> OfSeed initialization, string initialization, hash
                | (Reference | File _), Some values ->
                    let ofValues = StartingWeights.checksum values
                    Given values, $"given weights {ofValues}", $"{hash}, weights {ofValues}"
                | (Reference | File _), None -> invalidOp "Given weights have values."

            let scored =
                match task.Split, data.Test with
                | TestAsValidation, _ -> "test as validation"
                | (HoldOut _ | GivenValidation), Some test -> $"{test.Count} tested"
                | (HoldOut _ | GivenValidation), None -> "none tested"

            let examples =
                match data.Training.Features with
                | Features.Bytes _ -> "images"
                | Features.Singles _
                | Features.Doubles _ -> "examples"

            let alsoTraining = if task.ScoresTraining then ", training scored" else ""
            let standardized = if data.Standardization.IsSome then ", standardized" else ""

            { Model = model
              Initial = initial
              Batch = task.Batch
              Order = task.Order
              Mean = task.Mean
              ScoresTraining = task.ScoresTraining
              Data = data
              DataHash = hash
              Identity =
                $"{model}, {weights}, batches of {task.Batch} in {task.Order} order, {data.Training.Count} + {data.Validation.Count} {examples}{standardized}, {scored}, loss over {task.Mean}{alsoTraining}, {hash}" }
