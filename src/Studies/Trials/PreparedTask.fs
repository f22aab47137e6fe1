namespace CuteDl.Studies

open System
open System.Globalization
open MathNet.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Training

/// <summary>Splits labelled examples into a training set and a hold-out.</summary>
module HoldOut =
    /// Returns the number of held-out examples of each class: proportional, with the remaining ones given to the largest remainders. Of
    /// equal remainders, the lower class comes first.
    let private quotas (held: int) (counts: int array) : int array =
        let total = Array.sum counts
        let share (count: int) = int64 held * int64 count
        let quotas = counts |> Array.map (fun count -> int (share count / int64 total))

        let byRemainder =
            [| 0 .. counts.Length - 1 |]
            |> Array.sortBy (fun label -> struct (-(share counts[label] % int64 total), label))

        for label in Array.truncate (held - Array.sum quotas) byRemainder do
            quotas[label] <- quotas[label] + 1

        quotas

    let private choose (set: DataSet) (indices: int array) : DataSet =
        let features = Array.zeroCreate<byte>(indices.Length * set.Width)

        indices
        |> Array.iteri (fun row index -> Array.Copy(set.Features, index * set.Width, features, row * set.Width, set.Width))

        DataSet(set.Width, features, indices |> Array.map (fun index -> set.Labels[index]))

    /// <summary>
    /// Returns the indices of the examples that stay and of those in the hold-out, both ascending. Each class contributes in proportion to
    /// its size. The seed selects the examples.
    /// </summary>
    /// <param name="held">The size of the hold-out, at least 1 and less than the number of examples.</param>
    /// <param name="seed">The seed of the selection.</param>
    /// <param name="labels">The class of each example.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The size of the hold-out is not from 1 to the number of examples minus
    /// 1.</exception>
    let stratified (held: int) (seed: int) (labels: byte array) : struct (int array * int array) =
        if held < 1 || held >= labels.Length then
            raise (
                ArgumentOutOfRangeException(
                    nameof held,
                    held,
                    $"The hold-out must have from 1 to {labels.Length - 1} of the {labels.Length} examples."
                )
            )

        let ofClass = Array.init 256 (fun _ -> ResizeArray<int>())
        labels |> Array.iteri (fun index label -> ofClass[int label].Add index)
        let quotas = ofClass |> Array.map _.Count |> quotas held
        let isHeld: bool array = Array.zeroCreate labels.Length

        ofClass
        |> Array.iteri (fun label indices ->
            if quotas[label] > 0 then
                let order = Combinatorics.GeneratePermutation(indices.Count, RandomStream.stream seed $"split/{label}")

                for i in 0 .. quotas[label] - 1 do
                    isHeld[indices[order[i]]] <- true)

        let all = [| 0 .. labels.Length - 1 |]
        struct (all |> Array.filter (fun index -> not isHeld[index]), all |> Array.filter (fun index -> isHeld[index]))

    /// <summary>Returns the training set and the hold-out; see <c>stratified</c>.</summary>
    let split (held: int) (seed: int) (set: DataSet) : struct (DataSet * DataSet) =
        let struct (stay, held) = stratified held seed set.Labels
        struct (choose set stay, choose set held)

/// The data from which the trials of a task are built.
type internal PreparedProblem =
    | PreparedImages of ImagesTask * model: Model * data: DataSets * test: DataSet option
    | PreparedFunction of FunctionTask

/// <summary>A task with its data read and split. It is immutable: any number of trials can use it on any number of threads.</summary>
[<Sealed>]
type PreparedTask internal (task: StudyTask, problem: PreparedProblem, dataHash: string, identity: string) =
    /// <summary>The task.</summary>
    member _.Task = task

    /// <summary>The SHA-256 of all examples in the order of use, in hexadecimal digits; empty for a function.</summary>
    member _.DataHash = dataHash

    /// <summary>
    /// Everything in the task that its results depend on, on one line. Tasks with equal identities give bit-identical results.
    /// </summary>
    member _.Identity = identity

    member internal _.Problem = problem

    /// Returns the tensors that optimizers change.
    member internal _.Layout =
        match problem with
        | PreparedImages(_, model, _, _) -> Fit.ofModel model
        | PreparedFunction problem -> Landscape.layout problem

    /// <summary>The number of examples per step; 1 for a function without examples.</summary>
    member _.Batch =
        match problem with
        | PreparedImages(images, _, _, _) -> images.Batch
        | PreparedFunction(LogisticRegression(_, examples)) -> examples
        | PreparedFunction _ -> 1

/// <summary>Prepares tasks.</summary>
module PreparedTask =
    let private number (value: float) = value.ToString("R", CultureInfo.InvariantCulture)

    let private describe (task: StudyTask) (problem: string) : string =
        let target =
            match task.Target with
            | Target.Accuracy least -> $"accuracy {number least}"
            | Target.Loss most -> $"loss {number most}"

        let precision = task.Precision.ToString().ToLowerInvariant()
        $"{task.Name}: {problem}; {precision}, {task.Steps} steps, validated every {task.ValidateEvery}, target {target}"

    /// The mean of the validation loss: the mean of the batches' means if the test images are validated, as in the source document; else
    /// the mean over examples.
    let internal validationMean (images: ImagesTask) : ValidationMean =
        match images.Split with
        | TestAsValidation -> OverBatches
        | HoldOut _ -> OverExamples

    let private prepareImages (read: ImageSource -> DataSets) (task: StudyTask) (images: ImagesTask) : PreparedTask =
        let files = read images.Source

        let data, test =
            match images.Split with
            | TestAsValidation -> files, None
            | HoldOut(validation, seed) ->
                let struct (training, validation) = HoldOut.split validation seed files.Training
                { files with Training = training; Validation = validation }, Some files.Validation

        if images.Batch < 1 then
            raise (
                ArgumentOutOfRangeException(
                    "batch",
                    images.Batch,
                    $"The task '{task.Name}' has batches of {images.Batch} images. Use at least 1."
                )
            )

        let model = Model.create data.Training.Width images.Layers images.Loss

        if model.Outputs <> data.Classes then
            raise (
                ArgumentException(
                    $"The task '{task.Name}' has {data.Classes} classes, but its last layer has {model.Outputs} units. Use one unit for each class.",
                    nameof task
                )
            )

        let sets = data.Training :: data.Validation :: Option.toList test

        // Built here, so that no trial waits for it or counts it in its training time.
        for set in sets do
            set.Sparse |> ignore

        let hash = DataSets.checksum sets

        let scored =
            match test with
            | None -> "test as validation"
            | Some test -> $"{test.Count} tested"

        let identity =
            describe
                task
                $"{model}, {images.Initialization}, batches of {images.Batch} in {images.Order} order, {data.Training.Count} + {data.Validation.Count} images, {scored}, loss over {validationMean images}, {hash}"

        PreparedTask(task, PreparedImages(images, model, data, test), hash, identity)

    let private functionText (task: FunctionTask) : string =
        match task with
        | Quadratic(dimensions, condition) -> $"quadratic({dimensions}, {number condition})"
        | Rosenbrock dimensions -> $"rosenbrock({dimensions})"
        | LogisticRegression(dimensions, examples) -> $"logistic-regression({dimensions}, {examples})"

    /// <summary>Reads and divides the data of a task.</summary>
    /// <param name="read">Reads a source: its training images and, as validation, its test images.</param>
    /// <param name="task">The task.</param>
    /// <exception cref="T:System.ArgumentException">A number is out of its range, or the layers do not fit the data.</exception>
    let prepare (read: ImageSource -> DataSets) (task: StudyTask) : PreparedTask =
        if task.Steps < 1L then
            raise (
                ArgumentOutOfRangeException(
                    "steps",
                    task.Steps,
                    $"The task '{task.Name}' has a budget of {task.Steps} steps. Use at least 1."
                )
            )

        if task.ValidateEvery < 1 then
            raise (
                ArgumentOutOfRangeException(
                    "validate every",
                    task.ValidateEvery,
                    $"The task '{task.Name}' is validated every {task.ValidateEvery} steps. Use at least 1."
                )
            )

        match task.Problem with
        | Images images -> prepareImages read task images
        | Function problem ->
            Landscape.validate problem
            PreparedTask(task, PreparedFunction problem, "", describe task (functionText problem))
