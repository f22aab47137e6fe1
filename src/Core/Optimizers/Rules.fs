namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers.Laws

/// <summary>The gradient, times a rate: Δ = α g.</summary>
type Fixed =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
    }

    interface IRule with
        member _.Slots = []

        member h.Sweep(_, pass) = pass.Run { FixedLaw.Rate = pass.Lift h.LearningRate }

/// <summary>A velocity that keeps γ of itself, with the rate inside: v ← γ v + α g, Δ = v.</summary>
type Momentum =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ in (0, 1). Default 0.9.</summary>
        Decay: float
    }

    interface IRule with
        member _.Slots = [ "velocity" ]

        member h.Sweep(_, pass) =
            pass.Run { MomentumLaw.Rate = pass.Lift h.LearningRate; Decay = pass.Lift h.Decay }

/// <summary>A rate for each element, divided by the root of the sum of its squared gradients, ε outside the root.</summary>
type Adagrad =
    {
        /// <summary>α, at least 0. Default 0.1.</summary>
        LearningRate: float
        /// <summary>ε, at least 0. Default 1e-6.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "square_sum" ]

        member h.Sweep(_, pass) =
            pass.Run { AdagradLaw.Rate = pass.Lift h.LearningRate; Epsilon = pass.Lift h.Epsilon }

/// <summary>A rate for each element, divided by the root of the decaying mean of its squared gradients, ε outside the root.</summary>
type RmsProp =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ in (0, 1). Default 0.99.</summary>
        Decay: float
        /// <summary>ε, at least 0. Default 1e-6.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "square_average" ]

        member h.Sweep(_, pass) =
            pass.Run
                { RmsPropLaw.Rate = pass.Lift h.LearningRate
                  Decay = pass.Decay h.Decay
                  Epsilon = pass.Lift h.Epsilon }

/// <summary>No rate at all: the decaying means of squared deltas and squared gradients set the scale, ε outside both roots.</summary>
type Adadelta =
    {
        /// <summary>γ in (0, 1). Default 0.99.</summary>
        Decay: float
        /// <summary>ε, at least 0. Default 1e-6; with 0 the rule never leaves its initial state.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "square_average"; "delta_square_average" ]

        member h.Sweep(_, pass) =
            pass.Run { AdadeltaLaw.Decay = pass.Decay h.Decay; Epsilon = pass.Lift h.Epsilon }

/// <summary>Momentum in mean form over RMSProp, both corrected for their start at zero; ε outside the corrected root.</summary>
type Adam =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ₁ in (0, 1), of the mean of gradients. Default 0.9.</summary>
        Beta1: float
        /// <summary>γ₂ in (0, 1), of the mean of squared gradients. Default 0.99.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]

        member h.Sweep(step, pass) =
            let weightSoFar decay = 1.0 - Math.Pow(decay, float step)

            pass.Run
                { AdamLaw.CorrectedRate = pass.Lift(h.LearningRate / weightSoFar h.Beta1)
                  Decay1 = pass.Decay h.Beta1
                  Decay2 = pass.Decay h.Beta2
                  Correction2 = pass.Lift(1.0 / weightSoFar h.Beta2)
                  Epsilon = pass.Lift h.Epsilon }

/// <summary>The table of rules. A new rule is a law, a record, and an entry here; the tests, lists and texts follow from it.</summary>
module Rules =
    open RuleKind

    let fixedRate =
        define
            "fixed"
            "the gradient times a fixed rate"
            "Robbins & Monro 1951"
            { Fixed.LearningRate = 0.01 }
            [ rate (fun (h: Fixed) -> h.LearningRate) (fun v h -> { h with LearningRate = v }) ]

    let momentum =
        define
            "momentum"
            "a velocity, the rate inside it"
            "Polyak 1964, eq. 9"
            { LearningRate = 1e-4; Decay = 0.9 }
            [ rate (fun (h: Momentum) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "decay" "γ, what the velocity keeps" _.Decay (fun v h -> { h with Decay = v }) ]

    let adagrad =
        define
            "adagrad"
            "the rate over the root of all squared gradients"
            "Duchi, Hazan & Singer 2011, eq. 1"
            { LearningRate = 0.1; Epsilon = 1e-6 }
            [ rate (fun (h: Adagrad) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let rmsProp =
        define
            "rmsprop"
            "the rate over the root of recent squared gradients"
            "Tieleman & Hinton 2012, lecture 6.5"
            { LearningRate = 1e-4; Decay = 0.99; Epsilon = 1e-6 }
            [ rate (fun (h: RmsProp) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "decay" "γ, of the mean of squared gradients" _.Decay (fun v h -> { h with Decay = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let adadelta =
        define
            "adadelta"
            "no rate: recent deltas over recent gradients"
            "Zeiler 2012, algorithm 1"
            { Decay = 0.99; Epsilon = 1e-6 }
            [ decay "decay" "γ, of both means of squares" (fun (h: Adadelta) -> h.Decay) (fun v h -> { h with Decay = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let adam =
        define
            "adam"
            "corrected means of gradients and of their squares"
            "Kingma & Ba 2015, algorithm 1"
            { LearningRate = 1e-4; Beta1 = 0.9; Beta2 = 0.99; Epsilon = 1e-8 }
            [ rate (fun (h: Adam) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "beta1" "γ₁, of the mean of gradients" _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "γ₂, of the mean of squared gradients" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    /// <summary>All kinds of rules, in the document's order.</summary>
    let all: RuleKind list =
        [ fixedRate.Kind; momentum.Kind; adagrad.Kind; rmsProp.Kind; adadelta.Kind; adam.Kind ]
