namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open System.Numerics
open System.Threading
open CuteDl.Core.Optimizers

/// <summary>How to look for a learning rate.</summary>
type RateFinderOptions =
    {
        /// <summary>The rate of the first step; above 0. By default 1e-7.</summary>
        Low: float
        /// <summary>The rate of the last step; above <c>Low</c>. By default 10.</summary>
        High: float
        /// <summary>Steps from the one to the other, at least 2. By default 200.</summary>
        Steps: int
        /// <summary>The hyper-parameter that is swept, in every part of the optimizer that has it. By default <c>lr</c>.</summary>
        Argument: string
        /// <summary>The share of the past in the smoothed loss, in [0, 1). By default 0.9.</summary>
        Smoothing: float
        /// <summary>The sweep ends where the smoothed loss is above so many times its least; above 1. By default 4.</summary>
        Ceiling: float
    }

/// <summary>One step of a sweep.</summary>
[<Struct>]
type RatePoint =
    {
        /// <summary>The rate that the step was taken with.</summary>
        Rate: float
        /// <summary>The training loss before it.</summary>
        Loss: float
        /// <summary>The exponential mean of the losses so far, divided by 1 − βᵗ.</summary>
        Smoothed: float
    }

/// <summary>Why a sweep ended.</summary>
type SweepEnd =
    /// <summary>The highest rate was reached.</summary>
    | Swept
    /// <summary>The smoothed loss was above its ceiling.</summary>
    | Exploded
    /// <summary>A loss was NaN or infinite.</summary>
    | NotFinite
    /// <summary>The optimizer could not take a step, because gradients or its state were not finite.</summary>
    | StateNotFinite
    /// <summary>Whoever started it asked it to end.</summary>
    | Interrupted

/// <summary>What came of a sweep.</summary>
type RateSweep =
    {
        /// <summary>All steps with a finite loss, rates ascending.</summary>
        Points: RatePoint array
        /// <summary>Why it ended.</summary>
        End: SweepEnd
        /// <summary>
        /// The rate at which the smoothed loss falls most steeply over the logarithm of the rate, before its least; nothing, where it
        /// nowhere falls.
        /// </summary>
        Steepest: float voption
        /// <summary>A tenth of the rate of the least smoothed loss; nothing, where the loss nowhere falls.</summary>
        TenthOfLeast: float voption
    }

/// <summary>
/// Looks for a learning rate: from a low to a high one in a single short training, the rate growing by the same factor at each step
/// (Smith 2015, "Cyclical learning rates for training neural networks", §3.3; the smoothing and the suggestions are those of fastai).
/// </summary>
module RateFinder =
    /// <summary>From 1e-7 to 10 in 200 steps.</summary>
    /// <remarks>
    /// The smoothing that fastai takes, 0.98, remembers some fifty steps: so long behind the losses, suggestions come out several times too high.
    /// </remarks>
    let defaults = { Low = 1e-7; High = 10.0; Steps = 200; Argument = "lr"; Smoothing = 0.9; Ceiling = 4.0 }

    let private validate (options: RateFinderOptions) =
        let outOfRange (name: string) (value: obj) (allowed: string) : unit =
            raise (ArgumentOutOfRangeException(name, value, $"{name} {allowed}."))

        if not (options.Low > 0.0 && Double.IsFinite options.Low) then
            outOfRange "low" options.Low "is above 0"

        if not (options.High > options.Low && Double.IsFinite options.High) then
            outOfRange "high" options.High $"is above the low rate, {options.Low}"

        if options.Steps < 2 then
            outOfRange "steps" options.Steps "is at least 2"

        if not (options.Smoothing >= 0.0 && options.Smoothing < 1.0) then
            outOfRange "smoothing" options.Smoothing "lies in [0, 1)"

        if not (options.Ceiling > 1.0) then
            outOfRange "ceiling" options.Ceiling "is above 1"

    // The first of the smoothed losses are hardly smoothed: what falls there is chance.
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

            // All steps are of one length in the logarithm.
            let falls =
                [| for i in first + 1 .. least -> struct (points[i].Smoothed - points[i - 1].Smoothed, points[i].Rate) |]

            match falls with
            | [||] -> struct (ValueNone, ValueNone)
            | falls ->
                let struct (_, steepest) = falls |> Array.minBy (fun struct (fall, _) -> fall)
                struct (ValueSome steepest, ValueSome(points[least].Rate / 10.0))

    /// <summary>Sweeps the learning rate of an optimizer, from a state of its own and a copy of the parameters.</summary>
    /// <param name="options">From where to where.</param>
    /// <param name="workload">What is trained; its parameters are afterwards what they were before.</param>
    /// <param name="optimizer">With what; it must have the hyper-parameter that is swept.</param>
    /// <param name="initial">The parameters to begin with; not touched.</param>
    /// <param name="cancellation">Ends the sweep, as interrupted, within one batch.</param>
    /// <exception cref="T:System.ArgumentException">
    /// An option is out of its range, the optimizer has no such hyper-parameter or does not allow such rates, or it or the parameters
    /// do not fit the workload.
    /// </exception>
    let sweep<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (options: RateFinderOptions)
        (workload: IWorkload<'T>)
        (optimizer: Optimizer)
        (initial: 'T array)
        (cancellation: CancellationToken)
        : RateSweep =
        validate options

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

            while ending.IsNone && step < options.Steps do
                let loss = workload.Train(int64 step)
                mean <- options.Smoothing * mean + (1.0 - options.Smoothing) * loss
                weight <- weight * options.Smoothing
                let smoothed = mean / (1.0 - weight)

                if cancellation.IsCancellationRequested then
                    ending <- ValueSome Interrupted
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
