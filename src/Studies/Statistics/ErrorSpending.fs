namespace CuteDl.Studies.Statistics

open MathNet.Numerics.Distributions

/// <summary>The function that spends the error rate over interim looks (Lan and DeMets 1983).</summary>
type Spending =
    /// <summary>α*(t) = 2 − 2 Φ(z₁₋α⸝₂ / √t): little early, nearly all at the end, as in O'Brien and Fleming (1979).</summary>
    | OBrienFleming = 0
    /// <summary>α*(t) = α log(1 + (e − 1) t): nearly even, as in Pocock (1977).</summary>
    | Pocock = 1

/// <summary>Group-sequential testing: several interim looks, declared in advance, without inflating the error rate.</summary>
/// <remarks>
/// At look k, the information is t_k = n_k / n_K: the seeds so far, divided by the maximum. A hypothesis is rejected if its p-value is at
/// most α*(t_k) − α*(t_k₋₁). These increments add up to α*(1) = α. The chance that any look decides wrongly is at most the sum of the
/// looks' chances, so at most α. This union bound needs no assumption on the joint distribution of the looks. No table gives that
/// distribution for exact tests of few seeds. The bound is conservative, because looks share their data. The boundaries of Lan and DeMets
/// use the normal joint distribution and are a little wider. A skipped look, or an early stop for any reason, only makes the sum smaller.
/// </remarks>
module ErrorSpending =
    /// <summary>Returns the error rate spent up to the share t of the information.</summary>
    /// <param name="spending">The spending function.</param>
    /// <param name="alpha">α, in (0, 1).</param>
    /// <param name="t">The share of the information, in [0, 1]. Values above 1 count as 1.</param>
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

    /// <summary>Returns the significance level of each look. The levels add up to alpha.</summary>
    /// <param name="spending">The spending function.</param>
    /// <param name="alpha">α, in (0, 1).</param>
    /// <param name="seeds">The number of seeds at each look, ascending; at least 1 look.</param>
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
