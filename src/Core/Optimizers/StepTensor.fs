namespace CuteDl.Core.Optimizers

open System

/// <summary>A tensor of a step, with its own memory. Its name is that of the layout.</summary>
[<Struct; NoEquality; NoComparison>]
type StepTensor<'T> =
    {
        /// <summary>The name in the layout of the state.</summary>
        Name: string
        /// <summary>The parameters of the tensor, row by row. An in-place step overwrites them.</summary>
        Parameters: Memory<'T>
        /// <summary>
        /// The gradient, as long as the parameters; it must not overlap them. <c>ValueNone</c> if the tensor has no gradient in this step: the
        /// step then changes neither the tensor nor its part of the state.
        /// </summary>
        Gradient: ReadOnlyMemory<'T> voption
    }

    /// <summary>Creates a tensor with a gradient.</summary>
    static member Of(name: string, parameters: 'T array, gradient: 'T array) : StepTensor<'T> =
        { Name = name; Parameters = Memory parameters; Gradient = ValueSome(ReadOnlyMemory gradient) }

/// The memory of one tensor of the layout during a step.
[<Struct; NoEquality; NoComparison>]
type internal TensorMemory<'T> =
    {
        /// False if the tensor was not given in this step.
        IsGiven: bool
        /// False if the tensor takes no step.
        HasGradient: bool
        Gradient: ReadOnlyMemory<'T>
        Parameters: ReadOnlyMemory<'T>
        /// The memory for Δ, or the parameters from which Δ is subtracted.
        Target: Memory<'T>
    }
