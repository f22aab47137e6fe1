namespace CuteDl.Core.Training

open System
open System.Numerics
open System.Threading
open CuteDl.Core.Optimizers

/// <summary>
/// What a training loop trains: parameters, the loss and gradient of each of its steps, and how it is validated. It owns the space for
/// all of them, so that a step allocates nothing. Not for use by several threads at once.
/// </summary>
type IWorkload<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    /// <summary>The tensors that the parameters are made of.</summary>
    abstract Layout: Layout

    /// <summary>The parameters; written by whoever trains.</summary>
    abstract Parameters: Span<'T>

    /// <summary>The gradient of the last <c>Train</c>.</summary>
    abstract Gradient: ReadOnlySpan<'T>

    /// <summary>How many steps go once through the examples, at least 1.</summary>
    abstract StepsAnEpoch: int

    /// <summary>
    /// The mean training loss of one step at the present parameters, its gradient left in <c>Gradient</c>. A function of the parameters
    /// and the step's number alone: in which order the steps are asked for, and how often, must not matter.
    /// </summary>
    /// <param name="step">Steps taken before, from 0: decides which examples are looked at and what drops out.</param>
    abstract Train: step: int64 -> float

    /// <summary>
    /// The validation loss and accuracy (NaN, if nothing can be right or wrong) at the present parameters; nothing, if cancelled on the
    /// way. Leaves the parameters as they are, but not the gradient.
    /// </summary>
    abstract Validate: cancellation: CancellationToken -> struct (float * float) voption
