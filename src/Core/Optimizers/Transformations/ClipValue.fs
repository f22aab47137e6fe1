namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Δ = min(max(g, −c), c).
[<Struct; NoEquality; NoComparison>]
type internal ClipValueUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Lower: 'E
      Upper: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, _) = Element.lesser ('E.Greater(g, update.Lower)) update.Upper

/// <summary>Clips every element to ±limit.</summary>
type ClipValue =
    { [<Number("limit", 1.0, "the limit", Above = 0.0)>]
      Limit: float }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { ClipValueUpdate.Lower = loop.Lift -h.Limit; Upper = loop.Lift h.Limit }

    interface IDescribed<ClipValue> with
        static member Description =
            { Name = "clip_value"
              Summary = "limits every element to ±limit"
              Formula = "Δ = min(max(g, −c), c)"
              Source = ""
              Traits = [ Trait.Clips ]
              Exempt = [ "P5", "it clips each element separately"; Exemption.limitOfGradient ]
              Role = Role.Transformation ChainPlace.BeforeRule }
