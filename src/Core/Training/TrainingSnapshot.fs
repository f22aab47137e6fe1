namespace CuteDl.Core.Training

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>What is known of the training before a validation, beside the validation itself.</summary>
[<Struct>]
type Diagnosis =
    {
        /// <summary>‖g‖ at the last step before it; NaN, where it was not asked for.</summary>
        GradientNorm: float
        /// <summary>‖Δ‖ / ‖w‖ at the last step before it, w before that step; NaN, where it was not asked for.</summary>
        UpdateRatio: float
        /// <summary>Seconds of training until then, validations left out. Not repeatable, unlike all else.</summary>
        Seconds: float
    }

/// <summary>
/// A training on its way, at rest between two of its steps: all that the steps after it depend on, as a value. The order of the examples
/// and the dropouts are functions of the seed and the step and need not be kept.
/// </summary>
type TrainingSnapshot<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    {
        /// <summary>The optimizer, what it remembers, and the parameters.</summary>
        Checkpoint: Checkpoint<'T>
        /// <summary>Steps taken.</summary>
        Step: int64
        /// <summary>The training loss of the last step; NaN before the first.</summary>
        TrainingLoss: float
        /// <summary>All validations so far, oldest first.</summary>
        History: Validation array
        /// <summary>What is known beside each validation.</summary>
        Diagnoses: Diagnosis array
        /// <summary>Of the last step; its seconds are those until now.</summary>
        Newest: Diagnosis
        /// <summary>
        /// The first step, from 1, with a training loss, a gradient or an optimizer's state that was not finite. 0 if there was none, or if
        /// the training does not diagnose.
        /// </summary>
        FirstNonFinite: int64
        /// <summary>Seconds since the training began, validations and all.</summary>
        Elapsed: float
        /// <summary>Why it has ended, if it has.</summary>
        Stop: StopReason voption
    }

/// <summary>
/// Making snapshots, and keeping them in files: the tensors of the checkpoint, and beside them <c>training:NAME</c>, one number for each
/// validation or for all.
/// </summary>
module TrainingSnapshot =
    /// <summary>The metadata key that says what the file is, and its version.</summary>
    let FormatKey = "cutedl.training"

    let private format = "1"
    let private stopKey = "cutedl.training.stop"
    let private prefix = "training:"

    /// <summary>A training before its first step.</summary>
    /// <param name="optimizer">With what.</param>
    /// <param name="layout">The tensors that the parameters are made of.</param>
    /// <param name="initial">The initial parameters.</param>
    /// <exception cref="T:System.ArgumentException">The optimizer does not fit the layout, or the parameters' number is another.</exception>
    let start (optimizer: Optimizer) (layout: Layout) (initial: 'T array) : TrainingSnapshot<'T> =
        if initial.Length <> layout.Length then
            raise (ArgumentException($"{initial.Length} initial parameters, the model has {layout.Length}.", nameof initial))

        { Checkpoint =
            { Optimizer = optimizer
              State = Optimizer.initFor<'T> optimizer layout
              Parameters = Array.copy initial }
          Step = 0L
          TrainingLoss = nan
          History = [||]
          Diagnoses = [||]
          Newest = { GradientNorm = nan; UpdateRatio = nan; Seconds = 0.0 }
          FirstNonFinite = 0L
          Elapsed = 0.0
          Stop = ValueNone }

    let private reasons = [ NoImprovement; TooSlow; TargetHeld; MaxEpochs; MaxSteps; Diverged; Cancelled ]

    // Each column of the validations and each single number: its name, and where it is.
    let private columns: (string * (Validation -> Diagnosis -> float)) list =
        [ "validation.training_loss", (fun v _ -> v.TrainingLoss)
          "validation.loss", (fun v _ -> v.Loss)
          "validation.accuracy", (fun v _ -> v.Accuracy)
          "validation.gradient_norm", (fun _ d -> d.GradientNorm)
          "validation.update_ratio", (fun _ d -> d.UpdateRatio)
          "validation.seconds", (fun _ d -> d.Seconds) ]

    let private stepColumn = "validation.step"

    /// <summary>A snapshot as the content of a safetensors file, which is that of its checkpoint and more.</summary>
    let toContent (snapshot: TrainingSnapshot<'T>) : Safetensors =
        let checkpoint = Checkpoint.toContent snapshot.Checkpoint
        let length = snapshot.History.Length

        let tensors =
            [ for name, read in columns do
                  name, { Shape = [ length ]; Cells = F64(Array.map2 read snapshot.History snapshot.Diagnoses) }
              stepColumn, { Shape = [ length ]; Cells = I64 [| for v in snapshot.History -> v.Step |] }
              for name, value in
                  [ "loss", snapshot.TrainingLoss
                    "gradient_norm", snapshot.Newest.GradientNorm
                    "update_ratio", snapshot.Newest.UpdateRatio
                    "seconds", snapshot.Newest.Seconds
                    "elapsed", snapshot.Elapsed ] do
                  name, { Shape = []; Cells = F64 [| value |] }
              for name, value in [ "step", snapshot.Step; "first_non_finite", snapshot.FirstNonFinite ] do
                  name, { Shape = []; Cells = I64 [| value |] } ]

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

    /// <summary>The snapshot of a training with an optimizer in the content of a safetensors file.</summary>
    /// <param name="optimizer">The optimizer; its parts must be those of the saved one.</param>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">It is no snapshot, of another optimizer, or of another precision.</exception>
    let ofContent<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (optimizer: Optimizer)
        (file: string)
        (content: Safetensors)
        : TrainingSnapshot<'T> =
        let damaged (problem: string) : 'any = raise (DataFormatException(file, 0L, problem))

        match content.Metadata.TryFind FormatKey with
        | Some found when found = format -> ()
        | Some found -> damaged $"a training of format '{found}', expected '{format}'."
        | None -> damaged $"no training of this library: '{FormatKey}' is missing from its metadata."

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

        let values =
            columns
            |> List.map (fun (name, _) ->
                let values = column name: float array

                if values.Length <> steps.Length then
                    damaged $"the tensor '{prefix + name}' has {values.Length} elements, expected {steps.Length}."

                values)
            |> List.toArray

        let step = count "step"

        if checkpoint.State.Step > step || Array.exists (fun at -> at > step) steps then
            damaged $"after {step} steps, there can be no validation or step of the optimizer behind them."

        { Checkpoint = checkpoint
          Step = step
          TrainingLoss = float "loss"
          History =
            [| for i in 0 .. steps.Length - 1 ->
                   { Step = steps[i]; TrainingLoss = values[0][i]; Loss = values[1][i]; Accuracy = values[2][i] } |]
          Diagnoses =
            [| for i in 0 .. steps.Length - 1 -> { GradientNorm = values[3][i]; UpdateRatio = values[4][i]; Seconds = values[5][i] } |]
          Newest =
            { GradientNorm = float "gradient_norm"
              UpdateRatio = float "update_ratio"
              Seconds = float "seconds" }
          FirstNonFinite = count "first_non_finite"
          Elapsed = float "elapsed"
          Stop =
            match content.Metadata.TryFind stopKey with
            | None -> ValueNone
            | Some text ->
                match reasons |> List.tryFind (fun reason -> string reason = text) with
                | Some reason -> ValueSome reason
                | None -> damaged $"it is said to have ended by '{text}', which is no reason to end." }
