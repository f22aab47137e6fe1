namespace CuteDl.Core.Training

open System
open System.Diagnostics
open System.Numerics
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// <summary>How to train: all that is not the model, the optimizer or the data.</summary>
type TrainingOptions =
    {
        /// <summary>Examples a step, at least 1. The document's: 64.</summary>
        BatchSize: int
        /// <summary>In which order an epoch goes through the examples.</summary>
        Order: Order
        /// <summary>Decides the shuffles and the dropouts.</summary>
        Seed: int
        /// <summary>The most epochs, at least 1. The document's: 5000.</summary>
        MaxEpochs: int
        /// <summary>The most steps, at least 1, if there is such a limit.</summary>
        MaxSteps: int64 option
        /// <summary>Steps from one validation to the next, at least 1; an epoch, if not said.</summary>
        ValidateEvery: int option
        /// <summary>Asked in this order after each validation.</summary>
        StopRules: StopRule list
        /// <summary>How the validation loss averages the examples' losses.</summary>
        ValidationMean: ValidationMean
    }

/// <summary>What came of a run.</summary>
type TrainingResult<'T> =
    {
        /// <summary>Why it ended.</summary>
        Stop: StopReason
        /// <summary>Steps taken.</summary>
        Steps: int64
        /// <summary>All validations, oldest first.</summary>
        History: Validation array
        /// <summary>
        /// The learned parameters, in the order of <c>Model.parameters</c>: the averages, where the optimizer keeps them, as validations
        /// do.
        /// </summary>
        Parameters: 'T array
        /// <summary>What became of the outputs; nothing is said of a run that diverged or was cancelled.</summary>
        Logits: LogitHealth
        /// <summary>How long it took.</summary>
        Elapsed: TimeSpan
    }

/// <summary>Training options.</summary>
module TrainingOptions =
    /// <summary>The document's: batches of 64 in file order, its two stop rules, 5000 epochs, validation losses averaged over batches.</summary>
    let document =
        { BatchSize = 64
          Order = FileOrder
          Seed = 0
          MaxEpochs = 5000
          MaxSteps = None
          ValidateEvery = None
          StopRules = StopRule.document
          ValidationMean = OverBatches }

    /// What of them is the loop's.
    let internal limits (options: TrainingOptions) : TrainingLimits =
        { MaxEpochs = Some options.MaxEpochs
          MaxSteps = options.MaxSteps
          ValidateEvery = options.ValidateEvery
          StopRules = options.StopRules
          Diagnose = false }

    /// <summary>Fails if a number is out of its range.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The message names the option and its range.</exception>
    let validate (options: TrainingOptions) : unit =
        if options.BatchSize < 1 then
            raise (ArgumentOutOfRangeException("batch size", options.BatchSize, "batch size is at least 1."))

        TrainingLimits.validate (limits options)

/// <summary>Whole runs: batches in, steps taken, validations kept, stop rules asked.</summary>
module Trainer =
    /// <summary>Trains to the first stop rule that holds, to a limit, to divergence or to cancellation.</summary>
    /// <param name="model">What to train.</param>
    /// <param name="optimizer">With what.</param>
    /// <param name="options">How.</param>
    /// <param name="data">On what; its examples must be as long as the model's inputs.</param>
    /// <param name="initial">The initial parameters; not touched.</param>
    /// <param name="progress">Told of every validation, and in between about four times a second.</param>
    /// <param name="cancellation">Ends the run, as cancelled, within one batch.</param>
    /// <exception cref="T:System.ArgumentException">An option is out of its range, or model, data and parameters do not fit.</exception>
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
          // Of NaN weights nothing can be said, and who cancels does not want to wait for it.
          Logits =
            match stop with
            | Diverged
            | Cancelled -> LogitHealth.sound
            | _ -> training.AtLearned(fun () -> LogitHealth.measure classifier.Network data)
          Elapsed = clock.Elapsed }
