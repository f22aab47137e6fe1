/// Functions as a user writes them: each ends with a call of the core.
module CuteDl.TailCalls.Tests.UserCode

open System
open CuteDl.Core.Optimizers

let step (optimizer: Optimizer) (state: State<float>) (gradient: float array) = Optimizer.step optimizer state gradient

let stepAt (optimizer: Optimizer) (state: State<float>) (parameters: float array) (gradient: float array) =
    Optimizer.stepAt optimizer state parameters gradient

let stepSpan (optimizer: Optimizer) (state: State<float>) (gradient: float array) =
    Optimizer.stepSpan optimizer state (ReadOnlySpan gradient)

let stepAtSpan (optimizer: Optimizer) (state: State<float>) (parameters: float array) (gradient: float array) =
    Optimizer.stepAtSpan optimizer state (ReadOnlySpan parameters) (ReadOnlySpan gradient)

let stepInPlace (optimizer: Optimizer) (state: State<float>) (parameters: float array) (gradient: float array) =
    Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

let measuredStepInPlace (optimizer: Optimizer) (state: State<float>) (parameters: float array) (gradient: float array) =
    Telemetry.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

let averaged (optimizer: Optimizer) (state: State<float>) (parameters: float array) =
    Optimizer.averaged optimizer state (ReadOnlySpan parameters)

/// Momentum, as a rule of one's own.
type Own =
    { [<Rate(0.1)>]
      LearningRate: float }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run
                { DocumentUpdates.MomentumUpdate.Rate = loop.Lift h.LearningRate
                  DocumentUpdates.MomentumUpdate.Decay = loop.Lift 0.9 }

    interface IDescribed<Own> with
        static member Description = RuleDescription.Own "own"
