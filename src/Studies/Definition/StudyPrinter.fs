namespace CuteDl.Studies

open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// From a study to a tree of JSON: all keys in their order, defaults written out.
[<RequireQualifiedAccess>]
module internal StudyPrinter =
    let private text (value: string) = Json.make (JsonValue.Text value)
    let private number (value: float) = Json.make (JsonValue.Number value)
    let private whole (value: int) = number (float value)
    let private list (items: JsonTree list) = Json.make (JsonValue.List items)
    let private object' (members: (string * JsonTree) list) = Json.make (JsonValue.Object members)
    let private none = text StudyKeys.None'

    /// As a count, where they are those that a count stands for.
    let private seeds (first: int) (seeds: int list) =
        if not seeds.IsEmpty && seeds = [ first .. first + seeds.Length - 1 ] then
            whole seeds.Length
        else
            list (List.map whole seeds)

    let private activation (value: Activation) = text (StudyKeys.wordOf StudyKeys.activations value)

    let private layer (layer: Layer) =
        match layer with
        | Dense(units, value) -> object' [ "dense", whole units; "activation", activation value ]
        | Dropout rate -> object' [ "dropout", number rate ]

    let private layers (layers: Layer list) : (string * JsonTree) list =
        let dense =
            [ for layer in layers do
                  match layer with
                  | Dense(units, activation) -> units, activation
                  | Dropout _ -> () ]

        let rate =
            layers
            |> List.tryPick (function
                | Dropout rate -> Some rate
                | Dense _ -> None)
            |> Option.defaultValue 0.0

        match List.rev dense with
        | (classes, output) :: hidden ->
            let hidden = List.rev hidden
            let units = List.map fst hidden
            let first = if hidden.IsEmpty then ReLU else snd hidden.Head

            if StudyKeys.layers units first rate output classes = layers then
                [ "hidden", list (List.map whole units)
                  "activation", activation first
                  "dropout", number rate
                  "output", activation output ]
            else
                [ "layers", list (List.map layer layers) ]
        | [] -> [ "layers", list (List.map layer layers) ]

    let private images (task: ImagesTask) : (string * JsonTree) list =
        [ "data",
          (match task.Source with
           | Mnist -> text "mnist"
           | Folder(path, classes, expansion) ->
               object'
                   [ "folder", text path
                     "classes", whole classes
                     if expansion <> Growing.DefaultExpansion then
                         "max_expansion", whole expansion ]
           | Held(name, _) -> object' [ "held", text name ])
          "split",
          (match task.Split with
           | HoldOut(validation, seed) -> object' [ "validation", whole validation; "seed", whole seed ]
           | TestAsValidation -> text StudyKeys.TestAsValidation)
          yield! layers task.Layers
          "loss", text (StudyKeys.wordOf StudyKeys.losses task.Loss)
          "initial_weights",
          text (
              match task.Initialization with
              | Normal deviation -> $"normal({NumberText.ofFloat deviation})"
              | other -> string other
          )
          "batch", whole task.Batch
          "order", text (StudyKeys.wordOf StudyKeys.orders task.Order) ]

    let private function' (task: FunctionTask) : (string * JsonTree) list =
        match task with
        | Quadratic(dimensions, condition) ->
            [ "function", text "quadratic"; "dimensions", whole dimensions; "condition", number condition ]
        | Rosenbrock dimensions -> [ "function", text "rosenbrock"; "dimensions", whole dimensions ]
        | LogisticRegression(dimensions, examples) ->
            [ "function", text "logistic_regression"
              "dimensions", whole dimensions
              "examples", whole examples ]

    let private task (task: StudyTask) =
        object'
            [ "name", text task.Name
              yield!
                  (match task.Problem with
                   | Images problem -> images problem
                   | Function problem -> function' problem)
              "precision", text (StudyKeys.wordOf StudyKeys.precisions task.Precision)
              "steps", number (float task.Steps)
              "validate_every", whole task.ValidateEvery
              "target",
              (match task.Target with
               | Accuracy least -> object' [ "accuracy", number least ]
               | Target.Loss most -> object' [ "loss", number most ]) ]

    let private space (optimizer: Optimizer) (name: string) (space: Space) =
        let isFlag =
            match Settings.arguments name optimizer with
            | [] -> false
            | arguments -> arguments |> List.forall (fun argument -> argument.Form = ValueForm.Flag)

        let value (value: float) = if isFlag then Json.make (JsonValue.Bool(value <> 0.0)) else number value

        match space with
        | LogUniform(low, high) -> object' [ "log_uniform", list [ number low; number high ] ]
        | Uniform(low, high) -> object' [ "uniform", list [ number low; number high ] ]
        | Choice values -> object' [ "choice", list (List.map value values) ]
        | Fixed only -> object' [ "fixed", value only ]

    let private contender (contender: Contender) =
        object'
            [ "name", text contender.Name
              "optimizer", text (string contender.Optimizer)
              "space", object' [ for name, values in contender.Space -> name, space contender.Optimizer name values ] ]

    let private tuning (tuning: Tuning) =
        object'
            [ "search", text (StudyKeys.wordOf StudyKeys.searches tuning.Search)
              "trials", whole tuning.Trials
              "seeds", seeds StudyKeys.firstTuningSeed tuning.Seeds
              "objective", text (StudyKeys.wordOf StudyKeys.objectives tuning.Objective)
              "pruning",
              (match tuning.Pruning with
               | NoPruning -> none
               | Median warmUp -> object' [ "median", object' [ "warm_up", whole warmUp ] ]
               | SuccessiveHalving eta -> object' [ "successive_halving", object' [ "eta", whole eta ] ])
              "extensions", whole tuning.Extensions ]

    let private confirmation (confirmation: Confirmation) =
        object'
            [ "seeds", seeds StudyKeys.firstConfirmationSeed confirmation.Seeds
              "alpha", number confirmation.Alpha
              "equal_within", number confirmation.EqualWithin
              "looks",
              (match confirmation.Looks with
               | Some looks -> list (List.map whole looks.Seeds)
               | None -> none)
              "defaults", Json.make (JsonValue.Bool confirmation.Defaults) ]

    let private frontier (frontier: Frontier option) =
        match frontier with
        | Some frontier ->
            object'
                [ "rates", list (List.map number frontier.Rates)
                  "seeds", seeds StudyKeys.firstFrontierSeed frontier.Seeds ]
        | None -> none

    /// The study as a tree.
    let study (study: StudyDesign) : JsonTree =
        object'
            [ "$schema", text StudyKeys.SchemaFile
              "schema", text StudyKeys.Version
              "name", text study.Name
              "protocol",
              text (
                  match study.Protocol with
                  | Fair _ -> "fair"
                  | Document _ -> "document"
              )
              "tasks", list (List.map task study.Tasks)
              "optimizers", list (List.map contender study.Contenders)
              match study.Protocol with
              | Fair(settings, confirmed, rates) ->
                  "tuning", tuning settings
                  "confirmation", confirmation confirmed
                  "frontier", frontier rates
              | Document of' -> "seeds", seeds StudyKeys.firstConfirmationSeed of' ]
