namespace CuteDl.Core.Optimizers

open System

/// <summary>How much less than the best so far a loss must be to be an improvement.</summary>
[<RequireQualifiedAccess>]
type ThresholdMode =
    /// <summary>Less than best − threshold · |best|: a loss may be negative, and 0 is improved on by any loss below it.</summary>
    | Relative
    /// <summary>Less than best − threshold.</summary>
    | Absolute

/// <summary>
/// A value that is multiplied by a factor when the validation loss stops falling: PyTorch's ReduceLROnPlateau. The options; what
/// was observed is in a <c>PlateauState</c>.
/// </summary>
/// <remarks>PyTorch's <c>eps</c>, below which it leaves a reduction out, is not here: it only ever concerns rates near 1e-8.</remarks>
type Plateau =
    {
        /// <summary>The value until the first reduction, at least 0.</summary>
        Value: float
        /// <summary>What a reduction multiplies by, in (0, 1). Default 0.1.</summary>
        Factor: float
        /// <summary>How many validations in a row without improvement are let pass, at least 0. Default 10.</summary>
        Patience: int64
        /// <summary>What an improvement must exceed, at least 0. Default 1e-4.</summary>
        Threshold: float
        /// <summary>How the threshold counts. Default relative.</summary>
        ThresholdMode: ThresholdMode
        /// <summary>How many validations after a reduction are never held against the loss, at least 0. Default 0.</summary>
        Cooldown: int64
        /// <summary>The least value that reductions lead to, at least 0. Default 0.</summary>
        Minimum: float
    }

    /// The text form, as a part of another.
    member internal plateau.Node: Node =
        let mode =
            match plateau.ThresholdMode with
            | ThresholdMode.Relative -> "relative"
            | ThresholdMode.Absolute -> "absolute"

        ScheduleArguments.write
            Schedules.plateau
            [ Term.Number plateau.Value ]
            []
            [ Term.Number plateau.Factor
              Term.Number(float plateau.Patience)
              Term.Number plateau.Threshold
              Term.Call(mode, [])
              Term.Number(float plateau.Cooldown)
              Term.Number plateau.Minimum ]

    /// <summary>The text form, <c>plateau(0.1, factor=0.5, patience=3)</c>; what has its default is left out.</summary>
    override plateau.ToString() = Syntax.print plateau.Node

/// <summary>What a plateau has observed: plain numbers, to be saved with a run.</summary>
type PlateauState =
    {
        /// <summary>The least loss that was an improvement; infinite at first.</summary>
        Best: float
        /// <summary>How many validations in a row were no improvement, those in cooldown left out.</summary>
        Waited: int64
        /// <summary>How many validations of the cooldown are left.</summary>
        CooldownLeft: int64
        /// <summary>How many reductions there were.</summary>
        Reductions: int64
    }

/// <summary>Observing losses, and the values that follow.</summary>
module Plateau =

    /// <summary>Nothing observed yet.</summary>
    let initial: PlateauState = { Best = infinity; Waited = 0L; CooldownLeft = 0L; Reductions = 0L }

    let private isImprovement (plateau: Plateau) (best: float) (loss: float) =
        if Double.IsPositiveInfinity best then
            loss < best
        else
            match plateau.ThresholdMode with
            // Below 0 the share is of the magnitude: a negative best loss must be exceeded, not merely met.
            | ThresholdMode.Relative when best < 0.0 -> loss < best * (1.0 + plateau.Threshold)
            | ThresholdMode.Relative -> loss < best * (1.0 - plateau.Threshold)
            | ThresholdMode.Absolute -> loss < best - plateau.Threshold

    /// <summary>The state after one more validation.</summary>
    /// <param name="plateau">The options.</param>
    /// <param name="state">The state before it.</param>
    /// <param name="loss">The validation loss; NaN is no improvement.</param>
    let observe (plateau: Plateau) (state: PlateauState) (loss: float) : PlateauState =
        let improved = isImprovement plateau state.Best loss
        let waited = if improved || state.CooldownLeft > 0L then 0L else state.Waited + 1L
        let isReduced = waited > plateau.Patience

        { Best = if improved then loss else state.Best
          Waited = if isReduced then 0L else waited
          CooldownLeft = if isReduced then plateau.Cooldown else max 0L (state.CooldownLeft - 1L)
          Reductions = if isReduced then state.Reductions + 1L else state.Reductions }

    /// The value after so many reductions.
    let internal valueAfter (plateau: Plateau) (reductions: float) : float =
        max (min plateau.Value plateau.Minimum) (plateau.Value * Math.Pow(plateau.Factor, reductions))

    /// <summary>The value after what was observed: value · factor^reductions, but not below the minimum, and never a rise.</summary>
    let value (plateau: Plateau) (state: PlateauState) : float = valueAfter plateau (float state.Reductions)

    /// <summary>The options that a part of a text form says: <c>plateau(0.1, factor=0.5, patience=3)</c>.</summary>
    /// <param name="text">The whole text, for messages.</param>
    /// <param name="node">The part.</param>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// The part is not called plateau, or an argument is unknown, missing or out of its range.
    /// </exception>
    let ofNode (text: string) (node: Node) : Plateau =
        let kind = Schedules.plateau

        match node.Term with
        | Term.Call(name, entries) when kind.IsNamed name ->
            let given = ScheduleArguments.read text kind node.At entries

            { Value = given.Number "value"
              Factor = given.Number "factor"
              Patience = given.Whole "patience"
              Threshold = given.Number "threshold"
              ThresholdMode = if given.Word "threshold_mode" = "absolute" then ThresholdMode.Absolute else ThresholdMode.Relative
              Cooldown = given.Whole "cooldown"
              Minimum = given.Number "minimum" }
        | _ -> raise (ExpressionException(text, node.At, $"{Syntax.describe node} is not {kind.Usage}."))

    /// <summary>The options that a text form says: <c>parse (string plateau) = plateau</c>.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The text is no plateau, and where.</exception>
    let parse (text: string) : Plateau = ofNode text (Syntax.parse text)

    /// <summary>The same options, if all are in their ranges.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">One is not; the message names it, its value and its range.</exception>
    let validated (plateau: Plateau) : Plateau =
        try
            ofNode (string plateau) plateau.Node
        with :? ExpressionException as error ->
            raise (ArgumentOutOfRangeException(nameof plateau, string plateau, error.Problem))
