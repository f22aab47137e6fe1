namespace CuteDl.Core.Training

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Optimizers

/// <summary>Measurements of the training before a validation. Frozen tensors are left out.</summary>
[<Struct>]
type Diagnosis =
    {
        /// <summary>‖g‖ at the last step before it; NaN if the training does not diagnose.</summary>
        GradientNorm: float
        /// <summary>‖Δ‖ / ‖w‖ at the last step before it, with w before that step; NaN if the training does not diagnose.</summary>
        UpdateRatio: float
        /// <summary>
        /// The training time in seconds until the validation, without validations. Not repeatable, unlike everything else.
        /// </summary>
        Seconds: float
    }

/// <summary>
/// The state of a training between two steps, as an immutable value. All later steps depend only on it. The order of examples and the
/// dropout masks are functions of the seed and the step, so they are not stored.
/// </summary>
type TrainingSnapshot<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    {
        /// <summary>The optimizer with its state, and the parameters.</summary>
        Checkpoint: Checkpoint<'T>
        /// <summary>The number of steps taken.</summary>
        Step: int64
        /// <summary>The training loss of the last step; NaN before the first.</summary>
        TrainingLoss: float
        /// <summary>All validations so far, oldest first.</summary>
        History: Validation array
        /// <summary>The measurements at each validation.</summary>
        Diagnoses: Diagnosis array
        /// <summary>The measurements at the last step. Its seconds are the training time so far.</summary>
        Newest: Diagnosis
        /// <summary>
        /// The first step, from 1, with a non-finite training loss, gradient or optimizer state; 0 if there was none, or if the training
        /// does not diagnose.
        /// </summary>
        FirstNonFinite: int64
        /// <summary>The time since the training began in seconds, with validations.</summary>
        Elapsed: float
        /// <summary>The learned parameters of the validation with the smallest loss; empty if they are not kept or there are none.</summary>
        Best: 'T array
        /// <summary>The reason why it ended; ValueNone if it has not.</summary>
        Stop: StopReason voption
    }

/// <summary>
/// Creates snapshots, and stores them in files: the tensors of the checkpoint, and tensors <c>training:NAME</c> with one number per
/// validation or a single number.
/// </summary>
module TrainingSnapshot =
    /// <summary>The metadata key that identifies a snapshot. Its value is the version of the format.</summary>
    let FormatKey = "cutedl.training"

    let private format = "1"
    let private stopKey = "cutedl.training.stop"
    let private prefix = "training:"

    /// <summary>Returns the snapshot before the first step.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="layout">The tensors of the parameters.</param>
    /// <param name="initial">The initial parameters.</param>
    /// <exception cref="T:System.ArgumentException">The optimizer does not fit the layout, or the number of parameters differs from the
    /// layout's.</exception>
    let start (optimizer: Optimizer) (layout: Layout) (initial: 'T array) : TrainingSnapshot<'T> =
        if initial.Length <> layout.Length then
            raise (
                ArgumentException(
                    $"There are {initial.Length} initial parameters, but the layout has {layout.Length} elements. The numbers must be equal.",
                    nameof initial
                )
            )

        { Checkpoint =
            { Optimizer = optimizer
              State = State<'T>.Zero(optimizer, layout)
              Parameters = Array.copy initial }
          Step = 0L
          TrainingLoss = nan
          History = [||]
          Diagnoses = [||]
          Newest = { GradientNorm = nan; UpdateRatio = nan; Seconds = 0.0 }
          FirstNonFinite = 0L
          Elapsed = 0.0
          Best = [||]
          Stop = ValueNone }

    let private reasons = [ NoImprovement; TooSlow; TargetHeld; MaxSteps; Diverged ]

    // The name of each column of the validations, and how to read it.
    let private columns: (string * (Validation -> Diagnosis -> float)) list =
        [ "validation.training_loss", (fun v _ -> v.TrainingLoss)
          "validation.loss", (fun v _ -> v.Loss)
          "validation.accuracy", (fun v _ -> v.Accuracy)
          "validation.gradient_norm", (fun _ d -> d.GradientNorm)
          "validation.update_ratio", (fun _ d -> d.UpdateRatio)
          "validation.seconds", (fun _ d -> d.Seconds) ]

    // The metrics that only some trainings have, and their columns. A column without a number is left out of the file.
    let private metricColumns: (string * (Validation -> float)) list =
        [ "validation.r_squared", _.Quality.RSquared
          "validation.mean_absolute_error", _.Quality.MeanAbsoluteError
          "training.loss", _.Training.Loss
          "training.accuracy", _.Training.Accuracy
          "training.r_squared", _.Training.RSquared
          "training.mean_absolute_error", _.Training.MeanAbsoluteError ]

    let private stepColumn = "validation.step"
    let private bestName = "best"

    /// <summary>Converts a snapshot to the content of a safetensors file. It contains the content of its checkpoint.</summary>
    let toContent (snapshot: TrainingSnapshot<'T>) : Safetensors =
        let checkpoint = Checkpoint.toContent snapshot.Checkpoint
        let length = snapshot.History.Length

        let tensors =
            [ for name, read in columns do
                  name, { Shape = [ length ]; Cells = F64(Array.map2 read snapshot.History snapshot.Diagnoses) }
              for name, read in metricColumns do
                  let values = Array.map read snapshot.History

                  if not (Array.forall Double.IsNaN values) then
                      name, { Shape = [ length ]; Cells = F64 values }
              stepColumn, { Shape = [ length ]; Cells = I64 [| for v in snapshot.History -> v.Step |] }
              for name, value in
                  [ "loss", snapshot.TrainingLoss
                    "gradient_norm", snapshot.Newest.GradientNorm
                    "update_ratio", snapshot.Newest.UpdateRatio
                    "seconds", snapshot.Newest.Seconds
                    "elapsed", snapshot.Elapsed ] do
                  name, { Shape = []; Cells = F64 [| value |] }
              for name, value in [ "step", snapshot.Step; "first_non_finite", snapshot.FirstNonFinite ] do
                  name, { Shape = []; Cells = I64 [| value |] }
              if snapshot.Best.Length > 0 then
                  bestName, { Shape = [ snapshot.Best.Length ]; Cells = Checkpoint.cells snapshot.Best } ]

        let stop =
            match snapshot.Stop with
            | ValueSome reason -> [ stopKey, string reason ]
            | ValueNone -> []

        { Metadata =
            (checkpoint.Metadata, (FormatKey, format) :: stop)
            ||> List.fold (fun all (key, text) -> Map.add key text all)
          Tensors =
            (checkpoint.Tensors, tensors)
            ||> List.fold (fun all (name, tensor) -> Map.add (prefix + name) tensor all) }

    /// <summary>Reads the snapshot of a training with a given optimizer from the content of a safetensors file.</summary>
    /// <param name="optimizer">The optimizer. Its parts must be those of the saved one.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The content is not a snapshot, or belongs to another optimizer or
    /// precision.</exception>
    let ofContent<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (optimizer: Optimizer)
        (file: string)
        (content: Safetensors)
        : TrainingSnapshot<'T> =
        let damaged (problem: string) : 'any = raise (DataFormatException(file, 0L, problem))

        match content.Metadata.TryFind FormatKey with
        | Some found when found = format -> ()
        | Some found -> damaged $"The training has the format {Tensor.shown found}. Only the format '{format}' can be read."
        | None -> damaged $"The file is not a training of this library: its metadata have no '{FormatKey}'."

        let isOurs (name: string) = name.StartsWith(prefix, StringComparison.Ordinal)

        let checkpoint =
            Checkpoint.ofContentFor<'T>
                optimizer
                file
                { content with Tensors = content.Tensors |> Map.filter (fun name _ -> not (isOurs name)) }

        let float (name: string) = Checkpoint.single<float> file content (prefix + name)
        let count (name: string) = Checkpoint.single<int64> file content (prefix + name)

        let column (name: string) : 'U array =
            Checkpoint.values<'U> file (prefix + name) (Checkpoint.tensor file content (prefix + name))

        let steps = column stepColumn: int64 array

        let numbers (name: string) : float array =
            let values = column name

            if values.Length <> steps.Length then
                damaged $"The tensor '{prefix + name}' has {values.Length} elements. It must have {steps.Length}, one for each validation."

            values

        let values = [| for name, _ in columns -> numbers name |]

        let metrics =
            [| for name, _ in metricColumns ->
                   if content.Tensors.ContainsKey(prefix + name) then numbers name else Array.create steps.Length nan |]

        let step = count "step"

        if checkpoint.State.Step > step || Array.exists (fun at -> at > step) steps then
            damaged $"The training has {step} steps, but a validation or a step of the optimizer is later."

        let history =
            [| for i in 0 .. steps.Length - 1 ->
                   { Step = steps[i]
                     TrainingLoss = values[0][i]
                     Quality =
                       { Loss = values[1][i]
                         Accuracy = values[2][i]
                         RSquared = metrics[0][i]
                         MeanAbsoluteError = metrics[1][i] }
                     Training =
                       { Loss = metrics[2][i]
                         Accuracy = metrics[3][i]
                         RSquared = metrics[4][i]
                         MeanAbsoluteError = metrics[5][i] } } |]

        let best: 'T array = if content.Tensors.ContainsKey(prefix + bestName) then column bestName else [||]

        if best.Length > 0 && (best.Length <> checkpoint.Parameters.Length || Validation.best history < 0) then
            damaged
                $"The tensor '{prefix + bestName}' has {best.Length} elements. It must have {checkpoint.Parameters.Length}, and a validation with a finite loss."

        { Checkpoint = checkpoint
          Step = step
          TrainingLoss = float "loss"
          History = history
          Diagnoses =
            [| for i in 0 .. steps.Length - 1 -> { GradientNorm = values[3][i]; UpdateRatio = values[4][i]; Seconds = values[5][i] } |]
          Newest =
            { GradientNorm = float "gradient_norm"
              UpdateRatio = float "update_ratio"
              Seconds = float "seconds" }
          FirstNonFinite = count "first_non_finite"
          Elapsed = float "elapsed"
          Best = best
          Stop =
            match content.Metadata.TryFind stopKey with
            | None -> ValueNone
            | Some text ->
                match reasons |> List.tryFind (fun reason -> string reason = text) with
                | Some reason -> ValueSome reason
                | None ->
                    damaged
                        $"""The training ended with the unknown reason {Tensor.shown text}. Known reasons are {String.Join(", ", reasons)}.""" }
