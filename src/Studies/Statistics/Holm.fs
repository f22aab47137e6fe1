/// <summary>
/// The step-down correction of Holm (1979) for multiple tests. If every hypothesis with an adjusted p of at most α is rejected, the
/// family-wise error rate is at most α, whatever the dependence among the tests. It always rejects at least as much as Bonferroni's
/// correction.
/// </summary>
module CuteDl.Studies.Statistics.Holm

/// <summary>
/// Returns the adjusted p-values, in the given order. With p₍₁₎ ≤ … ≤ p₍ₘ₎, p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎).
/// </summary>
/// <param name="p">The p-values, in [0, 1].</param>
let adjust (p: float array) : float array =
    Guard.notNaN "p" p
    let order = Array.init p.Length id |> Array.sortBy (fun i -> p[i])
    let adjusted = Array.zeroCreate p.Length
    let mutable largest = 0.0

    for rank in 0 .. order.Length - 1 do
        let i = order[rank]
        largest <- max largest (min 1.0 (float (p.Length - rank) * p[i]))
        adjusted[i] <- largest

    adjusted
