namespace CuteDl.Core.Tests

open System
open System.Numerics
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// The options of a whole training, without model, optimizer and data.
type TrainingOptions =
    {
        BatchSize: int
        Order: Order
        Seed: int
        MaxEpochs: int
        MaxSteps: int64 option
        /// None for one epoch.
        ValidateEvery: int option
        StopRules: StopRule list
        ValidationMean: ValidationMean
    }

    /// The source document's.
    static member Document =
        { BatchSize = 64
          Order = FileOrder
          Seed = 0
          MaxEpochs = 5000
          MaxSteps = None
          ValidateEvery = None
          StopRules = StopRule.document
          ValidationMean = OverBatches }

/// The result of a whole training.
type TrainingResult<'T> =
    {
        /// ValueNone if it was cancelled.
        Stop: StopReason voption
        Steps: int64
        History: Validation array
        /// The learned parameters: the averages, if the optimizer keeps them.
        Parameters: 'T array
        /// Not measured for runs that diverged or were cancelled.
        Logits: LogitHealth
    }

/// Trains models to the end, in one call.
module Trainer =
    let train<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (model: Model)
        (optimizer: Optimizer)
        (options: TrainingOptions)
        (data: DataSets)
        (initial: 'T array)
        (progress: TrainingProgress -> unit)
        (cancellation: CancellationToken)
        : TrainingResult<'T> =
        let network =
            NetworkWorkload<'T>(model, data, options.BatchSize, options.Order, options.Seed, options.ValidationMean)

        let workload: IWorkload<'T> = network
        let ofEpochs = int64 options.MaxEpochs * int64 workload.StepsAnEpoch

        let limits =
            { MaxSteps = Some(min (defaultArg options.MaxSteps ofEpochs) ofEpochs)
              ValidateEvery = options.ValidateEvery
              StopRules = options.StopRules
              Diagnose = false
              KeepBest = false }

        let start = TrainingSnapshot.start optimizer workload.Layout initial
        let training = Training<'T>(workload, limits, start, (fun _ _ -> ()))
        training.Advance(Int64.MaxValue, progress, cancellation)

        { Stop = training.Stop
          Steps = training.Step
          History = Seq.toArray training.History
          Parameters = training.AtLearned(fun () -> network.Network.Parameters.ToArray())
          Logits =
            match training.Stop with
            | ValueNone
            | ValueSome Diverged -> LogitHealth.sound
            | ValueSome _ -> training.AtLearned(fun () -> LogitHealth.measure network.Network data) }
