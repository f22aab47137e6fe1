namespace CuteDl.Core.Optimizers

open System

/// <summary>The meaning of a plateau's threshold: a loss is an improvement if it is below a limit.</summary>
[<RequireQualifiedAccess>]
type ThresholdMode =
    /// <summary>The limit is best − threshold · |best|. Losses can be negative; with a best loss of 0, any loss below 0 is an improvement.</summary>
    | Relative
    /// <summary>The limit is best − threshold.</summary>
    | Absolute

/// <summary>
/// The options of a value that is multiplied by a factor when the validation loss stops falling (PyTorch's ReduceLROnPlateau). A
/// <c>PlateauState</c> holds the observed losses.
/// </summary>
/// <remarks>There is no <c>eps</c> as in PyTorch, which skips smaller reductions: it matters only for learning rates near 1e-8.</remarks>
type Plateau =
    {
        /// <summary>The value until the first reduction, at least 0.</summary>
        Value: float
        /// <summary>The factor of a reduction, in (0, 1). Default 0.1.</summary>
        Factor: float
        /// <summary>The number of validations in a row without improvement that are tolerated, at least 0. Default 10.</summary>
        Patience: int64
        /// <summary>The threshold of an improvement, at least 0. Default 1e-4.</summary>
        Threshold: float
        /// <summary>The meaning of the threshold. Default relative.</summary>
        ThresholdMode: ThresholdMode
        /// <summary>The number of validations after a reduction that do not count as without improvement, at least 0. Default 0.</summary>
        Cooldown: int64
        /// <summary>The lower limit of reductions, at least 0. Default 0.</summary>
        Minimum: float
    }

    /// The text form as a syntax node.
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

    /// <summary>Returns the text form, <c>plateau(0.1, factor=0.5, patience=3)</c>, without arguments that have their defaults.</summary>
    override plateau.ToString() = Syntax.print plateau.Node

/// <summary>The observations of a plateau. They are numbers, so that a checkpoint can store them.</summary>
type PlateauState =
    {
        /// <summary>The best loss; infinite at first.</summary>
        Best: float
        /// <summary>The number of validations in a row without improvement, not counting those in the cooldown.</summary>
        Waited: int64
        /// <summary>The number of remaining validations of the cooldown.</summary>
        CooldownLeft: int64
        /// <summary>The number of reductions.</summary>
        Reductions: int64
    }

/// <summary>Observes losses and computes values.</summary>
module Plateau =

    /// <summary>The state before the first validation.</summary>
    let initial: PlateauState = { Best = infinity; Waited = 0L; CooldownLeft = 0L; Reductions = 0L }

    let private isImprovement (plateau: Plateau) (best: float) (loss: float) =
        if Double.IsPositiveInfinity best then
            loss < best
        else
            match plateau.ThresholdMode with
            // The threshold is relative to |best|, so a negative best loss must be undercut, not just equalled.
            | ThresholdMode.Relative when best < 0.0 -> loss < best * (1.0 + plateau.Threshold)
            | ThresholdMode.Relative -> loss < best * (1.0 - plateau.Threshold)
            | ThresholdMode.Absolute -> loss < best - plateau.Threshold

    /// <summary>Returns the state after one more validation.</summary>
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

    /// Returns the value after a number of reductions.
    let internal valueAfter (plateau: Plateau) (reductions: float) : float =
        max (min plateau.Value plateau.Minimum) (plateau.Value * Math.Pow(plateau.Factor, reductions))

    /// <summary>
    /// Returns the current value: value · factor^reductions, but at least the minimum. It is never above the initial value.
    /// </summary>
    let value (plateau: Plateau) (state: PlateauState) : float = valueAfter plateau (float state.Reductions)

    /// <summary>Reads the options from a part of a text form: <c>plateau(0.1, factor=0.5, patience=3)</c>.</summary>
    /// <param name="text">The whole text, for messages.</param>
    /// <param name="node">The part.</param>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// The part is not a plateau, or an argument is unknown, missing or out of range.
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
        | _ -> raise (ExpressionException(text, node.At, $"{Syntax.describe node} is not a plateau. Write {kind.Usage}."))

    /// <summary>Parses a plateau: <c>parse (string plateau) = plateau</c>.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">The text is not a valid plateau.</exception>
    let parse (text: string) : Plateau = ofNode text (Syntax.parse text)

    /// <summary>Checks the ranges of all options, and returns them.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">An option is out of range.</exception>
    let validated (plateau: Plateau) : Plateau =
        try
            ofNode (string plateau) plateau.Node
        with :? ExpressionException as error ->
            raise (
                ArgumentOutOfRangeException(
                    Option.defaultValue (nameof plateau) (Option.ofObj error.ArgumentName),
                    string plateau,
                    error.Problem
                )
            )
