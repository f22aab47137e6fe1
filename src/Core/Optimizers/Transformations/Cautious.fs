namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Δ where its sign is that of the gradient, which takes the place of the parameter; otherwise 0.
[<Struct; NoEquality; NoComparison>]
type internal CautiousUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Factor: 'E
      Zero: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(delta, g, _) =
            'E.Choose(Element.sign delta * g, update.Zero, update.Zero, update.Factor * delta)

/// <summary>
/// Keeps the elements of a step that have the sign of the rule's gradient, and scales them up. For use after a rule. Weight decay of the
/// rule is masked too, so write <c>adam | cautious | decoupled(...)</c>.
/// </summary>
type Cautious =
    { [<Number("floor", 1e-3, "the smallest share of kept elements by which Δ is divided", Above = 0.0, AtMost = 1.0, Technical = true)>]
      Floor: float
      [<Flag("plus_one", false, "divides by (kept + 1)/n instead, as the authors' Lion does")>]
      PlusOne: bool }

    interface IGradientReader

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 2
        member _.Waits = true
        member _.Prepare(_, _) = true

        member _.Reduce(_, slice) =
            slice.Sums[0] <- slice.Sums[0] + Reductions.equalSigns slice.Gradient slice.Parameters
            slice.Sums[1] <- slice.Sums[1] + float slice.Gradient.Length

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                let kept, count = decision.Sum(k, 0), max 1.0 (decision.Sum(k, 1))
                let share = if h.PlusOne then (kept + 1.0) / count else max h.Floor (kept / count)
                decision.Decide(k, 0, 1.0 / share)

            true

        member _.Update(_, loop) =
            loop.Run { CautiousUpdate.Factor = loop.Lift(loop.Coefficient 0); Zero = loop.Lift 0.0 }

    interface IDescribed<Cautious> with
        static member Description =
            { Name = "cautious"
              Summary = "keeps the elements of the step that agree in sign with the rule's gradient"
              Formula = "Δ ← Δ [Δ g > 0] / max(share kept, floor), share of each tensor, g of the rule before it"
              Source = "Liang et al. 2024, algorithm 1"
              Traits = [ Trait.KeepsFactor ]
              Exempt = [ "P23", "the share is of whole tensors"; "P5", "it keeps or drops each element separately" ]
              Role = Role.Transformation ChainPlace.AfterRule }
