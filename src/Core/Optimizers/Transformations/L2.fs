namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Δ = g + λ w, or g + λ sign w.
[<Struct; NoEquality; NoComparison>]
type internal DecayUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Factor: 'E
      OfSign: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, _) = g + update.Factor * (if update.OfSign then Element.sign w else w)

/// <summary>Adds λ w to the gradient.</summary>
type L2 =
    { [<Number("factor", 0.0, "λ", AtLeast = 0.0, DecaysWeights = true)>]
      Factor: float }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member h.Update(_, loop) = loop.Run { DecayUpdate.Factor = loop.Lift h.Factor; OfSign = false }

    interface IDescribed<L2> with
        static member Description =
            { Name = "l2"
              Summary = "L2 regularization: adds λ w to the gradient"
              Formula = "Δ = g + λ w"
              Source = "Krogh & Hertz 1991"
              Traits = []
              Exempt = [ Exemption.uphillDecay; Exemption.scaleOfWeights ]
              Role = Role.Transformation ChainPlace.BeforeRule }
