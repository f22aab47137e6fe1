namespace CuteDl.Core.Training

open System
open System.Numerics
open System.Threading
open CuteDl.Core.Models
open CuteDl.Core.Optimizers

/// <summary>
/// A trainable problem: parameters, the loss and gradient of each step, and a validation. It owns all buffers, so that a step allocates
/// nothing. Not thread-safe.
/// </summary>
type IWorkload<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    /// <summary>The tensors of the parameters.</summary>
    abstract Layout: Layout

    /// <summary>The parameters. The training loop writes them.</summary>
    abstract Parameters: Span<'T>

    /// <summary>The gradient of the last <c>Train</c>.</summary>
    abstract Gradient: ReadOnlySpan<'T>

    /// <summary>The number of steps per epoch, at least 1.</summary>
    abstract StepsAnEpoch: int

    /// <summary>
    /// Returns the mean training loss of one step at the current parameters, and leaves its gradient in <c>Gradient</c>. The result depends
    /// only on the parameters and the step. The order and number of calls must not matter.
    /// </summary>
    /// <param name="step">The number of steps taken before, from 0. It determines the examples and the dropout masks.</param>
    abstract Train: step: int64 -> float

    /// <summary>
    /// Returns the quality at the current parameters on the validation examples, and on the training examples; ValueNone if cancelled.
    /// Workloads that do not score the training examples return <c>Quality.Unknown</c> for them. The parameters do not change, but the
    /// gradient can.
    /// </summary>
    abstract Validate: cancellation: CancellationToken -> struct (Quality * Quality) voption
