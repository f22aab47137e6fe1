namespace CuteDl.Studies

open System
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// The format of a task.
[<RequireQualifiedAccess>]
module internal TaskFormat =
    let private target (hasClasses: bool) : Shape<Target> =
        let accuracy =
            Shape.number ArgumentRange.aboveZeroToOne
            |> Form.under "accuracy" "The smallest validation accuracy that meets the target." Accuracy (function
                | Accuracy least -> Some least
                | Target.Loss _ -> None)

        let loss =
            Shape.number ArgumentRange.positive
            |> Form.under "loss" "The largest validation loss that meets the target." Target.Loss (function
                | Target.Loss most -> Some most
                | Accuracy _ -> None)

        let withoutClasses (form: Form<Target>) =
            { form with
                Schema = []
                Read =
                    fun reading place ->
                        reading.FailValue(place, "{ \"loss\": ... }, because this function has no classes")
                        None }

        Form.choice [ loss; (if hasClasses then accuracy else withoutClasses accuracy) ]

    let private steps: Fields<StudyTask, int64> =
        Field.required "steps" "The number of steps of a trial." (Shape.count 1L Int64.MaxValue) _.Steps

    /// Steps, or epochs if the problem has them.
    let private stepsOrEpochs (epoch: int64 option) : Fields<StudyTask, int64> =
        Field.given
            "epochs"
            $"The budget of a trial in epochs, instead of steps. With images from a folder, it needs training_images. The default is {StudyDefaults.Epochs}."
            (Shape.count 1L 1_000_000L)
            (fun _ -> None)
        |> Fields.choose (fun found epochs ->
            match epoch, epochs with
            | Some epoch, epochs -> Some((epochs |> Option.defaultValue (int64 StudyDefaults.Epochs)) * epoch)
            | None, Some _ ->
                found.Fail("epochs", "The steps in an epoch are unknown. Use \"steps\" instead, or add \"training_images\" to the folder.")

                None
            | None, None ->
                found.Fail(
                    "steps",
                    "The key \"steps\" is missing, and the steps in an epoch are unknown. Add \"steps\", or \"training_images\" to the folder."
                )

                None)
        |> Fields.instead "Keep one of them." (fun _ -> false) steps

    let private stepsOfFunction: Fields<StudyTask, int64> =
        Field.optional "steps" "The number of steps of a trial." (Shape.count 1L Int64.MaxValue) StudyDefaults.FunctionSteps _.Steps

    let private validations (steps: int64) : Fields<StudyTask, int> =
        let largest = int (min steps (int64 Int32.MaxValue))

        Field.given
            "validate_every"
            "The number of steps between validations, at most the steps of a trial. The default is a hundredth of the steps."
            (Shape.whole 1 largest)
            (fun task -> Some task.ValidateEvery)
        |> Fields.map (Option.defaultValue (min largest (StudyTask.validateEvery steps)))

    // Large, so that a task with another error does not get an error of its steps too.
    let private usualEpoch = Some(1L <<< 30)

    /// The fields of a task around those of its problem.
    let private task
        (usual: 'Problem)
        (problemOf: StudyTask -> 'Problem)
        (wrap: 'Problem -> IProblem)
        (problem: Fields<'Problem, 'Problem * int64 option>)
        (steps: int64 option -> Fields<StudyTask, int64>)
        : Shape<StudyTask> =
        fields<StudyTask> {
            let! name =
                Field.required "name" "The name in results and file names, unique in the study." Shape.name _.Name

            and! problem = Fields.over problemOf problem

            and! precision =
                Field.optional
                    "precision"
                    "The floating-point precision."
                    (Shape.word
                        (function
                        | TaskPrecision.Double -> "double"
                        | _ -> "single")
                        [ TaskPrecision.Single; TaskPrecision.Double ])
                    StudyDefaults.precision
                    _.Precision

            return name, problem, precision
        }
        |> Fields.andThen ("", (usual, usualEpoch), StudyDefaults.precision) (fun (name, (problem, epoch), precision) ->
            steps epoch
            |> Fields.andThen Int64.MaxValue (fun steps ->
                fields<StudyTask> {
                    let! every = validations steps

                    and! target =
                        Field.required
                            "target"
                            "The target that a trial must reach in validation."
                            (target (wrap problem).HasAccuracy)
                            _.Target

                    return
                        { Name = name
                          Problem = wrap problem
                          Precision = precision
                          Steps = steps
                          ValidateEvery = every
                          Target = target }
                }))
        |> Fields.shape

    let private wrong () = invalidOp "The problem is of another kind."

    let private usualDataSet: DataSetProblem =
        { Source = Mnist
          Split = HoldOut(StudyDefaults.HeldOut, 0)
          Layers = []
          Loss = CuteDl.Core.Networks.SoftmaxCrossEntropy
          Weights = Drawn StudyDefaults.initialization
          Batch = StudyDefaults.Batch
          Order = StudyDefaults.order
          Mean = CuteDl.Core.Training.OverExamples
          ScoresTraining = false }

    let private dataSet (registry: StudyRegistry) (inMemory: DataSource option) : Shape<StudyTask> =
        task
            usualDataSet
            (fun task ->
                match task.Problem with
                | :? DataSetProblem as problem -> problem
                | _ -> wrong ())
            (fun problem -> problem)
            (DataSetFormat.fields registry inMemory)
            stepsOrEpochs

    let private usualFunction: IProblem =
        LogisticRegression(FunctionKeys.Dimensions, LogisticRegressionFormat.Examples)

    let private functions: Shape<StudyTask> =
        task usualFunction _.Problem id (FunctionFormat.fields |> Fields.map (fun problem -> problem, None)) (fun _ -> stepsOfFunction)

    /// A problem of one's own, by its name in the registry.
    let private own (registry: StudyRegistry) : Shape<IProblem> =
        { Read =
            fun reading place ->
                match Shape.text.Read reading place with
                | None -> None
                | Some name ->
                    match registry.TryProblem name with
                    | Some problem -> Some problem
                    | None ->
                        let known = registry.Problems |> Seq.map _.Kind |> List.ofSeq

                        let advice =
                            if known.IsEmpty then
                                "The registry has none. Read the study in its program, with a registry that has the problem."
                            else
                                Suggestion.describe known name

                        reading.Fail(place, $"{Quotation.quote name} is not a problem of the registry. {advice}")
                        None
          Print = fun problem -> Json.text problem.Kind
          Schema = Shape.text.Schema
          Note = "" }

    let private ownTask (registry: StudyRegistry) : Shape<StudyTask> =
        task
            usualFunction
            _.Problem
            id
            (Field.required
                "problem"
                "The name of a problem of one's own. The registry that reads the study must have it."
                (own registry)
                id
             |> Fields.map (fun problem -> problem, None))
            (fun _ -> stepsOfFunction)

    let private shapeWith (registry: StudyRegistry) (inMemory: DataSource option) : Shape<StudyTask> =
        let isDataSet (problem: IProblem) = problem :? DataSetProblem

        let ofKind isKind (task: StudyTask) = if isKind task.Problem then Some task else None

        Form.choice
            [ ownTask registry
              |> Form.distinguished "problem" id (ofKind (fun problem -> not (isDataSet problem || FunctionFormat.isFunction problem)))
              functions |> Form.distinguished "function" id (ofKind FunctionFormat.isFunction)
              dataSet registry inMemory
              |> Form.make (fun _ -> true) "a model with a data set" id (ofKind isDataSet) ]

    /// The format of tasks with the problems of a registry.
    let shape (registry: StudyRegistry) : Shape<StudyTask> = shapeWith registry None

    /// The shape for checks of a program's task, whose examples can be in memory.
    let checks (problem: IProblem) : Shape<StudyTask> =
        match problem with
        | :? DataSetProblem as problem ->
            let inMemory =
                match problem.Source with
                | Held _ -> Some problem.Source
                | Mnist
                | Folder _ -> None

            shapeWith (StudyRegistry.withLoss problem StudyRegistry.Standard) inMemory
        | _ when FunctionFormat.isFunction problem -> shape StudyRegistry.Standard
        | _ -> shape (StudyRegistry.Standard.Add problem)
