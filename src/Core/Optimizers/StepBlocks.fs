namespace CuteDl.Core.Optimizers

open System.Numerics
open CuteDl.Core.Numerics

/// The blocks of a segment that several threads share.
[<Sealed>]
type internal StepBlocks<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(frame: StepFrame<'T>) =
    inherit SharedStep<'T>(frame)

    override shared.Run(part, parts) =
        let work = StepWork<'T>(shared, part)

        let struct (first, past) =
            SharedWork.Range(work.Plan.Tensors[shared.Tensor].Length, StepBlock.Border, part, parts)

        work.Blocks(shared.Segment.Value, shared.Count, shared.Tensor, first, past, shared.Step, shared.IsLast, shared.IsOpen)
