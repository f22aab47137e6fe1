namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AccumulateUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Share: 'E
      Zero: 'E
      GivesOut: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let sum = slots[0] + g
            slots[0] <- if update.GivesOut then update.Zero else sum
            sum * update.Share

/// <summary>Passes on the mean of k gradients at every k-th step. At other steps, the parts after it skip the step and do not count it.</summary>
type Accumulate =
    { [<Whole("k", 1L, "the number of gradients in each mean")>]
      Steps: int64 }

    interface IPreparingRule with
        member _.Slots = [ "sum" ]
        member _.NeedsParameters = false
        // Stored, not derived from the step number, so that the mean is right even if k changes.
        member _.Scalars _ = [ "gathered" ]
        member _.Coefficients = 1

        member h.Prepare(_, decision) =
            let gathered = decision[0] + 1.0
            let givesOut = gathered >= float h.Steps
            decision.DecideAll(0, (if givesOut then 1.0 / gathered else 0.0))
            decision[0] <- if givesOut then 0.0 else gathered
            givesOut

        member h.Update(_, loop) =
            let share = loop.Coefficient 0
            loop.Run { AccumulateUpdate.Share = loop.Lift share; Zero = loop.Lift 0.0; GivesOut = (share > 0.0) }

    interface IGate with
        member _.MayThrow _ = false

    interface IDescribed<Accumulate> with
        static member Description =
            { Name = "accumulate"
              Summary = "one step every k calls, with the mean of their k gradients"
              Formula = "a ← a + g;  at every k-th step Δ = a/k, then a ← 0;  the parts after it skip the other steps"
              Source = ""
              Traits = [ Trait.AllTensors; Trait.KeepsFactor ]
              Exempt = [ Exemption.zeroStep; Exemption.numberOfSteps ]
              Role = Role.Transformation ChainPlace.BeforeRule }
