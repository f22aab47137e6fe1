namespace CuteDl.Core.Optimizers

open System
open System.Numerics
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Parts of chains that use only the gradient. Before a rule they change the gradient; after it they change the step.

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

/// <summary>Multiplies by a factor, which may follow a schedule.</summary>
type Scale =
    {
        /// <summary>The factor, at least 0.</summary>
        Factor: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member h.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.Lift h.Factor }

/// <summary>Subtracts the mean from the gradient of each unit of a matrix. Vectors do not change.</summary>
type Centralize() =
    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member _.Transform(_, tensor: WholeTensor<'T>) =
            let gradient = tensor.Gradient

            match tensor.Parameter.Shape with
            | []
            | [ _ ] -> ()
            | shape ->
                let units = List.last shape
                let length = float (gradient.Length / max 1 units)

                for unit in 0 .. units - 1 do
                    let mutable sum = 0.0
                    let mutable i = unit

                    while i < gradient.Length do
                        sum <- sum + Double.CreateTruncating gradient[i]
                        i <- i + units

                    let mean = 'T.CreateTruncating(sum / length)
                    i <- unit

                    while i < gradient.Length do
                        gradient[i] <- gradient[i] - mean
                        i <- i + units

/// <summary>Adds normal noise to the gradient. The noise depends only on the seed, the step and the position of the element.</summary>
type Noise =
    {
        /// <summary>The standard deviation, at least 0.</summary>
        Deviation: float
        /// <summary>The seed of the noise. Default 0.</summary>
        Seed: int64
    }

    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member h.Transform(step, tensor: WholeTensor<'T>) =
            let key =
                RandomStream.subkey
                    (RandomStream.subkey (RandomStream.key (int h.Seed) "noise") (uint64 step))
                    (uint64 tensor.Parameter.Offset)

            let gradient = tensor.Gradient

            // Normal numbers from two uniform ones: Box and Muller 1958.
            for i in 0 .. gradient.Length - 1 do
                let radius = sqrt (-2.0 * log (1.0 - RandomStream.uniformAt key (2UL * uint64 i)))
                let angle = 2.0 * Math.PI * RandomStream.uniformAt key (2UL * uint64 i + 1UL)
                gradient[i] <- gradient[i] + 'T.CreateTruncating(h.Deviation * radius * cos angle)

module internal GradientTransformations =
    open RuleKind

    let identity = transformation "identity" "does nothing" "Δ = g" "" [] (Identity()) []

    let maximize =
        transformation
            "maximize"
            "negates the gradient, so that the optimizer maximizes"
            "Δ = −g"
            ""
            [ "P31", "it goes uphill" ]
            (Maximize())
            []

    let scale =
        transformation
            "scale"
            "multiplies the step by a factor or a schedule"
            "Δ = λ g"
            ""
            []
            { Scale.Factor = 1.0 }
            [ number "factor" "λ" ArgumentRange.nonNegative (fun (h: Scale) -> h.Factor) (fun v h -> { h with Factor = v }) ]

    let centralize =
        transformation
            "centralize"
            "subtracts the mean from the gradient of each unit"
            "Δ = g − the mean of its column; vectors do not change"
            "Yong et al. 2020, eq. 1"
            [ "P23", "means are of units"; "P31", "Δ can be 0" ]
            (Centralize())
            []

    let noise =
        transformation
            "noise"
            "adds normal noise to the gradient"
            "Δ = g + N(0, σ²)"
            "Neelakantan et al. 2015"
            [ "P5", "noise does not depend on the gradient"
              "P10", "noise does not depend on the gradient"
              "P21", "noise is not 0"
              "P22", "each step has different noise"
              "P23", "noise depends on the position of the element"
              "P9", "noise has a scale"
              "P31", "noise can go uphill" ]
            { Noise.Deviation = 0.01; Seed = 0L }
            [ number "deviation" "σ" ArgumentRange.nonNegative (fun (h: Noise) -> h.Deviation) (fun v h -> { h with Deviation = v })
              whole "seed" "the seed of the noise" { ArgumentRange.countsOrNone with Upper = float Int32.MaxValue } true _.Seed (fun v h ->
                  { h with Seed = v }) ]
