namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Δ = g.
[<Struct; NoEquality; NoComparison>]
type internal IdentityUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member _.Delta(g, _, _) = g

/// <summary>Does nothing: Δ = g.</summary>
type Identity() =
    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Update(_, loop) = loop.Run(IdentityUpdate())

    interface IDescribed<Identity> with
        static member Description =
            { Name = "identity"
              Summary = "does nothing"
              Formula = "Δ = g"
              Source = ""
              Traits = [ Trait.LeavesStep; Trait.KeepsFactor ]
              Exempt = []
              Role = Role.Transformation ChainPlace.Anywhere }
