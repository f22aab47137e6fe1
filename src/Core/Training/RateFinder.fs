namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open System.Numerics
open System.Threading
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// <summary>The options of a learning-rate sweep.</summary>
type RateFinderOptions =
    {
        /// <summary>The learning rate of the first step, above 0. Default 1e-7.</summary>
        Low: float
        /// <summary>The learning rate of the last step, above <c>Low</c>. Default 10.</summary>
        High: float
        /// <summary>The number of steps, at least 2. Default 200.</summary>
        Steps: int
        /// <summary>The hyper-parameter to sweep, in every part of the optimizer that has it. Default <c>lr</c>.</summary>
        Argument: string
        /// <summary>The decay β of the smoothed loss, in [0, 1). Default 0.9.</summary>
        Smoothing: float
        /// <summary>The ratio of the smoothed loss to its smallest value at which the sweep ends, above 1. Default 4.</summary>
        Ceiling: float
    }

/// <summary>One step of a sweep.</summary>
[<Struct>]
type RatePoint =
    {
        /// <summary>The learning rate of the step.</summary>
        Rate: float
        /// <summary>The training loss before the step.</summary>
        Loss: float
        /// <summary>The exponential mean of the losses so far, divided by 1 − βᵗ.</summary>
        Smoothed: float
    }

/// <summary>The reason why a sweep ended.</summary>
type SweepEnd =
    /// <summary>The highest learning rate was reached.</summary>
    | Swept
    /// <summary>The smoothed loss exceeded the ceiling.</summary>
    | Exploded
    /// <summary>A loss was NaN or infinite.</summary>
    | NotFinite
    /// <summary>The optimizer could not take a step, because gradients or its state were not finite.</summary>
    | StateNotFinite
    /// <summary>The caller cancelled the sweep.</summary>
    | Cancelled

/// <summary>The result of a sweep.</summary>
type RateSweep =
    {
        /// <summary>All steps with a finite loss, in ascending order of the rates.</summary>
        Points: RatePoint array
        /// <summary>The reason why it ended.</summary>
        End: SweepEnd
        /// <summary>
        /// The learning rate at which the smoothed loss decreases most steeply over the logarithm of the rate, before its minimum;
        /// ValueNone if it never decreases.
        /// </summary>
        Steepest: float voption
        /// <summary>A tenth of the learning rate at the minimum of the smoothed loss; ValueNone if the loss never decreases.</summary>
        TenthOfLeast: float voption
    }

/// <summary>
/// Finds a learning rate in one short training: the rate grows by the same factor at each step (Smith 2015, "Cyclical learning rates for
/// training neural networks", §3.3). The smoothing and the suggestions are those of fastai.
/// </summary>
module RateFinder =
    /// <summary>The default options: from 1e-7 to 10 in 200 steps.</summary>
    /// <remarks>
    /// fastai's smoothing, 0.98, averages about fifty steps. The smoothed loss then lags so far behind that suggestions are several times
    /// too high.
    /// </remarks>
    let defaults = { Low = 1e-7; High = 10.0; Steps = 200; Argument = "lr"; Smoothing = 0.9; Ceiling = 4.0 }

    let private validate (options: RateFinderOptions) =
        let outOfRange (name: string) (value: obj) (message: string) : unit = raise (ArgumentOutOfRangeException(name, value, message))

        if not (options.Low > 0.0 && Double.IsFinite options.Low) then
            outOfRange "low" options.Low "The low rate must be above 0 and finite."

        if not (options.High > options.Low && Double.IsFinite options.High) then
            outOfRange "high" options.High $"The high rate must be finite and above the low rate, {options.Low}."

        if options.Steps < 2 then
            outOfRange "steps" options.Steps "The number of steps must be at least 2."

        if not (options.Smoothing >= 0.0 && options.Smoothing < 1.0) then
            outOfRange "smoothing" options.Smoothing "The smoothing must be in [0, 1)."

        if not (options.Ceiling > 1.0) then
            outOfRange "ceiling" options.Ceiling "The ceiling must be above 1."

    // The first smoothed losses are hardly smoothed, so their decreases are ignored as chance.
    let private unsettled = 0.1

    let private suggestions (options: RateFinderOptions) (points: RatePoint array) : struct (float voption * float voption) =
        let first = int (Math.Ceiling(unsettled * float options.Steps))

        if points.Length <= first + 1 then
            struct (ValueNone, ValueNone)
        else
            let mutable least = first

            for i in first + 1 .. points.Length - 1 do
                if points[i].Smoothed < points[least].Smoothed then
                    least <- i

            // All steps have the same length in the logarithm, so differences of losses are enough.
            let falls =
                [| for i in first + 1 .. least -> struct (points[i].Smoothed - points[i - 1].Smoothed, points[i].Rate) |]

            match falls with
            | [||] -> struct (ValueNone, ValueNone)
            | falls ->
                let struct (_, steepest) = falls |> Array.minBy (fun struct (fall, _) -> fall)
                struct (ValueSome steepest, ValueSome(points[least].Rate / 10.0))

    /// <summary>
    /// Sweeps the learning rate of an optimizer, from a new state and a copy of the parameters. Shares of the run in other hyper-parameters are
    /// of the steps of the sweep.
    /// </summary>
    /// <param name="options">The options.</param>
    /// <param name="workload">The problem to train. Its parameters are restored afterwards.</param>
    /// <param name="optimizer">The optimizer. It must have the swept hyper-parameter.</param>
    /// <param name="initial">The initial parameters. They do not change.</param>
    /// <param name="cancellation">Ends the sweep as cancelled, within one batch.</param>
    /// <exception cref="T:System.ArgumentException">An option is out of its range; the optimizer does not have the hyper-parameter or does
    /// not allow the rates; or the optimizer or the parameters do not fit the workload.</exception>
    let sweep<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (options: RateFinderOptions)
        (workload: IWorkload<'T>)
        (optimizer: Optimizer)
        (initial: 'T array)
        (cancellation: CancellationToken)
        : RateSweep =
        validate options
        use _ = ThreadBudget.Enter()
        let optimizer = Optimizer.forRun (int64 options.Steps) optimizer

        let rate (step: int) =
            options.Low * Math.Pow(options.High / options.Low, float step / float (options.Steps - 1))

        let at (step: int) = Optimizer.set options.Argument (rate step) optimizer

        let state = (TrainingSnapshot.start (at 0) workload.Layout initial).Checkpoint.State
        let points = List<RatePoint>()
        let mutable ending = ValueNone
        let mutable mean = 0.0
        let mutable weight = 1.0
        let mutable least = infinity
        let mutable step = 0
        let kept = workload.Parameters.ToArray()

        try
            initial.CopyTo workload.Parameters

            if cancellation.IsCancellationRequested then
                ending <- ValueSome Cancelled

            while ending.IsNone && step < options.Steps do
                let loss = workload.Train(int64 step)
                mean <- options.Smoothing * mean + (1.0 - options.Smoothing) * loss
                weight <- weight * options.Smoothing
                let smoothed = mean / (1.0 - weight)

                if cancellation.IsCancellationRequested then
                    ending <- ValueSome Cancelled
                elif not (Double.IsFinite loss) then
                    ending <- ValueSome NotFinite
                else
                    points.Add { Rate = rate step; Loss = loss; Smoothed = smoothed }
                    least <- min least smoothed

                    if smoothed > options.Ceiling * least then
                        ending <- ValueSome Exploded
                    else
                        try
                            Optimizer.stepInPlace (at step) state workload.Parameters workload.Gradient
                            step <- step + 1
                        with :? NonFiniteException ->
                            ending <- ValueSome StateNotFinite
        finally
            kept.CopyTo workload.Parameters

        let points = points.ToArray()
        let struct (steepest, tenthOfLeast) = suggestions options points

        { Points = points
          End = ValueOption.defaultValue Swept ending
          Steepest = steepest
          TenthOfLeast = tenthOfLeast }
