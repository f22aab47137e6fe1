namespace CuteDl.Studies

open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// Converts a study to a JSON tree: all keys in a fixed order, with defaults written out.
[<RequireQualifiedAccess>]
module internal StudyPrinter =
    let private text (value: string) = Json.make (JsonValue.Text value)
    let private number (value: float) = Json.make (JsonValue.Number value)
    let private whole (value: int) = number (float value)
    let private list (items: JsonTree list) = Json.make (JsonValue.List items)
    let private record (members: (string * JsonTree) list) = Json.make (JsonValue.Object members)
    let private none = text StudyKeys.NoneWord

    /// Returns the number of seeds if the list equals the default list of that length; else the list.
    let private seeds (first: int) (seeds: int list) =
        if not seeds.IsEmpty && seeds = [ first .. first + seeds.Length - 1 ] then
            whole seeds.Length
        else
            list (List.map whole seeds)

    let private activation (value: Activation) = text (StudyKeys.wordOf StudyKeys.activations value)

    let private layer (layer: Layer) =
        match layer with
        | Dense(units, value) -> record [ "dense", whole units; "activation", activation value ]
        | Dropout rate -> record [ "dropout", number rate ]

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

    let private images (task: ImagesProblem) : (string * JsonTree) list =
        [ "data",
          (match task.Source with
           | Mnist -> text "mnist"
           | Folder(path, classes, expansion) ->
               record
                   [ "folder", text path
                     "classes", whole classes
                     if expansion <> Growing.DefaultExpansion then
                         "max_expansion", whole expansion ]
           | Held(name, _) -> record [ "held", text name ])
          "split",
          (match task.Split with
           | HoldOut(validation, seed) -> record [ "validation", whole validation; "seed", whole seed ]
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

    let private problem (problem: IProblem) : (string * JsonTree) list =
        match problem with
        | :? ImagesProblem as problem -> images problem
        | :? Quadratic as Quadratic(dimensions, condition) ->
            [ "function", text "quadratic"; "dimensions", whole dimensions; "condition", number condition ]
        | :? Rosenbrock as Rosenbrock dimensions -> [ "function", text "rosenbrock"; "dimensions", whole dimensions ]
        | :? LogisticRegression as LogisticRegression(dimensions, examples) ->
            [ "function", text "logistic_regression"
              "dimensions", whole dimensions
              "examples", whole examples ]
        | own -> [ "problem", text own.Kind ]

    let private task (task: StudyTask) =
        record
            [ "name", text task.Name
              yield! problem task.Problem
              "precision", text (StudyKeys.wordOf StudyKeys.precisions task.Precision)
              "steps", number (float task.Steps)
              "validate_every", whole task.ValidateEvery
              "target",
              (match task.Target with
               | Accuracy least -> record [ "accuracy", number least ]
               | Target.Loss most -> record [ "loss", number most ]) ]

    let private space (optimizer: Optimizer) (name: string) (space: Space) =
        let isFlag =
            match Settings.arguments name optimizer with
            | [] -> false
            | arguments -> arguments |> List.forall (fun argument -> argument.Form = ValueForm.Flag)

        let value (value: float) = if isFlag then Json.make (JsonValue.Bool(value <> 0.0)) else number value

        match space with
        | LogUniform(low, high) -> record [ "log_uniform", list [ number low; number high ] ]
        | Uniform(low, high) -> record [ "uniform", list [ number low; number high ] ]
        | Choice values -> record [ "choice", list (List.map value values) ]
        | Fixed only -> record [ "fixed", value only ]

    let private contender (contender: Contender) =
        record
            [ "name", text contender.Name
              "optimizer", text (string contender.Optimizer)
              "space", record [ for name, values in contender.Space -> name, space contender.Optimizer name values ] ]

    let private tuning (tuning: Tuning) =
        record
            [ "search", text (StudyKeys.wordOf StudyKeys.searches tuning.Search)
              "trials", whole tuning.Trials
              "seeds", seeds StudyKeys.firstTuningSeed tuning.Seeds
              "objective", text (StudyKeys.wordOf StudyKeys.objectives tuning.Objective)
              "pruning",
              (match tuning.Pruning with
               | NoPruning -> none
               | Median warmUp -> record [ "median", record [ "warm_up", whole warmUp ] ]
               | SuccessiveHalving eta -> record [ "successive_halving", record [ "eta", whole eta ] ])
              "extensions", whole tuning.Extensions ]

    let private confirmation (confirmation: Confirmation) =
        record
            [ "seeds", seeds StudyKeys.firstConfirmationSeed confirmation.Seeds
              "alpha", number confirmation.Alpha
              "equal_within", number confirmation.EqualWithin
              "looks",
              (match confirmation.InterimLooks with
               | Some looks -> list (List.map whole looks.Seeds)
               | None -> none)
              "defaults", Json.make (JsonValue.Bool confirmation.Defaults) ]

    let private frontier (frontier: Frontier option) =
        match frontier with
        | Some frontier ->
            record
                [ "rates", list (List.map number frontier.Rates)
                  "seeds", seeds StudyKeys.firstFrontierSeed frontier.Seeds ]
        | None -> none

    let study (study: StudyDesign) : JsonTree =
        record
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
              | Document given -> "seeds", seeds StudyKeys.firstConfirmationSeed given ]
