namespace CuteDl.Core.Optimizers

open System
open System.ComponentModel

/// <summary>
/// Steps that also return telemetry: norms, and counts of clipped and non-finite elements, for each tensor. State, parameters and Δ have the
/// same bits as without telemetry.
/// </summary>
/// <remarks>
/// Gradient, Δ and parameters are measured while the step has them in the cache, so there is no further pass over memory. The only exception is a
/// tensor that skips the step: its parameters are read once.
/// </remarks>
module Telemetry =

    /// <summary>As <c>Optimizer.stepAt</c>. Returns the next state, Δ and the telemetry of the step.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; it does not change.</param>
    /// <param name="parameters">The parameters w, as long as the state; they do not change.</param>
    /// <param name="gradient">The gradient, as long as the state; it does not change.</param>
    /// <exception cref="T:System.ArgumentException">As for <c>Optimizer.stepAt</c>.</exception>
    let stepAt
        (optimizer: Optimizer)
        (state: State<'T>)
        (parameters: 'T array)
        (gradient: 'T array)
        : State<'T> * 'T array * StepTelemetry =
        Optimizer.checkLength state parameters.Length (nameof parameters)
        Optimizer.checkLength state gradient.Length (nameof gradient)
        let next, delta = Optimizer.pureStart optimizer state
        let telemetry = Engine.measure next (ReadOnlySpan gradient) (ReadOnlySpan parameters) (Span delta) false
        next, delta, telemetry

    /// <summary>Not for direct use: <c>stepInPlace</c> calls it.</summary>
    [<EditorBrowsable(EditorBrowsableState.Never)>]
    let stepInPlaceOfSpan (optimizer: Optimizer) (state: State<'T>) (parameters: Span<'T>) (gradient: ReadOnlySpan<'T>) : StepTelemetry =
        Optimizer.checkLength state gradient.Length (nameof gradient)
        Optimizer.checkLength state parameters.Length (nameof parameters)
        Optimizer.adopt optimizer state
        Engine.measure state gradient (Span<'T>.op_Implicit parameters) parameters true

    /// <summary>As <c>Optimizer.stepInPlace</c>. Returns the telemetry of the step.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; after it, the state after the step.</param>
    /// <param name="parameters">The parameters, as long as the state; must not overlap the gradient.</param>
    /// <param name="gradient">The gradient, as long as the state; it does not change.</param>
    /// <exception cref="T:System.ArgumentException">As for <c>Optimizer.stepInPlace</c>.</exception>
    let inline stepInPlace (optimizer: Optimizer) (state: State<'T>) (parameters: Span<'T>) (gradient: ReadOnlySpan<'T>) : StepTelemetry =
        let telemetry = stepInPlaceOfSpan optimizer state parameters gradient
        GC.KeepAlive state
        telemetry

    /// <summary>As <c>Optimizer.stepTensorsInPlace</c>. Returns the telemetry of the step.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; after it, the state after the step.</param>
    /// <param name="tensors">Tensors of the layout of the state, in any order.</param>
    /// <exception cref="T:System.ArgumentException">As for <c>Optimizer.stepTensorsInPlace</c>.</exception>
    let stepTensorsInPlace (optimizer: Optimizer) (state: State<'T>) (tensors: StepTensor<'T> seq) : StepTelemetry =
        Engine.measureTensors state (Optimizer.frameOf optimizer state tensors) true
