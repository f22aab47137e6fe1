namespace CuteDl.Studies

open System
open System.Globalization
open System.Numerics
open MathNet.Numerics.Distributions
open CuteDl.Core.Models
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// A function of the parameters, with its data for one seed. It computes in double precision.
type internal Landscape =
    {
        /// The initial parameters.
        Start: float array
        /// Returns the value at a point for a step, counted from 0, and overwrites the second array with the gradient there.
        Evaluate: int64 -> float array -> float array -> float
        /// Returns the validation loss and the accuracy at a point. The accuracy is NaN for functions without classes.
        Validate: float array -> struct (float * float)
        /// Returns the loss and the accuracy on examples that no step and no validation used; None if there are none.
        Test: (float array -> struct (float * float)) option
    }

/// A function as a workload.
[<Sealed>]
type internal LandscapeWorkload<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(layout: Layout, landscape: Landscape) =
    let length = layout.Length
    let parameters: 'T array = Array.zeroCreate length
    let gradient: 'T array = Array.zeroCreate length
    let point: float array = Array.zeroCreate length
    let slope: float array = Array.zeroCreate length

    let load () =
        for i in 0 .. length - 1 do
            point[i] <- Double.CreateTruncating parameters[i]

    interface IWorkload<'T> with
        member _.Layout = layout
        member _.Parameters = Span parameters
        member _.Gradient = ReadOnlySpan gradient
        member _.StepsAnEpoch = 1

        member _.Train step =
            load ()
            let value = landscape.Evaluate step point slope

            for i in 0 .. length - 1 do
                gradient[i] <- 'T.CreateTruncating slope[i]

            value

        member _.Validate cancellation =
            if cancellation.IsCancellationRequested then
                ValueNone
            else
                load ()
                ValueSome(struct (Quality.Of(landscape.Validate point), Quality.Unknown))

/// Builds problems of functions.
module internal Landscape =
    /// Returns a source of normal numbers for one purpose.
    let normal (seed: int) (purpose: string) (deviation: float) : unit -> float =
        let distribution = Normal(0.0, deviation, RandomStream.stream seed purpose)
        fun () -> distribution.Sample()

    /// Returns a landscape that is the same at every step, and whose validation loss is its value.
    let deterministic (start: float array) (evaluate: float array -> float array -> float) (accuracy: float array -> float) : Landscape =
        let slope = Array.zeroCreate start.Length

        { Start = start
          Evaluate = fun _ point slope -> evaluate point slope
          Validate = fun point -> struct (evaluate point slope, accuracy point)
          Test = None }

    let private start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (layout: Layout)
        (landscape: Landscape)
        : IProblemInstance<'T> =
        let workload = LandscapeWorkload<'T>(layout, landscape)

        { new IProblemInstance<'T> with
            member _.Workload = workload
            member _.Initial = Array.map 'T.CreateTruncating landscape.Start

            member _.Test(parameters, _) =
                match landscape.Test with
                | None -> ValueNone
                | Some test -> ValueSome(Quality.Of(test (Array.map Double.CreateTruncating parameters)))

            member _.Health() = Health.Sound
            member _.Model _ = null }

    /// <summary>Returns a prepared function.</summary>
    /// <param name="layout">The tensors.</param>
    /// <param name="identity">The identity.</param>
    /// <param name="hash">The hash of its data; empty if it has none.</param>
    /// <param name="create">Returns the function for a seed.</param>
    let prepared (layout: Layout) (identity: string) (hash: string) (create: int -> Landscape) : IPreparedProblem =
        { new IPreparedProblem with
            member _.Layout = layout
            member _.Identity = identity
            member _.DataHash = hash
            member _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(seed) = start<'T> layout (create seed) }

    /// Returns a number with all its digits.
    let number (value: float) : string = value.ToString("R", CultureInfo.InvariantCulture)
