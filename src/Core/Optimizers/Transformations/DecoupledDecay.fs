namespace CuteDl.Core.Optimizers

open System

/// <summary>Adds λ w to the step: weight decay that is not multiplied by the learning rate, unless <c>rate_power</c> says so.</summary>
/// <remarks>
/// With α of the rule before it and its peak α̂: rate_power=1 is AdamW's α λ; rate_power=1, peak_rate=α̂ is independent decay, λ α/α̂;
/// rate_power=2, peak_rate=α̂ is corrected decay, λ α²/α̂.
/// </remarks>
type DecoupledDecay =
    { [<Number("factor", 0.0, "λ", AtLeast = 0.0, DecaysWeights = true)>]
      Factor: float
      [<Number("rate_power", 0.0, "p, the power of the rule's learning rate by which λ is multiplied", AtLeast = 0.0, Technical = true)>]
      RatePower: float
      [<Number("peak_rate", 1.0, "α̂, by which λ αᵖ is divided: the largest learning rate", Above = 0.0, Technical = true)>]
      PeakRate: float }

    interface IRateReader with
        member h.ReadsRate = h.RatePower <> 0.0

    interface IPreparingRule with
        member _.Slots = []
        member _.NeedsParameters = true
        member _.Scalars _ = []
        member _.Coefficients = 1

        member h.Prepare(_, decision) =
            decision.DecideAll(0, h.Factor * Math.Pow(decision.Rate, h.RatePower) / h.PeakRate)
            true

        member _.Update(_, loop) = loop.Run { DecayUpdate.Factor = loop.Lift(loop.Coefficient 0); OfSign = false }

    interface IDescribed<DecoupledDecay> with
        static member Description =
            { Name = "decoupled"
              Summary = "decoupled weight decay: adds λ w to the step, or λ αᵖ/α̂ w with the learning rate α of the rule"
              Formula = "Δ ← Δ + λ αᵖ/α̂ w, α of the rule before it; p = 0 and α̂ = 1 unless given"
              Source = "Loshchilov & Hutter 2019; Defazio 2025 for p = 2"
              Traits = []
              Exempt = [ Exemption.uphillDecay; Exemption.scaleOfWeights ]
              Role = Role.Transformation ChainPlace.AfterRule }
