namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open System.Diagnostics
open System.Numerics
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
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
    }

/// <summary>Where a run is.</summary>
type TrainingProgress =
    {
        /// <summary>Steps taken.</summary>
        Step: int64
        /// <summary>The newest validation; none before the first.</summary>
        Newest: Validation voption
        /// <summary>How many validations there were.</summary>
        Validations: int
        /// <summary>Since the run began.</summary>
        Elapsed: TimeSpan
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
    /// <summary>The document's: batches of 64 in file order, its two stop rules, 5000 epochs.</summary>
    let document =
        { BatchSize = 64
          Order = FileOrder
          Seed = 0
          MaxEpochs = 5000
          MaxSteps = None
          ValidateEvery = None
          StopRules = StopRule.document }

    /// <summary>Fails if a number is out of its range.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The message names the option and its range.</exception>
    let validate (options: TrainingOptions) : unit =
        let atLeastOne name (value: int64) =
            if value < 1L then
                raise (ArgumentOutOfRangeException(name, value, $"{name} is at least 1."))

        atLeastOne "batch size" options.BatchSize
        atLeastOne "max epochs" options.MaxEpochs
        options.MaxSteps |> Option.iter (atLeastOne "max steps")
        options.ValidateEvery |> Option.iter (int64 >> atLeastOne "validate every")
        List.iter StopRule.validate options.StopRules

/// <summary>The training loop: batches in, steps taken, validations kept, stop rules asked.</summary>
module Trainer =

    // About as many examples go through a network at once in validation, where that costs least.
    let private validationBlock = 256

    /// The mean of the batches' mean losses, and the accuracy, over the validation set; batches are of the same size as training's.
    /// Nothing, if cancelled on the way.
    let private validate
        (network: Network<'T>)
        (batchSize: int)
        (data: DataSets)
        (indices: int array)
        (cancellation: CancellationToken)
        : struct (float * float) voption =
        let set = data.Validation
        let size = max batchSize (network.Capacity / batchSize * batchSize)
        let outputs = network.Model.Outputs
        let mutable lossSum = 0.0
        let mutable right = 0
        let mutable start = 0

        while start < set.Count && not cancellation.IsCancellationRequested do
            let rows = min size (set.Count - start)
            Batches.load set (ReadOnlySpan(indices, start, rows)) network
            lossSum <- lossSum + network.Validate(rows, batchSize)

            for row in 0 .. rows - 1 do
                let answer = network.Outputs.Slice(row * outputs, outputs)
                let mutable best = 0

                for j in 1 .. outputs - 1 do
                    if 'T.op_GreaterThan (answer[j], answer[best]) then
                        best <- j

                if best = int set.Labels[start + row] then
                    right <- right + 1

            start <- start + size

        if start < set.Count then
            ValueNone
        else
            ValueSome(struct (lossSum / float (Batches.count set.Count batchSize), float right / float set.Count))

    let private checkFit (model: Model) (data: DataSets) (initial: 'T array) =
        let mismatch (name: string) (message: string) : unit = raise (ArgumentException(message, name))

        for name, set in [ "training", data.Training; "validation", data.Validation ] do
            if set.Count = 0 then
                mismatch (nameof data) $"the {name} set is empty."

            if set.Width <> model.Inputs then
                mismatch (nameof data) $"the {name} examples have {set.Width} values each, the model takes {model.Inputs}."

        if data.Classes > model.Outputs then
            mismatch (nameof model) $"the data have {data.Classes} classes, the model only {model.Outputs} outputs."

        if initial.Length <> Model.parameterCount model then
            mismatch (nameof initial) $"{initial.Length} initial parameters, the model has {Model.parameterCount model}."

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
        checkFit model data initial
        let clock = Stopwatch.StartNew()
        let set = data.Training
        // Space for a batch of training and for a block of whole batches in validation, but no more than the data can fill.
        let block = options.BatchSize * max 1 (validationBlock / options.BatchSize)
        let network = Network<'T>(model, min block (max set.Count data.Validation.Count))
        initial.CopyTo network.Parameters
        let state = Optimizer.initFor<'T> optimizer (Layout.Of(Model.parameters model))
        let history = List<Validation>()
        let validationOrder = Batches.permutation FileOrder data.Validation.Count 0 0
        let batchesAnEpoch = Batches.count set.Count options.BatchSize
        let validateEvery = defaultArg options.ValidateEvery batchesAnEpoch |> int64
        let maxSteps = defaultArg options.MaxSteps Int64.MaxValue
        let dropoutKey = Random.key options.Seed "dropout"
        let mutable step = 0L
        let mutable epoch = 0
        let mutable trainingLoss = nan
        let mutable stop = ValueNone
        let mutable reported = TimeSpan.Zero

        let report () =
            reported <- clock.Elapsed

            progress
                { Step = step
                  Newest = if history.Count > 0 then ValueSome history[history.Count - 1] else ValueNone
                  Validations = history.Count
                  Elapsed = reported }

        // An optimizer that keeps averages is judged by them, and they are what it has learned.
        let averages = Optimizer.keepsAverages optimizer

        let atLearned (act: unit -> 'result) : 'result =
            if averages then
                let kept = network.Parameters.ToArray()
                (Optimizer.averaged optimizer state (ReadOnlySpan kept)).CopyTo network.Parameters

                try
                    act ()
                finally
                    kept.CopyTo network.Parameters
            else
                act ()

        let validateNow () =
            match atLearned (fun () -> validate network options.BatchSize data validationOrder cancellation) with
            | ValueNone -> stop <- ValueSome Cancelled
            | ValueSome(struct (loss, accuracy)) ->
                history.Add { Step = step; TrainingLoss = trainingLoss; Loss = loss; Accuracy = accuracy }
                Optimizer.observeInPlace optimizer state loss

                if not (Double.IsFinite loss) then
                    stop <- ValueSome Diverged
                else
                    match options.StopRules |> List.tryPick (fun rule -> StopRule.decide rule history) with
                    | Some reason -> stop <- ValueSome reason
                    | None -> ()

            report ()

        // At a limit the last steps are validated too, so that every run has figures.
        let endAt reason =
            if step % validateEvery <> 0L then
                validateNow ()

            if stop.IsNone then
                stop <- ValueSome reason

        let takeStep (indices: int array) batch =
            let start = batch * options.BatchSize
            let rows = min options.BatchSize (set.Count - start)
            Batches.load set (ReadOnlySpan(indices, start, rows)) network
            trainingLoss <- network.Train(rows, Random.subkey dropoutKey (uint64 step))

            if not (Double.IsFinite trainingLoss) then
                stop <- ValueSome Diverged
            else
                step <- step + 1L
                Optimizer.stepInPlace optimizer state network.Parameters network.Gradient

                if step % validateEvery = 0L then
                    validateNow ()

                if stop.IsNone && step >= maxSteps then
                    endAt MaxSteps

        while stop.IsNone do
            let indices = Batches.permutation options.Order set.Count options.Seed epoch
            let mutable batch = 0

            while stop.IsNone && batch < batchesAnEpoch do
                if cancellation.IsCancellationRequested then
                    stop <- ValueSome Cancelled
                else
                    takeStep indices batch
                    batch <- batch + 1

                    if (clock.Elapsed - reported).TotalSeconds >= 0.25 then
                        report ()

            epoch <- epoch + 1

            if stop.IsNone && epoch >= options.MaxEpochs then
                endAt MaxEpochs

        let stop = stop.Value

        { Stop = stop
          Steps = step
          History = history.ToArray()
          Parameters = atLearned (fun () -> network.Parameters.ToArray())
          // Of NaN weights nothing can be said, and who cancels does not want to wait for it.
          Logits =
            match stop with
            | Diverged
            | Cancelled -> LogitHealth.sound
            | _ -> atLearned (fun () -> LogitHealth.measure network data)
          Elapsed = clock.Elapsed }
