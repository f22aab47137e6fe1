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
/// A kink of height J at a distance of t·h, such as that of |x|, adds an error of J(1−t)/2 if t is below 1. There,
/// D(2h) − D(h) is Jt/4. The bend S(h) = (f(x+h) − 2f(x) + f(x−h)) / h is J(1−t), and 2S(h) − S(2h) is J(1 − 3t/2). So
/// |D(2h) − D(h)| + |2S(h) − S(2h)|/2 bounds the error of one kink, and the truncation error of a smooth loss. The tolerance is 5/4 of this
/// sum, because a loss can have both errors, plus the rounding errors of all its terms.
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
        let here = evaluate point
        let gradient = workload.Gradient.ToArray() |> Array.map Double.CreateTruncating
        let moved = Array.copy point

        /// The central difference, the bend, and the rounding error of the difference.
        let difference (i: int) (h: float) : struct (float * float * float) =
            let value (x: float) =
                moved[i] <- x
                evaluate moved

            // Of the rounded parameters: the steps to both sides are exact then.
            let above, below = rounded (point[i] + h), rounded (point[i] - h)
            let high, low = value above, value below
            moved[i] <- point[i]
            let error = max noise (u * max (abs high) (abs low))
            let bend = (high - here) / (above - point[i]) - (here - low) / (point[i] - below)
            struct ((high - low) / (above - below), bend, 2.0 * error / (above - below))

        let compare (i: int) : struct (float * float * float) =
            let h = Math.Cbrt u * max 1.0 (abs point[i])
            let struct (near, nearBend, rounding) = difference i h
            let struct (far, farBend, _) = difference i (2.0 * h)
            let tolerance = 1.25 * (abs (far - near) + abs (2.0 * nearBend - farBend) / 2.0)
            // The rounding error of D(h) is 1, of D(2h) 1/2, of S(h) 4 and of S(2h) 2 times this one: 1 + 5/4 · (3/2 + 10/2) < 9.2.
            struct (gradient[i], near, tolerance + 9.2 * rounding + 8.0 * u * abs gradient[i])

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
