/// <summary>
/// Many questions, one chance of any wrong yes: the step-down correction of Holm (1979). Whatever the dependence among the tests, the chance
/// of a false rejection is at most α when those are rejected whose adjusted p is at most α; never weaker than Bonferroni's.
/// </summary>
module CuteDl.Studies.Statistics.Holm

/// <summary>
/// Adjusted p-values, in the order given: with p₍₁₎ ≤ … ≤ p₍ₘ₎, p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎).
/// </summary>
/// <param name="p">In [0, 1].</param>
let adjust (p: float array) : float array =
    Guard.notNaN "p" p
    // The sort is stable, so equal values have equal results whatever their order.
    let order = Array.init p.Length id |> Array.sortBy (fun i -> p[i])
    let adjusted = Array.zeroCreate p.Length
    let mutable largest = 0.0

    for rank in 0 .. order.Length - 1 do
        let i = order[rank]
        largest <- max largest (min 1.0 (float (p.Length - rank) * p[i]))
        adjusted[i] <- largest

    adjusted
