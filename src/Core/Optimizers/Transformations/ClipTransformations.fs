namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Clip gradients or steps.

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
    {
        /// <summary>The limit, above 0.</summary>
        Limit: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { ClipValueUpdate.Lower = loop.Lift -h.Limit; Upper = loop.Lift h.Limit }

module internal Clip =
    /// Returns the factor that reduces a norm to the limit; 1 if the norm is within the limit or NaN.
    let factor (limit: float) (length: float) = if length > limit then limit / length else 1.0

/// <summary>Scales the gradient of each tensor so that its norm is at most the limit.</summary>
type ClipNorm =
    {
        /// <summary>The upper limit of the norm, above 0.</summary>
        Limit: float
    }

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, slice) = slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient

        member h.Decide(_, decision) =
            for k in 0 .. decision.Tensors - 1 do
                decision.Decide(k, 0, Clip.factor h.Limit (sqrt (decision.Sum(k, 0))))

            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.Lift(loop.Coefficient 0) }

/// <summary>Scales the gradients of all tensors by one factor, so that their common norm is at most the limit.</summary>
type ClipGlobalNorm =
    {
        /// <summary>The upper limit of the norm, above 0.</summary>
        Limit: float
    }

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = [ "norm" ]
        member _.Coefficients = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, slice) = slice.Sums[0] <- slice.Sums[0] + Reductions.squares slice.Gradient

        member h.Decide(_, decision) =
            let length = sqrt (decision.Total 0)
            // Stores the norm before clipping in the state, for monitoring.
            decision[0] <- length
            decision.DecideAll(0, Clip.factor h.Limit length)
            true

        member _.Update(_, loop) = loop.Run { ScaleUpdate.Factor = loop.Lift(loop.Coefficient 0) }

module internal Units =
    /// Returns the number of units of a tensor: the columns of a matrix, otherwise one.
    let count (parameter: Parameter) =
        match parameter.Shape with
        | []
        | [ _ ] -> 1
        | shape -> List.last shape

/// <summary>Limits the ratio of gradient norm to weight norm for each unit.</summary>
type ClipAdaptive =
    {
        /// <summary>The upper limit of ‖g‖ / ‖w‖ for a unit, above 0. Default 0.01.</summary>
        Ratio: float
        /// <summary>The lower bound of ‖w‖ for a unit, above 0. Default 0.001.</summary>
        Epsilon: float
    }

    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = true

        member h.Transform(_, slice: WholeTensor<'T>) =
            let gradient = slice.Gradient
            let parameters = slice.Parameters
            let units = Units.count slice.Parameter

            for unit in 0 .. units - 1 do
                let mutable squares = 0.0
                let mutable weights = 0.0
                let mutable i = unit

                while i < gradient.Length do
                    let g = Double.CreateTruncating gradient[i]
                    let w = Double.CreateTruncating parameters[i]
                    squares <- squares + g * g
                    weights <- weights + w * w
                    i <- i + units

                let factor = 'T.CreateTruncating(Clip.factor (h.Ratio * max h.Epsilon (sqrt weights)) (sqrt squares))
                i <- unit

                while i < gradient.Length do
                    gradient[i] <- gradient[i] * factor
                    i <- i + units

module internal ClipTransformations =
    open RuleKind

    let private limit get set = number "limit" "the limit" ArgumentRange.positive get set

    let clipValue =
        transformation
            "clip_value"
            "limits every element to ±limit"
            "Δ = min(max(g, −c), c)"
            ""
            [ "P5", "it clips each element separately"; "P9", "the limit has the unit of the gradient" ]
            { ClipValue.Limit = 1.0 }
            [ limit (fun (h: ClipValue) -> h.Limit) (fun v h -> { h with Limit = v }) ]

    let clipNorm =
        transformation
            "clip_norm"
            "limits the gradient norm of each tensor"
            "Δ = g min(1, c/‖g‖)"
            "Pascanu, Mikolov & Bengio 2013, algorithm 1"
            [ "P23", "norms are of whole tensors"; "P9", "the limit has the unit of the gradient" ]
            { ClipNorm.Limit = 1.0 }
            [ limit (fun (h: ClipNorm) -> h.Limit) (fun v h -> { h with Limit = v }) ]

    let clipGlobalNorm =
        transformation
            "clip_global_norm"
            "limits the gradient norm of all tensors together"
            "Δ = g min(1, c/‖g‖), ‖g‖ over all tensors"
            "Pascanu, Mikolov & Bengio 2013, algorithm 1"
            [ "P23", "the norm is of all tensors together"; "P9", "the limit has the unit of the gradient" ]
            { ClipGlobalNorm.Limit = 1.0 }
            [ limit (fun (h: ClipGlobalNorm) -> h.Limit) (fun v h -> { h with Limit = v }) ]

    let clipAdaptive =
        transformation
            "clip_adaptive"
            "limits the gradient norm of each unit to a share of the norm of its weights"
            "Δ = g min(1, ratio max(‖w‖, ε)/‖g‖) for each column of a matrix; a vector is one unit"
            "Brock et al. 2021, eq. 3"
            [ "P23", "norms are of units"; "P9", "its limit depends on the scale of the weights" ]
            { ClipAdaptive.Ratio = 0.01; Epsilon = 1e-3 }
            [ number "ratio" "the upper limit of ‖g‖ / ‖w‖ for a unit" ArgumentRange.positive (fun (h: ClipAdaptive) -> h.Ratio) (fun v h ->
                  { h with Ratio = v })
              detail "eps" "ε, the lower bound of ‖w‖: a smaller norm counts as ε" ArgumentRange.positive _.Epsilon (fun v h ->
                  { h with Epsilon = v }) ]
