namespace CuteDl.Core.Optimizers

open System.Numerics
open CuteDl.Core.Numerics

/// A segment of a tensor whose blocks several threads share, with the arguments of the step.
[<AbstractClass>]
type internal SharedStep<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(frame: StepFrame<'T>) =
    inherit SharedWork()

    member _.Frame: StepFrame<'T> = frame
    member val State: State<'T> voption = ValueNone with get, set
    member val IsFlat: bool = true with get, set
    member val Gradient: Pinned<'T> = Pinned<'T>() with get, set
    member val Parameters: Pinned<'T> = Pinned<'T>() with get, set
    member val Target: Pinned<'T> = Pinned<'T>() with get, set
    member val Subtracts: bool = false with get, set
    member val UsesVectors: bool = true with get, set
    member val Segment: Segment voption = ValueNone with get, set
    member val Count: int = 0 with get, set
    member val Tensor: int = 0 with get, set
    member val Step: int = 0 with get, set
    member val IsLast: bool = false with get, set
    member val IsOpen: bool = false with get, set
