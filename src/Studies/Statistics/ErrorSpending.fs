namespace CuteDl.Studies.Statistics

open MathNet.Numerics.Distributions

/// <summary>How the chance of a wrong yes is spent over looks (Lan and DeMets 1983).</summary>
type Spending =
    /// <summary>α*(t) = 2 − 2 Φ(z₁₋α⸝₂ / √t): little early, nearly all at the end, as O'Brien and Fleming (1979).</summary>
    | OBrienFleming = 0
    /// <summary>α*(t) = α log(1 + (e − 1) t): nearly evenly, as Pocock (1977).</summary>
    | Pocock = 1

/// <summary>
/// Looking at results more than once, at looks declared before any, without looking oneself into a winner.
/// </summary>
/// <remarks>
/// At look k, with the information t_k = n_k / n_K (seeds then, and at the cap), a question may be decided if its p-value is at most
/// α*(t_k) − α*(t_k₋₁). These increments add up to α*(1) = α, and the chance that any look decides wrongly is at most the sum of
/// the chances that each does: ≤ α. This union bound holds whatever the joint distribution of the looks, which for exact tests of few
/// seeds no table gives. It is conservative: looks share their data, so that their mistakes coincide, and the boundaries of Lan and DeMets,
/// which use the normal joint distribution, are a little wider. A look that is skipped, or stopping early for any reason, only makes the sum
/// smaller.
/// </remarks>
module ErrorSpending =
    /// <summary>The chance spent until the share t of the information.</summary>
    /// <param name="spending">How.</param>
    /// <param name="alpha">α in (0, 1).</param>
    /// <param name="t">In [0, 1]; more counts as 1.</param>
    let spent (spending: Spending) (alpha: float) (t: float) : float =
        Guard.openUnit "alpha" alpha

        if not (t > 0.0) then
            0.0
        elif t >= 1.0 then
            alpha
        else
            match spending with
            | Spending.Pocock -> alpha * log (1.0 + (exp 1.0 - 1.0) * t)
            | _ -> 2.0 * Normal.CDF(0.0, 1.0, Normal.InvCDF(0.0, 1.0, alpha / 2.0) / sqrt t)

    /// <summary>The level of each look; they add up to alpha.</summary>
    /// <param name="spending">How.</param>
    /// <param name="alpha">α in (0, 1).</param>
    /// <param name="seeds">How many seeds there are at each look, ascending, at least 1 look.</param>
    let levels (spending: Spending) (alpha: float) (seeds: int array) : float array =
        Guard.notEmpty "seeds" seeds

        if seeds[0] < 1 || seeds |> Array.pairwise |> Array.exists (fun (before, after) -> before >= after) then
            let given = System.String.Join(", ", seeds)

            raise (
                System.ArgumentException($"The interim looks are at {given} seeds. Use ascending numbers, the first at least 1.", "seeds")
            )

        let cap = float (Array.last seeds)
        let upTo = seeds |> Array.map (fun n -> spent spending alpha (float n / cap))
        Array.append [| 0.0 |] upTo |> Array.pairwise |> Array.map (fun (before, after) -> after - before)
