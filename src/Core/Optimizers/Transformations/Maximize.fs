namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Δ = 0 − g.
[<Struct; NoEquality; NoComparison>]
type internal NegateUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Zero: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, _) = update.Zero - g

/// <summary>Negates the gradient, so that the parts after it maximize. Weight decay after it still shrinks the parameters.</summary>
type Maximize() =
    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Update(_, loop) = loop.Run { NegateUpdate.Zero = loop.Lift 0.0 }

    interface IDescribed<Maximize> with
        static member Description =
            { Name = "maximize"
              Summary = "negates the gradient, so that the optimizer maximizes"
              Formula = "Δ = −g"
              Source = ""
              Traits = [ Trait.AllTensors; Trait.KeepsFactor ]
              Exempt = [ "P31", "it goes uphill" ]
              Role = Role.Transformation ChainPlace.First }
