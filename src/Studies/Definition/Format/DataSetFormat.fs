namespace CuteDl.Studies

open System
open System.Globalization
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// The keys of a task that trains a model on a data set.
[<RequireQualifiedAccess>]
module internal DataSetFormat =
    /// The number of MNIST training images.
    let mnistImages = MnistSizes.trainingImages

    let mnistClasses = MnistSizes.classes

    let private classesOf (source: DataSource) =
        match source with
        | Mnist -> mnistClasses
        | Folder(_, classes, _) -> classes
        | Held(_, data) -> data.Training.Targets.Length

    type private FolderKeys = { Path: string; Classes: int; Images: int option; Expansion: int }

    /// A folder, with the number of its training images if it is known.
    let private folder: Shape<DataSource * int option> =
        record<FolderKeys> {
            let! path =
                Field.required "folder" "The path of the folder, absolute or relative to the study file." Shape.text _.Path

            and! classes =
                Field.optional "classes" "The number of classes." (Shape.whole 2 256) mnistClasses _.Classes

            and! images =
                Field.given "training_images" "The number of training images. A budget in epochs needs it." (Shape.atLeast 1) _.Images

            and! expansion =
                Field.brief
                    "max_expansion"
                    "The largest allowed ratio of unpacked to packed size of a gzipped file. A file with a larger ratio is refused."
                    (Shape.atLeast 1)
                    Growing.DefaultExpansion
                    _.Expansion

            return { Path = path; Classes = classes; Images = images; Expansion = expansion }
        }
        |> Shape.convert (fun folder -> Folder(folder.Path, folder.Classes, folder.Expansion), folder.Images) (fun (source, images) ->
            match source with
            | Folder(path, classes, expansion) -> { Path = path; Classes = classes; Images = images; Expansion = expansion }
            | Mnist
            | Held _ -> invalidOp "These images are not in a folder.")

    /// The images, with the number of training images if it is known. <c>inMemory</c> is the source that a program has.
    let private source (inMemory: DataSource option) : Shape<DataSource * int option> =
        let isFolder (source: DataSource, _) =
            match source with
            | Folder _ -> true
            | Mnist
            | Held _ -> false

        // Examples in memory are printed by name. No file can have them.
        let held: Form<DataSource * int option> =
            { Form.word "" (Mnist, None) with
                Accepts = fun value -> inMemory.IsSome && Form.hasKey "held" value
                Read = fun _ _ -> inMemory |> Option.map (fun source -> source, None)
                Schema = []
                Print =
                    fun (source, _) ->
                        match source with
                        | Held(name, _) -> Some(Json.record [ "held", Json.text name ])
                        | Mnist
                        | Folder _ -> None }

        Form.choice
            [ held
              { Form.word "mnist" (Mnist, Some mnistImages) with
                  Print = fun (source, _) -> if source = Mnist then Some(Json.text "mnist") else None }
              folder
              |> Form.make Form.isObject "{ \"folder\": ..., \"classes\": ... }" id (fun source ->
                  if isFolder source then Some source else None) ]

    let private split (inMemory: DataSource option) (images: int option) : Shape<Split> =
        let largest = (defaultArg images Int32.MaxValue) - 1

        let holdOut =
            record<int * int> {
                let! validation =
                    Field.optional
                        "validation"
                        "The number of validation images, fewer than the training images."
                        (Shape.whole 1 largest)
                        (min StudyDefaults.HeldOut largest)
                        fst

                and! seed = Field.optional "seed" "The seed that selects the validation images." Shape.integer 0 snd
                return validation, seed
            }

        Form.choice
            [ holdOut
              |> Form.make Form.isObject "{ \"validation\": ..., \"seed\": ... }" HoldOut (function
                  | HoldOut(validation, seed) -> Some(validation, seed)
                  | TestAsValidation
                  | GivenValidation -> None)
              Form.word "test_as_validation" TestAsValidation
              // Only data in memory have a validation set.
              (let given = Form.word "given" GivenValidation

               { given with
                   Accepts = fun value -> inMemory.IsSome && given.Accepts value
                   Schema = [] }) ]

    let private activation = LayersFormat.activation

    let private rate = Shape.number ArgumentRange.belowOne

    /// Equal hidden layers, each followed by the dropout, and then the output layer.
    type private Perceptron = { Hidden: int list; Activation: Activation; Rate: float; Output: Activation }

    let private layersOf (perceptron: Perceptron) (classes: int) : Layer list =
        [ for units in perceptron.Hidden do
              Dense(units, perceptron.Activation)

              if perceptron.Rate > 0.0 then
                  Dropout perceptron.Rate

          Dense(classes, perceptron.Output) ]

    let private tryPerceptron (layers: Layer list) : Perceptron option =
        let dense =
            [ for layer in layers do
                  match layer with
                  | :? Dense as dense -> dense.Units, dense.Activation
                  | _ -> () ]

        let rate =
            layers
            |> List.tryPick (fun layer ->
                match layer with
                | :? Dropout as dropout -> Some dropout.Rate
                | _ -> None)

        match List.rev dense with
        | [] -> None
        | (classes, output) :: hidden ->
            let hidden = List.rev hidden

            let perceptron =
                { Hidden = List.map fst hidden
                  Activation = hidden |> List.tryHead |> Option.map snd |> Option.defaultValue ReLU
                  Rate = defaultArg rate 0.0
                  Output = output }

            if layersOf perceptron classes = layers then Some perceptron else None

    let private layers (classes: int) : Fields<DataSetProblem, Layer list> =
        let defaults = { Hidden = [ 128 ]; Activation = ReLU; Rate = 0.0; Output = Linear }
        let field name = Field.from defaults name

        let short =
            fields<Perceptron> {
                let! hidden =
                    field
                        "hidden"
                        "The number of units of each hidden layer."
                        (Shape.items "numbers of units" (Shape.atLeast 1) |> Shape.orEmpty)
                        _.Hidden

                and! activation = field "activation" "The activation of the hidden layers." activation _.Activation
                and! rate = field "dropout" "The dropout rate after each hidden layer, in training." rate _.Rate

                and! output =
                    field
                        "output"
                        "The activation of the outputs. With relu, an output can die: it is then 0 for every image."
                        activation
                        _.Output

                return layersOf { Hidden = hidden; Activation = activation; Rate = rate; Output = output } classes
            }
            |> Fields.over (fun (task: DataSetProblem) -> tryPerceptron task.Layers |> Option.defaultValue defaults)

        let all =
            Field.required
                "layers"
                "All layers in order, instead of hidden, activation, dropout and output. The model must have at least one output for each class."
                (Shape.items "layers" LayersFormat.layer
                 |> Shape.refuse (fun layers ->
                     match Layers.units layers with
                     | Some units when units >= classes -> None
                     | _ ->
                         Some $"The layers must end with a dense layer of at least {classes} units, one for each of the {classes} classes."))
                (fun (task: DataSetProblem) -> task.Layers)

        Fields.instead "Write all layers in \"layers\"." (fun task -> (tryPerceptron task.Layers).IsSome) all short

    let private initialization: Shape<Initialization> =
        let read (text: string) =
            match text with
            | "he" -> Some He
            | "glorot" -> Some Glorot
            | _ when text.StartsWith("normal(", StringComparison.Ordinal) && text.EndsWith ')' ->
                match Double.TryParse(text.Substring(7, text.Length - 8), NumberStyles.Float, CultureInfo.InvariantCulture) with
                | true, deviation when deviation > 0.0 && Double.IsFinite deviation -> Some(Normal deviation)
                | _ -> None
            | _ -> None

        Shape.textOf
            "\"he\", \"glorot\" or \"normal(σ)\" with a standard deviation σ above 0"
            "^(he|glorot|normal\\([^()]+\\))$"
            read
            (fun initialization ->
                match initialization with
                | He -> "he"
                | Glorot -> "glorot"
                | Normal deviation -> $"normal({NumberText.ofFloat deviation})")

    let private weights: Shape<StartingWeights> =
        let file =
            record<string * int> {
                let! path =
                    Field.required "file" "The path of a numpy archive (.npz), absolute or relative to the study file." Shape.text fst

                and! expansion =
                    Field.brief
                        "max_expansion"
                        "The largest allowed ratio of unpacked to packed size. An archive with a larger ratio is refused."
                        (Shape.atLeast 1)
                        Growing.DefaultExpansion
                        snd

                return path, expansion
            }

        let isText (value: JsonValue) =
            match value with
            | JsonValue.Text _ -> true
            | _ -> false

        Form.choice
            [ Form.word "reference" Reference
              initialization
              |> Form.make isText "\"he\", \"glorot\", \"normal(σ)\"" Drawn (function
                  | Drawn initialization -> Some initialization
                  | Reference
                  | File _ -> None)
              file
              |> Form.distinguished "file" File (function
                  | File(path, expansion) -> Some(path, expansion)
                  | Drawn _
                  | Reference -> None) ]

    let private meanOf (split: Split) : ValidationMean =
        match split with
        | TestAsValidation -> OverBatches
        | HoldOut _
        | GivenValidation -> OverExamples

    /// The losses of the library, and those of a registry.
    let private loss (registry: StudyRegistry) : Shape<Loss> =
        let words =
            [ for loss in Loss.all @ [ for own in registry.Losses -> Own own ] do
                  if not loss.IsHuber then
                      string loss ]

        let quoted = words |> List.map (fun word -> $"\"{word}\"")
        let listed = String.Join(", ", quoted)
        let joined = String.Join("|", words)

        let allowed = $"{listed} or \"huber(δ)\" with a transition δ above 0"

        { Shape.textOf allowed $"^({joined}|huber\\([^()]+\\))$" (Loss.tryParse registry.Losses) string with
            Note = $"It is {allowed}." }

    /// The number of steps in an epoch, if the number of training images is known.
    let private epochOf (images: int option) (split: Split) (batch: int) : int64 option =
        images
        |> Option.map (fun images ->
            let trained =
                match split with
                | HoldOut(validation, _) -> images - validation
                | TestAsValidation
                | GivenValidation -> images

            int64 (max 1 (Batches.count (max 1 trained) batch)))

    /// The task, and the number of steps in an epoch if it is known.
    let fields (registry: StudyRegistry) (inMemory: DataSource option) : Fields<DataSetProblem, DataSetProblem * int64 option> =
        Field.optional "data" "The source of the images." (source inMemory) (Mnist, Some mnistImages) (fun (task: DataSetProblem) ->
            task.Source, None)
        |> Fields.andThen (Mnist, None) (fun (source, images) ->
            fields<DataSetProblem> {
                let! split =
                    Field.optional
                        "split"
                        "The division of the images. A hold-out of training images has the class proportions of the training set. The test images are then used only at the end of the confirmation. test_as_validation uses the test images for validation, as the source document does."
                        (split inMemory images)
                        (HoldOut(StudyDefaults.HeldOut, 0))
                        _.Split

                and! layers = layers (classesOf source)

                and! loss =
                    Field.optional
                        "loss"
                        "The loss function. A loss of one's own must be in the registry that reads the study."
                        (loss registry)
                        SoftmaxCrossEntropy
                        _.Loss

                and! weights =
                    Field.optional
                        "initial_weights"
                        "The initial weights. he: normal with standard deviation √(2 / inputs). glorot: uniform within ±√(6 / (inputs + units)). normal(x): normal with standard deviation x. These are drawn with the trial's seed. reference: one draw from normal(0.01) for a model with 784 inputs and 10 units. A file gives all values."
                        weights
                        (Drawn StudyDefaults.initialization)
                        _.Weights

                and! batch =
                    Field.optional "batch" "The number of images in a batch." (Shape.whole 1 1_000_000) StudyDefaults.Batch _.Batch

                and! order =
                    Field.optional
                        "order"
                        "The order of the images in an epoch: shuffled with the trial's seed, or as in the file."
                        (Shape.word string [ Shuffled; FileOrder ])
                        StudyDefaults.order
                        _.Order

                and! mean =
                    Field.given
                        "validation_mean"
                        "How the validation loss is averaged: over all examples, or over the means of the batches. The default is examples for a hold-out, and batches for test_as_validation."
                        (Shape.word string [ OverExamples; OverBatches ])
                        (fun task -> if task.Mean = meanOf task.Split then None else Some task.Mean)

                and! scoresTraining =
                    Field.given
                        "training_metrics"
                        "True to compute loss and accuracy on all training images at each validation, too. The default is false."
                        Shape.flag
                        (fun task -> if task.ScoresTraining then Some true else None)

                return
                    { Source = source
                      Split = split
                      Layers = layers
                      Loss = loss
                      Weights = weights
                      Batch = batch
                      Order = order
                      Mean = defaultArg mean (meanOf split)
                      ScoresTraining = defaultArg scoresTraining false },
                    epochOf images split batch
            })
