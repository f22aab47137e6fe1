namespace CuteDl.Studies

open System
open System.Numerics
open CuteDl.Core.Optimizers

/// <summary>The comparison of a gradient with central differences of the loss.</summary>
[<NoComparison>]
type GradientCheck =
    {
        /// <summary>The number of elements that were compared.</summary>
        Checked: int
        /// <summary>The number of elements that differ by more than their tolerance.</summary>
        Wrong: int
        /// <summary>The tensor of the worst element: the one with the largest error relative to its tolerance.</summary>
        Tensor: string
        /// <summary>The index of the worst element in its tensor: one number per dimension.</summary>
        Index: int array
        /// <summary>The worst element of the gradient.</summary>
        Gradient: float
        /// <summary>Its value by central differences.</summary>
        Difference: float
        /// <summary>The tolerance of the worst element: a bound of the error of the central difference.</summary>
        Tolerance: float
    }

    /// <summary>True if every element is within its tolerance.</summary>
    member check.IsCorrect = check.Wrong = 0

    /// <summary>Returns the result and the worst element, in sentences.</summary>
    override check.ToString() =
        let number (value: float) = value.ToString("g6", Globalization.CultureInfo.InvariantCulture)
        let index = String.Join(", ", check.Index)
        let name = if check.Tensor = "" then "parameters" else Quotation.shorten check.Tensor

        let worst = $"{name}[{index}]"

        let values =
            $"{number check.Gradient}, and {number check.Difference} by central differences, with a tolerance of {number check.Tolerance}."

        if check.IsCorrect then
            $"The gradient agrees with central differences in all {check.Checked} elements. The worst is {worst}: {values}"
        else
            $"The gradient is wrong in {check.Wrong} of {check.Checked} elements. The worst is {worst}: {values} Correct the gradient, or check it at a point where the loss is smooth."

    /// <summary>Throws if an element is wrong.</summary>
    /// <exception cref="T:System.InvalidOperationException">An element is wrong. The message names the worst one.</exception>
    member check.ThrowIfWrong() : unit =
        if not check.IsCorrect then
            raise (InvalidOperationException(string check))

/// <summary>Checks gradients by central differences.</summary>
/// <remarks>
/// <para>
/// The difference D(h) = (f(x+h) − f(x−h)) / 2h has two errors. The truncation error is f‴h²/6; it is a third of D(2h) − D(h), up to terms in
/// h⁴. The rounding error is at most ε/h, where ε bounds the error of f. The step ∛u · max(1, |x|) balances both, where u is the unit roundoff
/// of the precision.
/// </para>
/// <para>
/// The tolerance is the sum of both bounds. Where the loss has a kink near the point, the tolerance is large, so a gradient is not refused
/// there without a reason.
/// </para>
/// </remarks>
[<RequireQualifiedAccess>]
module GradientCheck =
    let private unitRoundoff<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : float =
        if typeof<'T> = typeof<float32> then Math.Pow(2.0, -24.0) else Math.Pow(2.0, -53.0)

    let private positions (shape: int list) (index: int) : int array =
        let folder size (rest, found) = rest / size, rest % size :: found
        List.foldBack folder shape (index, []) |> snd |> List.toArray

    /// The error relative to the tolerance. A value that is not a number is the worst.
    let private badness (struct (gradient: float, difference: float, tolerance: float)) : float =
        let error = abs (gradient - difference)

        if error <= tolerance then (if tolerance > 0.0 then error / tolerance else 0.0)
        elif tolerance > 0.0 && Double.IsFinite error then error / tolerance
        else infinity

    let private ofInstance<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (problem: IProblemInstance<'T>)
        (step: int64)
        (point: float array option)
        : struct (float * float * float) array =
        let workload = problem.Workload
        let u = unitRoundoff<'T>
        let rounded (x: float) : float = Double.CreateTruncating('T.CreateTruncating x)

        let point =
            match point with
            | Some point -> Array.map rounded point
            | None -> Array.map Double.CreateTruncating problem.Initial

        let evaluate (at: float array) : float =
            let parameters = workload.Parameters

            for i in 0 .. at.Length - 1 do
                parameters[i] <- 'T.CreateTruncating at[i]

            workload.Train step

        let noise = EvaluationNoise.bound u evaluate point
        evaluate point |> ignore
        let gradient = workload.Gradient.ToArray() |> Array.map Double.CreateTruncating
        let moved = Array.copy point

        /// The central difference, its rounding error, and its step.
        let difference (i: int) (h: float) : struct (float * float) =
            let value (x: float) =
                moved[i] <- x
                evaluate moved

            // Of the rounded parameters: the steps to both sides are exact then.
            let above, below = rounded (point[i] + h), rounded (point[i] - h)
            let high, low = value above, value below
            moved[i] <- point[i]
            let error = max noise (u * max (abs high) (abs low))
            struct ((high - low) / (above - below), 2.0 * error / (above - below))

        let compare (i: int) : struct (float * float * float) =
            let h = Math.Cbrt u * max 1.0 (abs point[i])
            let struct (near, rounding) = difference i h
            let struct (far, _) = difference i (2.0 * h)
            // The rounding errors of both differences are in the estimate of the truncation error, hence 1 + 1/3 + 1/6.
            let tolerance = abs (far - near) / 3.0 + 1.5 * rounding + 8.0 * u * abs gradient[i]
            struct (gradient[i], near, tolerance)

        Array.init point.Length compare

    /// Returns each element of the gradient, its central difference and its tolerance.
    let internal elements
        (problem: IPreparedProblem)
        (precision: TaskPrecision)
        (seed: int)
        (step: int64)
        (point: float array option)
        : struct (float * float * float) array =
        match point with
        | Some point when point.Length <> problem.Layout.Length ->
            raise (
                ArgumentException(
                    $"The point has {point.Length} elements, but the layout has {problem.Layout.Length}. The numbers must be equal.",
                    nameof point
                )
            )
        | _ -> ()

        match precision with
        | TaskPrecision.Single -> ofInstance (problem.Start<float32> seed) step point
        | _ -> ofInstance (problem.Start<float> seed) step point

    /// <summary>Checks the gradient of a problem at its initial parameters, or at a given point.</summary>
    /// <param name="problem">The problem, with its data read.</param>
    /// <param name="precision">
    /// The precision of the parameters. Use <c>Single</c> for a loss that is computed in single precision: the steps are longer then.
    /// </param>
    /// <param name="seed">The seed of the problem.</param>
    /// <param name="step">The step, from 0, whose loss is checked.</param>
    /// <param name="point">The parameters; None for the initial ones.</param>
    /// <exception cref="T:System.ArgumentException">The problem has no parameters, or the point has another number of them.</exception>
    let run (problem: IPreparedProblem) (precision: TaskPrecision) (seed: int) (step: int64) (point: float array option) : GradientCheck =
        let found = elements problem precision seed step point
        let worst = seq { 0 .. found.Length - 1 } |> Seq.maxBy (fun i -> badness found[i])

        let tensor =
            problem.Layout.Parameters
            |> Seq.findBack (fun tensor -> tensor.Offset <= worst && tensor.Length > 0)

        let struct (gradient, difference, tolerance) = found[worst]

        { Checked = found.Length
          Wrong = found |> Array.filter (fun element -> badness element > 1.0) |> Array.length
          Tensor = tensor.Name
          Index = positions tensor.Shape (worst - tensor.Offset)
          Gradient = gradient
          Difference = difference
          Tolerance = tolerance }
