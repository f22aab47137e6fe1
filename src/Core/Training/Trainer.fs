namespace CuteDl.Core.Training

open System
open System.Diagnostics
open System.Numerics
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// <summary>The options of a training, without model, optimizer and data.</summary>
type TrainingOptions =
    {
        /// <summary>The number of examples per step, at least 1. The source document uses 64.</summary>
        BatchSize: int
        /// <summary>The order of examples in an epoch.</summary>
        Order: Order
        /// <summary>The seed of the order and of the dropout masks.</summary>
        Seed: int
        /// <summary>The largest number of epochs, at least 1. The source document uses 5000.</summary>
        MaxEpochs: int
        /// <summary>The largest number of steps, at least 1; None for no limit.</summary>
        MaxSteps: int64 option
        /// <summary>The number of steps between validations, at least 1; None for one epoch.</summary>
        ValidateEvery: int option
        /// <summary>The stop rules, evaluated in this order after each validation.</summary>
        StopRules: StopRule list
        /// <summary>The mean that the validation loss is.</summary>
        ValidationMean: ValidationMean
    }

/// <summary>The result of a run.</summary>
type TrainingResult<'T> =
    {
        /// <summary>The reason why it ended.</summary>
        Stop: StopReason
        /// <summary>The number of steps taken.</summary>
        Steps: int64
        /// <summary>All validations, oldest first.</summary>
        History: Validation array
        /// <summary>
        /// The learned parameters, in the order of <c>Model.parameters</c>: the averages, if the optimizer keeps them. Validations use the
        /// same parameters.
        /// </summary>
        Parameters: 'T array
        /// <summary>The state of the outputs. It is not measured for runs that diverged or were cancelled.</summary>
        Logits: LogitHealth
        /// <summary>The duration of the run.</summary>
        Elapsed: TimeSpan
    }

/// <summary>Default options, and checks.</summary>
module TrainingOptions =
    /// <summary>
    /// The source document's options: batches of 64 in file order, its two stop rules, 5000 epochs, and validation losses averaged over
    /// batches.
    /// </summary>
    let document =
        { BatchSize = 64
          Order = FileOrder
          Seed = 0
          MaxEpochs = 5000
          MaxSteps = None
          ValidateEvery = None
          StopRules = StopRule.document
          ValidationMean = OverBatches }

    /// Returns the limits of the training loop.
    let internal limits (options: TrainingOptions) : TrainingLimits =
        { MaxEpochs = Some options.MaxEpochs
          MaxSteps = options.MaxSteps
          ValidateEvery = options.ValidateEvery
          StopRules = options.StopRules
          Diagnose = false }

    /// <summary>Returns the number of steps after which a training ends at the latest. Shares of the run in schedules are of this number.</summary>
    /// <param name="examples">The number of training examples.</param>
    /// <param name="options">The options.</param>
    let lastStep (examples: int) (options: TrainingOptions) : int64 =
        // These limits always have a number of epochs.
        TrainingLimits.lastStep (Batches.count examples options.BatchSize) (limits options) |> Option.get

    /// <summary>Throws if a number is out of its range.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The batch size or a limit is below 1, or a number of a stop rule is out of
    /// its range.</exception>
    let validate (options: TrainingOptions) : unit =
        if options.BatchSize < 1 then
            raise (ArgumentOutOfRangeException(nameof options.BatchSize, options.BatchSize, "The batch size must be at least 1."))

        TrainingLimits.validate (limits options)

/// <summary>Trains models to the end.</summary>
module Trainer =
    /// <summary>Trains until a stop rule applies, a limit is reached, the training diverges, or it is cancelled.</summary>
    /// <param name="model">The model.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="options">The options.</param>
    /// <param name="data">The data sets. Their examples must be as long as the model's inputs.</param>
    /// <param name="initial">The initial parameters. They do not change.</param>
    /// <param name="progress">Called after every validation, and about four times a second in between.</param>
    /// <param name="cancellation">Ends the run as cancelled, within one batch.</param>
    /// <exception cref="T:System.ArgumentException">An option is out of its range, or model, data and parameters do not fit each
    /// other.</exception>
    let train<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (model: Model)
        (optimizer: Optimizer)
        (options: TrainingOptions)
        (data: DataSets)
        (initial: 'T array)
        (progress: TrainingProgress -> unit)
        (cancellation: CancellationToken)
        : TrainingResult<'T> =
        TrainingOptions.validate options
        let clock = Stopwatch.StartNew()

        let classifier =
            Classifier<'T>(model, data, options.BatchSize, options.Order, options.Seed, options.ValidationMean)

        let start = TrainingSnapshot.start optimizer (classifier :> IWorkload<'T>).Layout initial
        let training = Training<'T>(classifier, TrainingOptions.limits options, start, (fun _ _ -> ()))
        training.Advance(Int64.MaxValue, progress, cancellation)
        let stop = ValueOption.defaultValue Cancelled training.Stop

        { Stop = stop
          Steps = training.Step
          History = Seq.toArray training.History
          Parameters = training.AtLearned(fun () -> classifier.Network.Parameters.ToArray())
          // NaN weights say nothing about outputs, and a cancelled run should end at once.
          Logits =
            match stop with
            | Diverged
            | Cancelled -> LogitHealth.sound
            | _ -> training.AtLearned(fun () -> LogitHealth.measure classifier.Network data)
          Elapsed = clock.Elapsed }
