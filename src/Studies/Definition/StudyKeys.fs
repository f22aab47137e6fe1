namespace CuteDl.Studies

open CuteDl.Core.Data
open CuteDl.Core.Networks

/// The keys of each object in a study file, and the words allowed as values. A test compares the published JSON schema with them.
[<RequireQualifiedAccess>]
module internal StudyKeys =
    [<Literal>]
    let Version = "cutedl/study/1"

    /// The file name of the JSON schema, next to a study's file. `cutedl schema study` prints the schema.
    [<Literal>]
    let SchemaFile = "study.schema.json"

    let study =
        [ "$schema"
          "schema"
          "name"
          "protocol"
          "tasks"
          "optimizers"
          "tuning"
          "confirmation"
          "frontier"
          "seeds" ]

    let private everyTask = [ "precision"; "steps"; "validate_every"; "target" ]

    let imagesTask =
        [ "name"
          "data"
          "split"
          "hidden"
          "activation"
          "dropout"
          "output"
          "layers"
          "loss"
          "initial_weights"
          "batch"
          "order"
          "epochs" ]
        @ everyTask

    let functionTask = [ "name"; "function"; "dimensions"; "condition"; "examples" ] @ everyTask
    let ownTask = [ "name"; "problem" ] @ everyTask
    let folder = [ "folder"; "classes"; "training_images"; "max_expansion" ]
    let holdOut = [ "validation"; "seed" ]
    let dense = [ "dense"; "activation" ]
    let dropout = [ "dropout" ]
    let accuracyTarget = [ "accuracy" ]
    let lossTarget = [ "loss" ]
    let optimizer = [ "name"; "optimizer"; "space" ]
    let logUniform = [ "log_uniform" ]
    let uniform = [ "uniform" ]
    let choice = [ "choice" ]
    let fixedValue = [ "fixed" ]
    let tuning = [ "search"; "trials"; "seeds"; "objective"; "pruning"; "extensions" ]
    let median = [ "median" ]
    let warmUp = [ "warm_up" ]
    let successiveHalving = [ "successive_halving" ]
    let eta = [ "eta" ]
    let confirmation = [ "seeds"; "alpha"; "equal_within"; "looks"; "defaults" ]
    let frontier = [ "rates"; "seeds" ]
    let spread = [ "from"; "to"; "points" ]

    /// The objects other than the study itself, by their names in the JSON schema.
    let objects =
        [ "images_task", imagesTask
          "function_task", functionTask
          "own_task", ownTask
          "folder", folder
          "hold_out", holdOut
          "dense", dense
          "dropout", dropout
          "accuracy_target", accuracyTarget
          "loss_target", lossTarget
          "optimizer", optimizer
          "log_uniform", logUniform
          "uniform", uniform
          "choice", choice
          "fixed", fixedValue
          "tuning", tuning
          "median", median
          "warm_up", warmUp
          "successive_halving", successiveHalving
          "eta", eta
          "confirmation", confirmation
          "frontier", frontier
          "spread", spread ]

    let private named (values: 'value list) = [ for value in values -> string (box value), value ]

    let activations = named Activation.all
    let losses = named Loss.all
    let orders = named [ Shuffled; FileOrder ]
    let precisions = [ "single", TaskPrecision.Single; "double", TaskPrecision.Double ]
    let searches = [ "sobol", Search.Sobol; "halton", Search.Halton; "grid", Search.Grid ]
    let objectives = [ "time_to_target", TimeToTarget; "final_score", FinalScore ]
    let functions = [ "quadratic"; "rosenbrock"; "logistic_regression" ]
    let protocols = [ "fair"; "document" ]

    [<Literal>]
    let TestAsValidation = "test_as_validation"

    [<Literal>]
    let NoneWord = "none"

    /// The first seed of each phase if seeds are given as a count. The ranges are disjoint, so that no phases share seeds.
    let firstTuningSeed = 1000

    let firstConfirmationSeed = 1
    let firstFrontierSeed = 2000

    let wordOf (words: (string * 'value) list) (value: 'value) = words |> List.find (snd >> (=) value) |> fst

    /// Returns equal hidden layers, each followed by the dropout, and then the output layer.
    let layers (hidden: int list) activation (dropout: float) output (classes: int) : Layer list =
        [ for units in hidden do
              Dense(units, activation)

              if dropout > 0.0 then
                  Dropout dropout

          Dense(classes, output) ]

    /// The number of MNIST training images.
    let mnistImages = MnistSizes.trainingImages

    let mnistClasses = MnistSizes.classes
