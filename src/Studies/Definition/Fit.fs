namespace CuteDl.Studies

open System
open System.IO
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// Checks that images, layers and optimizers fit each other. Otherwise every trial would fail at its first step.
[<RequireQualifiedAccess>]
module internal Fit =
    /// Returns the parameter tensors of a model.
    let ofModel (model: Model) : Layout = Layout.Of(Model.parameters model)

    /// Returns the reason why a task's images cannot be divided or do not fit its layers.
    let private imagesProblem (task: ImagesTask) (data: DataSets) (model: Model) : string option =
        let images = data.Training.Count

        if model.Outputs <> data.Classes then
            Some $"The images have {data.Classes} classes, and the last layer has {model.Outputs} units. Each class needs one unit."
        else
            match task.Split with
            | HoldOut(validation, _) when validation < 1 || validation >= images ->
                Some
                    $"{validation} of {images} training images cannot be held out for validation. Hold out at least 1 and at most {images - 1}."
            | HoldOut _
            | TestAsValidation -> None

    let private mnistWidth = 784

    /// Returns the parameter tensors of a task, or an error message. Reads the images of a folder.
    let layout (task: StudyTask) : Result<Layout, string> =
        let modelOf (width: int) (images: ImagesTask) = Model.create width images.Layers images.Loss

        let checkedModel (images: ImagesTask) (data: DataSets) =
            let model = modelOf data.Training.Width images

            match imagesProblem images data model with
            | Some problem -> Error problem
            | None -> Ok(ofModel model)

        try
            match task.Problem with
            | Function problem ->
                Landscape.validate problem
                Ok(Landscape.layout problem)
            | Images images ->
                match images.Source with
                | Mnist -> Ok(ofModel (modelOf mnistWidth images))
                | Folder(path, classes, expansion) -> checkedModel images (DataSets.readFolderWithin expansion classes path)
                | Held(_, data) -> checkedModel images data
        with
        | :? ArgumentException as error -> Error(Refusal.sentence error)
        | :? DataFormatException
        | :? IOException
        | :? UnauthorizedAccessException as error -> Error error.Message

    /// Returns the reason why an optimizer does not fit the tensors or the budget of a task.
    let problem (optimizer: Optimizer) (task: StudyTask) (layout: Layout) : string option =
        try
            Optimizer.check (Optimizer.forRun task.Steps optimizer) layout
            None
        with :? ArgumentException as error ->
            Some(Refusal.sentence error)
