namespace CuteDl.Core.Networks

open System
open System.Numerics

/// <summary>Reads classes from outputs.</summary>
module Answer =
    /// <summary>Returns the index of the largest output: the class that a model answers. Of equal outputs, the first wins.</summary>
    /// <param name="outputs">The outputs of an example, at least one.</param>
    let ofOutputs (outputs: ReadOnlySpan<'T>) : int when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let mutable best = 0

        for j in 1 .. outputs.Length - 1 do
            if 'T.op_GreaterThan (outputs[j], outputs[best]) then
                best <- j

        best
